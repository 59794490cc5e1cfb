"""A room to listen in: an ear whose microphone, recogniser and avatar do what the test says.

Time is virtual, so seconds of talk take none. The detector is the real one but for its net, which
hears speech wherever there is sound.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backend import clock, virtual_time
from backend.config import load_settings
from backend.handlers.base import BaseHandler, Context, Weights
from backend.handlers.messages import SAMPLE_RATE, Pcm, SpeechSegment, Stamp, Transcript
from backend.handlers.vad.silero import SileroVad
from backend.session.ear import AvatarSpeech, Ear, EarEvent
from backend.session.stages import Stages

FRAME_MS = 20


class LoudnessVad(SileroVad):
    async def _load(self) -> None: ...

    async def _probabilities(self, frames: NDArray[np.int16]) -> NDArray[np.float32]:
        if (frames == Room.BROKEN).any():
            raise RuntimeError("A defect.")
        return np.where(frames.any(axis=1), 0.9, 0.1).astype(np.float32)


class ScriptedAsr(BaseHandler[SpeechSegment, Transcript]):
    """Hears `words`, which may be an error, after `delay_s`.

    An untidy one fails to clean up when it is thrown away.
    """

    component, provider = "asr", "scripted"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.words: str | Exception = "hello"
        self.delay_s = 0.05
        self.confidence: float | None = 0.9
        self.is_untidy = False
        self.asked: list[tuple[float, int]] = []
        """When, and how many milliseconds of sound."""
        self.running = self.most_running = self.thrown_away = 0

    async def process(self, item: SpeechSegment) -> AsyncIterator[Transcript]:
        self.asked.append((clock.now(), round(item.pcm.size * 1000 / SAMPLE_RATE)))
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        words = self.words
        try:
            await asyncio.sleep(self.delay_s)
        except (asyncio.CancelledError, GeneratorExit):
            self.thrown_away += 1
            if self.is_untidy:
                raise RuntimeError("A defect.") from None
            raise
        finally:
            self.running -= 1
        if isinstance(words, Exception):
            raise words
        if words:
            yield Transcript(item.stamp, words, "en", self.confidence)


class Room:
    """Both the conversation that the ear serves and the user who talks."""

    BROKEN = 666
    """A sample that the detector cannot bear."""

    def __init__(self, *, echo_cancellation: bool | None = True, **sections: Any) -> None:
        settings = load_settings(**sections)
        engine: Any = None  # nothing here asks for one
        context = Context("s", settings, engine, Weights())
        self.asr = ScriptedAsr(context)
        nobody: Any = None
        self.stages = Stages(
            vad=LoudnessVad(context),
            asr=self.asr,  # type: ignore[arg-type]  # the ear only calls `process`
            llm=nobody,
            tts=nobody,
            avatar=nobody,
            settings=settings,
        )
        self.speech: AvatarSpeech | None = None
        self.thinks = False
        self.log: list[tuple[str, float]] = []
        """What the ear told the conversation, and when, in ms since the room was opened."""
        self.heard_at_end: list[Transcript] = []
        self.partials: list[str] = []
        self.errors: list[BaseException] = []
        self.events: list[EarEvent] = []
        self.answer: Callable[[], None] = lambda: None
        self.ear = Ear(self.stages, self._stamp, self, self.events.append)
        self._began_s = clock.now()
        self.ear.open(echo_cancellation)

    # ------------------------------------------------------------------ the user

    async def say(self, ms: int) -> None:
        await self._push(ms, 1000)

    async def hush(self, ms: int) -> None:
        await self._push(ms, 0)

    async def cough(self) -> None:
        await self._push(100, 1000)

    async def _push(self, ms: int, value: int) -> None:
        for _ in range(ms // FRAME_MS):
            await asyncio.sleep(FRAME_MS / 1000)
            self.ear.push(self.sound(FRAME_MS, value))

    @staticmethod
    def sound(ms: int, value: int) -> Pcm:
        return np.full(ms * SAMPLE_RATE // 1000, value, np.int16)

    # ------------------------------------------------------------------ the avatar

    def speak(self, words: str = "Let me tell you about the sea.") -> None:
        """It begins to sound."""
        self.speech = AvatarSpeech(clock.now(), words)
        self.thinks = False

    def fall_silent(self) -> None:
        self.speech, self.thinks = None, False

    # ------------------------------------------------------------------ what the ear tells

    def avatar_speech(self) -> AvatarSpeech | None:
        return self.speech

    def is_thinking(self) -> bool:
        return self.thinks

    def pause_playback(self) -> None:
        self._note("pause")

    def resume_playback(self) -> None:
        self._note("resume")

    async def barge_in(self) -> None:
        self._note("barge_in")
        self.fall_silent()

    def heard_partial(self, transcript: Transcript) -> None:
        self.partials.append(transcript.text)

    def heard_nothing(self, shown: Transcript) -> None:
        self._note("heard_nothing")

    async def heard(self, transcript: Transcript) -> None:
        self._note("heard")
        self.heard_at_end.append(transcript)
        self.answer()

    def failed(self, error: BaseException) -> None:
        self._note("failed")
        self.errors.append(error)

    # ------------------------------------------------------------------ for the test

    @property
    def said(self) -> list[str]:
        """What it was told, in order."""
        return [what for what, _ in self.log]

    @property
    def texts(self) -> list[str]:
        return [transcript.text for transcript in self.heard_at_end]

    def ms_of(self, what: str) -> float:
        return next(at_ms for told, at_ms in self.log if told == what)

    def now_ms(self) -> float:
        return (clock.now() - self._began_s) * 1000

    def decided(self, kind: type[Any]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]

    def _note(self, what: str) -> None:
        self.log.append((what, self.now_ms()))

    def _stamp(self) -> Stamp:
        return Stamp("s", 1)


def listening(
    **options: Any,
) -> Callable[[Callable[[Room], Awaitable[None]]], Callable[[], None]]:
    """`@listening(end_of_turn={…})`: the test gets a room, which is left behind empty."""

    def decorate(test: Callable[[Room], Awaitable[None]]) -> Callable[[], None]:
        async def scenario() -> None:
            room = Room(**options)
            try:
                await test(room)
            finally:
                await room.ear.close()
            others = asyncio.all_tasks() - {asyncio.current_task()}
            assert not others, f"left behind: {others}"
            assert not room.asr.running, "a recognition goes on"
            assert room.asr.most_running <= 1, "two recognitions at once"

        def run() -> None:
            virtual_time.run(scenario())

        run.__name__, run.__doc__ = test.__name__, test.__doc__
        return run

    return decorate
