"""The recogniser of last resort: PocketSphinx with the English model from its wheel.

Decoding holds the GIL, so it runs in a worker process: one decoder there serves every session,
one utterance at a time.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from importlib.util import find_spec

from backend.engine.base import Actor, Engine
from backend.errors import ProviderUnavailable, WorkerDied
from backend.handlers.asr.gate import is_worth_hearing
from backend.handlers.asr.sphinx_actor import SphinxActor
from backend.handlers.base import BaseHandler
from backend.handlers.messages import SAMPLE_RATE, Pcm, SpeechSegment, Transcript

SLICE_SAMPLES = SAMPLE_RATE // 5


class SharedSphinx:
    """The decoder in its worker; made on first use, and again when its worker has died."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._actor: Actor | None = None
        self._lock = asyncio.Lock()

    async def start(self) -> None:
        async with self._lock:
            await self._get()

    async def recognise(self, pcm: Pcm) -> str:
        """The words; heard again from the beginning where the worker has died."""
        async with self._lock:
            try:
                return await self._hear(pcm)
            except WorkerDied:  # perhaps long ago, and nobody has said anything since
                self._actor = None
            return await self._hear(pcm)

    async def _hear(self, pcm: Pcm) -> str:
        """In small calls, so that other work in the same process goes on."""
        actor = await self._get()
        await actor.call("begin", pcm.tobytes())
        for start in range(0, pcm.size, SLICE_SAMPLES):
            await actor.call("feed", pcm[start : start + SLICE_SAMPLES].tobytes())
        return str(await actor.call("finish"))

    async def _get(self) -> Actor:
        if self._actor is None:
            self._actor = await self._engine.spawn(SphinxActor)
        return self._actor


class PocketsphinxAsr(BaseHandler[SpeechSegment, Transcript]):
    component = "asr"
    provider = "pocketsphinx"

    _sphinx: SharedSphinx

    async def _load(self) -> None:
        if find_spec("pocketsphinx") is None:
            raise ProviderUnavailable(
                "The built-in recogniser is not installed; install the pocketsphinx package.",
                component=self.component,
                provider=self.provider,
            )
        engine = self.context.engine
        self._sphinx = await self.context.weights.get(
            "asr.pocketsphinx", lambda: SharedSphinx(engine)
        )
        await self._sphinx.start()

    async def process(self, item: SpeechSegment) -> AsyncIterator[Transcript]:
        """One English transcript, or none when there is nothing to hear."""
        await self.initialize()
        if not is_worth_hearing(item, self.context.settings.asr):
            return
        text = await self._sphinx.recognise(item.pcm)
        if text:
            yield Transcript(item.stamp, text, "en")
