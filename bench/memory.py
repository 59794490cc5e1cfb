"""What a session takes, in resident memory of the service and its workers together."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import Any

from bench.latency import QUESTION
from bench.service import Running, running_service
from bench.visitor import STREAM, one_question, visiting

SESSIONS = 8
TURNS = 5


def measure() -> dict[str, Any]:
    """MiB after the first reply of all, with full house, and per session that came on top."""
    with running_service() as service:
        return asyncio.run(_measure(service))


async def _measure(service: Running) -> dict[str, Any]:
    await one_question(service.ws_url, QUESTION, STREAM)
    before = sum(service.resident_mb().values())
    async with AsyncExitStack() as stack:
        visitors = [
            await stack.enter_async_context(visiting(service.ws_url, STREAM))
            for _ in range(SESSIONS)
        ]
        for _ in range(TURNS):
            await asyncio.gather(*(visitor.ask(QUESTION) for visitor in visitors))
        full = sum(service.resident_mb().values())
    return {
        "sessions": SESSIONS,
        "turns_each": TURNS,
        "before_mb": round(before),
        "full_mb": round(full),
        "per_session_mb": round((full - before) / SESSIONS, 1),
    }
