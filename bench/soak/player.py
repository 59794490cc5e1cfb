"""A page's player as the service sees it: plays chunk after chunk, at its pace, and says so."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from bench.soak.line import CheckedLine


class Player:
    """Of one line. `run` plays; `stop` is what an interruption does."""

    def __init__(self, line: CheckedLine) -> None:
        self._line = line
        self._waiting: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._playing: dict[str, Any] | None = None
        self._began_s = 0.0
        self._stopped = asyncio.Event()
        self._quiet = asyncio.Event()
        self._quiet.set()

    def push(self, chunk: dict[str, Any]) -> None:
        self._quiet.clear()
        self._waiting.put_nowait(chunk)

    async def run(self) -> None:
        while True:
            chunk = await self._waiting.get()
            self._playing, self._began_s = chunk, time.monotonic()
            self._stopped.clear()
            await self._line.report(chunk, "started")
            try:
                async with asyncio.timeout(chunk["duration_ms"] / 1000):
                    await self._stopped.wait()
            except TimeoutError:
                await self._line.report(chunk, "ended")
            self._playing = None
            if self._waiting.empty():
                self._quiet.set()

    async def stop(self) -> None:
        """Fall silent at once, and say how far it was heard."""
        while not self._waiting.empty():
            self._waiting.get_nowait()
        if self._playing is not None:
            position_ms = (time.monotonic() - self._began_s) * 1000
            await self._line.report(self._playing, "stopped", position_ms=position_ms)
            self._stopped.set()

    async def until_quiet(self) -> None:
        await self._quiet.wait()
