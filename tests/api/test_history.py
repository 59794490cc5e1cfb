"""Telling the last hour keeps nobody's conversation waiting."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from backend.api import history, report
from backend.api.chronicle import Chronicle
from backend.config import Settings
from backend.recent import Percentiles


class Measure:
    """Notes how often others have had the event loop when it is asked."""

    def __init__(self, loop: EventLoop) -> None:
        self._loop = loop

    def by_minute(self, minutes: int, now_s: float) -> list[Percentiles]:
        self._loop.seen.append((self._loop.turns, now_s))
        return [Percentiles(0, None, None, None)] * minutes


class EventLoop:
    def __init__(self) -> None:
        self.turns = 0
        self.seen: list[tuple[int, float]] = []

    async def use(self) -> None:
        while True:
            self.turns += 1
            await asyncio.sleep(0)


async def test_others_get_the_event_loop_between_two_series(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loop = EventLoop()
    measured: list[tuple[str, str, Any]] = [(name, "s", Measure(loop)) for name in "abc"]
    monkeypatch.setattr(report, "measured", lambda: iter(measured))
    app = FastAPI()
    app.include_router(history.router)
    app.state.watched = SimpleNamespace(
        service=SimpleNamespace(settings=Settings()),
        vitals=SimpleNamespace(chronicle=Chronicle()),
    )
    others = asyncio.create_task(loop.use())
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
        told = (await http.get("/api/status/history")).json()
    others.cancel()
    assert [one["name"] for one in told["series"]][:2] == ["a.p50", "a.p95"]
    turns, times = zip(*loop.seen, strict=True)
    assert len(set(turns)) == 3 and len(set(times)) == 1, "each at its time, all of one moment"
