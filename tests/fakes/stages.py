"""A session's five stages in memory. They take as many turns of the event loop as `ticks` says, and
fail, or fail to clean up, when `mood` says so. Nothing here reads a clock."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable
from typing import Any

import numpy as np

from backend.config import Settings
from backend.errors import ProviderError
from backend.handlers.base import Options, closing
from backend.handlers.messages import (
    Pcm,
    Prompt,
    Sentence,
    SpeechSegment,
    SpokenAudio,
    TextDelta,
    Transcript,
    VideoChunk,
)
from backend.handlers.vad.segmenter import (
    SpeechEnded,
    SpeechMaybe,
    SpeechPaused,
    SpeechResumed,
    SpeechStarted,
    Utterance,
    VadEvent,
)
from backend.session.stages import Stages

WELL = "well"
FAILS = "fails"
CRASHES = "crashes"
UNTIDY = "untidy"  # its clean-up fails when it is cancelled
DEAF = "deaf"  # it swallows a cancellation

LOUD: Pcm = np.ones(320, np.int16)
"""The fake detector hears speech in it."""
QUIET: Pcm = np.zeros(320, np.int16)
"""And silence in it."""
LOUD_MS, QUIET_MS = 100.0, 10_000.0


class FakeStage(ABC):
    """What every stage shares."""

    def __init__(self, name: str, ticks: Callable[[], int], mood: Callable[[], str]) -> None:
        self.active = name
        self.options = Options()
        self.asked: list[Any] = []
        self.running = 0
        self.released = False
        self._ticks = ticks
        self._mood = mood

    async def initialize(self) -> None:
        await asyncio.sleep(0)  # loading takes its turn of the loop

    async def reconfigure(self, options: Options) -> None:
        await asyncio.sleep(0)
        self.options = options

    async def release(self) -> None:
        self.released = True

    async def process(self, item: Any) -> AsyncIterator[Any]:
        mood = self._mood()
        self.asked.append(item)
        self.running += 1
        try:
            for output in self.outputs(item):
                await self._work(mood)
                yield output
        finally:
            self.running -= 1

    @abstractmethod
    def outputs(self, item: Any) -> list[Any]:
        """What one input becomes."""

    async def _work(self, mood: str) -> None:
        try:
            for _ in range(self._ticks()):
                await asyncio.sleep(0)
        except asyncio.CancelledError:
            if mood == UNTIDY:
                raise self._error() from None
            if mood != DEAF:
                raise
        if mood == FAILS:
            raise self._error()
        if mood == CRASHES:
            raise RuntimeError("A defect.")

    def _error(self) -> ProviderError:
        return ProviderError("It failed.", component=self.active, provider="fake")


class FakeVad(FakeStage):
    """A loud frame is speech, a tenth of a second of it; a quiet one is ten seconds of silence.

    Speech is surely speech from its first frame on.
    """

    def __init__(self, name: str, ticks: Callable[[], int], mood: Callable[[], str]) -> None:
        super().__init__(name, ticks, mood)
        self.now_ms = 0.0
        self.is_speech = False
        self._heard: list[Pcm] = []

    @property
    def is_open(self) -> bool:
        return bool(self._heard)

    async def process(self, item: Pcm) -> AsyncIterator[VadEvent]:
        async with closing(super().process(item)) as events:
            async for event in events:
                if event is not None:  # nothing new, but work all the same
                    yield event

    def outputs(self, item: Pcm) -> list[VadEvent | None]:
        was_speech, self.is_speech = self.is_speech, bool(item.any())
        self.now_ms += LOUD_MS if self.is_speech else QUIET_MS
        if not self.is_speech:
            return [SpeechPaused(self.now_ms - QUIET_MS)] if was_speech else [None]
        self._heard.append(item)
        if len(self._heard) == 1:
            return [SpeechMaybe(self.now_ms), SpeechStarted(self.now_ms)]
        return [None] if was_speech else [SpeechResumed(self.now_ms)]

    def utterance(self) -> Utterance | None:
        return Utterance(np.concatenate(self._heard), 1.0) if self._heard else None

    def forget(self, samples: int) -> None:
        count = min(samples // LOUD.size, len(self._heard) - 1)
        del self._heard[:count]

    def end(self, reason: str = "silence") -> SpeechEnded | None:
        said = self.utterance()
        self._heard, self.is_speech = [], False
        return SpeechEnded(self.now_ms, said.pcm, 1.0, reason) if said else None

    def flush(self) -> SpeechEnded | None:
        return self.end("flushed")


class FakeAsr(FakeStage):
    """The words are how many samples it was given."""

    def outputs(self, item: SpeechSegment) -> list[Transcript]:
        return [Transcript(item.stamp, f"{item.pcm.size} samples", "en")]


class FakeLlm(FakeStage):
    def outputs(self, item: Prompt) -> list[TextDelta]:
        words = ["This is ", "one. ", "And here ", "is two. ", "Three at ", "last."]
        return [TextDelta(item.stamp, word) for word in words]


class FakeTts(FakeStage):
    def outputs(self, item: Sentence) -> list[SpokenAudio]:
        return [
            SpokenAudio(item.stamp, item, LOUD, is_last=False),
            SpokenAudio(item.stamp, item, LOUD, is_last=True),
        ]


class FakeAvatar(FakeStage):
    """Its pictures are the number of the reply that they belong to."""

    fps, loop_frames, seconds = 25, 125, 0

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.begun: list[tuple[int, str]] = []
        self.expected: list[bool] = []

    def begin_at(self, frame: int, shown: str) -> None:
        self.begun.append((frame, shown))

    def expect(self, goes_on: bool) -> None:
        self.expected.append(goes_on)

    def outputs(self, item: SpokenAudio) -> list[VideoChunk]:
        chunk = VideoChunk(
            stamp=item.stamp,
            sentence=item.sentence,
            part=0,
            is_last=True,
            first_frame=0,
            data=str(item.stamp.generation_id).encode(),
            container="mp4",
            mime="video/mp4",
            width=2,
            height=2,
            fps=25,
            frames=self.seconds * self.fps,
        )
        return [chunk] if item.is_last else []


def fake_stages(
    settings: Settings,
    ticks: Callable[[], int] = lambda: 1,
    mood: Callable[[], str] = lambda: WELL,
) -> Stages:
    """Five fakes where the real ones would be."""
    kinds: dict[str, Any] = {
        "vad": FakeVad,
        "asr": FakeAsr,
        "llm": FakeLlm,
        "tts": FakeTts,
        "avatar": FakeAvatar,
    }
    parts = {name: kind(name, ticks, mood) for name, kind in kinds.items()}
    return Stages(**parts, settings=settings)
