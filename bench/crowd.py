"""Several people ask at the same instant, which is the worst that a crowd can do."""

from __future__ import annotations

import asyncio
from typing import Any

from bench.latency import QUESTION, percentile
from bench.service import running_service
from bench.visitor import STREAM, Reply, one_question

CROWDS = (1, 2, 4, 8)


def measure(rounds: int = 5) -> dict[str, Any]:
    """Per size of crowd: first byte of video, and how long any player would have stood still."""
    with running_service() as service:
        asyncio.run(one_question(service.ws_url, QUESTION, STREAM))
        return {
            f"{size}_at_once": asyncio.run(_rounds(service.ws_url, size, rounds)) for size in CROWDS
        }


async def _rounds(url: str, size: int, rounds: int) -> dict[str, float]:
    replies: list[Reply] = []
    for _ in range(rounds):
        crowd = (one_question(url, QUESTION, STREAM) for _ in range(size))
        replies += await asyncio.gather(*crowd)
    first = [reply.first_byte_ms for reply in replies]
    return {
        "first_byte_p50_ms": round(percentile(first, 50), 1),
        "first_byte_max_ms": round(max(first), 1),
        "longest_stall_ms": round(max(reply.stalled_ms for reply in replies), 1),
    }
