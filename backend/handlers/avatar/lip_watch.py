"""Now and then a reply's own bytes are decoded, and how far lips and sound are apart is noted.

In a worker, in short steps, after the bytes are on their way: nobody waits for it.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import structlog

from backend import clock, metrics
from backend.avatar.sync import Offset
from backend.avatar.sync_meter import SyncMeter
from backend.config import AvatarSettings
from backend.engine.base import Engine
from backend.errors import AvatarChatError
from backend.handlers.messages import VideoChunk

EVERY_S = 60.0
SOON_S = 5.0
"""After a sample that told nothing."""
ENOUGH_S = 4.0
"""Of it, our own faces are measured to about 20 ms."""
TRUSTED = 0.6
"""Correlation of seen and expected below which an offset means nothing."""

log = structlog.get_logger()


class Sample:
    """What one reply shows on `avatar`, until it is enough: a stream's parts joined, or one file.

    Files of less than `ENOUGH_S` stay unmeasured: on its own, each says too little.
    """

    def __init__(self, avatar: Path) -> None:
        self.avatar = avatar
        self._parts: list[bytes] = []
        self._ms = 0.0

    def add(self, chunk: VideoChunk) -> None:
        if chunk.container == "mp4":
            self._parts.clear()
            self._ms = 0.0
        self._parts.append(chunk.data)
        self._ms += chunk.duration_ms

    @property
    def is_enough(self) -> bool:
        return self._ms >= ENOUGH_S * 1000

    @property
    def data(self) -> bytes:
        return b"".join(self._parts)


class LipWatch:
    """Of the whole service: whichever session's reply is enough first, once in `EVERY_S`."""

    def __init__(self, engine: Engine, settings: AvatarSettings) -> None:
        self._engine = engine
        self._settings = settings
        self._samples: asyncio.Queue[Sample] = asyncio.Queue(maxsize=1)
        self._due_s = float("-inf")

    def sample(self, avatar: Path) -> Sample | None:
        """For a reply that begins; None while no other is wanted."""
        return Sample(avatar) if self._is_due() else None

    def offer(self, sample: Sample) -> None:
        """That is enough. Another session may have been quicker; then it is forgotten."""
        if self._is_due():
            self._due_s = clock.now() + EVERY_S
            self._samples.put_nowait(sample)

    def _is_due(self) -> bool:
        return clock.now() >= self._due_s and not self._samples.full()

    async def run(self) -> None:
        """Measure what is offered. Runs forever."""
        while True:
            await self.measure_next()

    async def measure_next(self) -> Offset | None:
        """Wait for a sample and note its offset; None where it tells nothing."""
        sample = await self._samples.get()
        try:
            found = await self._measure(sample)
        except AvatarChatError as error:  # its face was deleted, its worker died: another time
            log.info("lips.not_measured", avatar=sample.avatar.name, reason=error.message)
            return None
        if found.correlation < TRUSTED:
            self._due_s = clock.now() + SOON_S
            return None
        metrics.AV_OFFSET_SECONDS.observe(found.offset_s)
        return found

    async def _measure(self, sample: Sample) -> Offset:
        meter = await self._engine.spawn(SyncMeter, sample.avatar, self._settings.model)
        try:
            await meter.call("decode", sample.data)
            while await meter.call("hear"):
                pass
            found: Offset = await meter.call("offset")
            return found
        finally:
            await meter.close()
