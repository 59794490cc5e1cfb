"""Five stages that take the time, and fail in the way, that a scenario says. The detector is real
but for its net. Whatever they are asked for is noted as `fake.asked`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backend.avatar.pictures.codecs import FPS, SAMPLES_PER_FRAME
from backend.config import Settings
from backend.errors import ProviderError
from backend.handlers.base import BaseHandler, Context, Weights
from backend.handlers.messages import (
    SAMPLE_RATE,
    Mark,
    Prompt,
    Sentence,
    SpeechSegment,
    SpokenAudio,
    TextDelta,
    Transcript,
    VideoChunk,
)
from backend.handlers.vad.silero import SileroVad
from backend.session.stages import Stages
from tests.scenarios import schema
from tests.scenarios.soundscape import Soundscape, is_sound

Note = Callable[..., None]

PART_FRAMES = 13
"""Of a progressive chunk: about half a second."""


class FakeVad(SileroVad):
    """The real stage over a net that hears speech wherever it is not silent."""

    async def _load(self) -> None: ...

    async def _probabilities(self, frames: NDArray[np.int16]) -> NDArray[np.float32]:
        return np.array([0.95 if is_sound(frame) else 0.02 for frame in frames], np.float32)


class _Fake(BaseHandler[Any, Any]):
    provider = "fake"

    def __init__(self, context: Context, note: Note) -> None:
        super().__init__(context)
        self.running = 0
        self._note = note

    async def _works(self, delay_ms: float) -> None:
        self.running += 1
        try:
            await asyncio.sleep(delay_ms / 1000)
        finally:
            self.running -= 1

    def _asked(self, generation: int, **facts: Any) -> None:
        self._note("fake.asked", generation, component=self.component, **facts)

    def _fails(self) -> ProviderError:
        return ProviderError("It failed.", component=self.component, provider=self.provider)


class FakeAsr(_Fake):
    component = "asr"

    def __init__(
        self, context: Context, note: Note, script: schema.AsrScript, sound: Soundscape
    ) -> None:
        super().__init__(context, note)
        self._script = script
        self._sound = sound

    async def process(self, item: SpeechSegment) -> AsyncIterator[Transcript]:
        self._asked(item.stamp.generation_id, ms=item.pcm.size * 1000 // SAMPLE_RATE)
        await self._works(self._script.delay_ms)
        if self._script.fails:
            raise self._fails()
        yield Transcript(item.stamp, self._sound.words_in(item.pcm), "en", confidence=0.9)


class FakeLlm(_Fake):
    component = "llm"

    def __init__(self, context: Context, note: Note, script: schema.LlmScript) -> None:
        super().__init__(context, note)
        self._script = script
        self._questions = 0

    async def process(self, item: Prompt) -> AsyncIterator[TextDelta]:
        script = self._script
        self._asked(item.stamp.generation_id)
        reply = script.replies[min(self._questions, len(script.replies) - 1)]
        self._questions += 1
        await self._works(script.first_token_ms)
        if script.fails:
            raise self._fails()
        for number, word in enumerate(reply.split()):
            if number == script.cut_after_words:
                raise self._fails()
            if number == script.stalls_after_words:
                await asyncio.Event().wait()
            yield TextDelta(item.stamp, word if number == 0 else f" {word}")
            await self._works(script.token_ms)


class FakeTts(_Fake):
    component = "tts"

    def __init__(self, context: Context, note: Note, script: schema.TtsScript) -> None:
        super().__init__(context, note)
        self._script = script

    async def process(self, item: Sentence) -> AsyncIterator[SpokenAudio]:
        script = self._script
        self._asked(item.stamp.generation_id, sentence_index=item.index)
        await self._works(script.first_ms + script.slow_ms.get(item.index, 0))
        if item.index in script.fails_at:
            raise self._fails()
        duration_ms = len(item.spoken) * script.ms_per_char
        pcm = np.ones(round(duration_ms * SAMPLE_RATE / 1000), np.int16)
        half = pcm.size // 2
        marks = tuple(_word_marks(item.spoken, script.ms_per_char))
        yield SpokenAudio(item.stamp, item, pcm[:half], is_last=False, marks=marks)
        yield SpokenAudio(item.stamp, item, pcm[half:], is_last=True)


class FakeAvatar(_Fake):
    """Draws sentence by sentence, or in parts where a progressive stream is asked for."""

    component = "avatar"
    fps, loop_frames = FPS, 125

    def __init__(self, context: Context, note: Note, script: schema.AvatarScript) -> None:
        super().__init__(context, note)
        self._script = script
        self._sentence: Sentence | None = None
        self._generation = -1
        self._samples = 0
        self._parts = 0
        self._shown = 0

    def begin_at(self, frame: int, shown: str) -> None: ...

    def expect(self, goes_on: bool) -> None: ...

    async def process(self, item: SpokenAudio) -> AsyncIterator[VideoChunk]:
        if item.sentence is not self._sentence:
            await self._begin(item)
        self._samples += item.pcm.size
        frames = self._samples // SAMPLES_PER_FRAME
        is_progressive = self.context.options.video.chunking == "progressive"
        while is_progressive and frames > PART_FRAMES:
            yield await self._draw(item, PART_FRAMES, is_last=False)
            frames -= PART_FRAMES
        if item.is_last:
            yield await self._draw(item, max(1, frames), is_last=True)

    async def _begin(self, item: SpokenAudio) -> None:
        self._sentence, self._samples, self._parts = item.sentence, 0, 0
        if item.stamp.generation_id != self._generation:
            self._generation, self._shown = item.stamp.generation_id, 0
        self._asked(item.stamp.generation_id, sentence_index=item.sentence.index)
        await self._works(self._script.first_ms)
        if item.sentence.index in self._script.fails_at:
            raise self._fails()

    async def _draw(self, item: SpokenAudio, frames: int, *, is_last: bool) -> VideoChunk:
        await self._works(frames * 1000 / FPS / self._script.pace)
        self._note("fake.drawn", item.stamp.generation_id, seconds=frames / FPS)
        self._samples -= frames * SAMPLES_PER_FRAME
        chunk = VideoChunk(
            stamp=item.stamp,
            sentence=item.sentence,
            part=self._parts,
            is_last=is_last,
            first_frame=0,
            data=str(item.stamp.generation_id).encode(),
            container=self.context.options.video.container,
            mime="video/mp4",
            width=2,
            height=2,
            fps=FPS,
            frames=frames,
            start_ms=self._shown * 1000 / FPS,
        )
        self._parts += 1
        self._shown += frames
        return chunk


def scripted_stages(
    settings: Settings, script: schema.Stages, sound: Soundscape, note: Note
) -> Stages:
    """All five."""
    engine: Any = None  # nothing here asks for one
    context = Context("s", settings, engine, Weights())
    parts: dict[str, Any] = {
        "vad": FakeVad(context),
        "asr": FakeAsr(context, note, script.asr, sound),
        "llm": FakeLlm(context, note, script.llm),
        "tts": FakeTts(context, note, script.tts),
        "avatar": FakeAvatar(context, note, script.avatar),
    }
    return Stages(**parts, settings=settings)


def _word_marks(text: str, ms_per_char: float) -> list[Mark]:
    marks, at = [], 0
    for word in text.split():
        at = text.index(word, at)
        end = at + len(word)
        marks.append(Mark("word", at * ms_per_char, end * ms_per_char, word.strip(".,!?")))
        at = end
    return marks
