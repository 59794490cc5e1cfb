"""From microphone samples to a transcript: VAD cuts the stream, ASR reads the pieces.

One task per open microphone. While a reply is being made or spoken the microphone is deaf, so the
avatar never answers its own voice; opening the microphone anew interrupts it. Half an utterance
that a reply came into is forgotten: its other half was not heard.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from backend.errors import NotListening, RateLimited
from backend.handlers.base import closing
from backend.handlers.messages import Pcm, SpeechSegment, Stamp, Transcript
from backend.handlers.vad.segmenter import SpeechEnded
from backend.session.stages import Stages

MAX_BACKLOG_FRAMES = 3000  # a minute of 20 ms frames, while a long utterance is being read


class _Cue(Enum):
    """What stands between microphone samples."""

    END = "end"
    FORGET = "forget"


@dataclass(frozen=True, slots=True)
class AvatarSpeech:
    """What the avatar says: since which second of `backend.clock`, and its recent words."""

    since_s: float
    words: str


class Conversationalist(Protocol):
    """What the ear asks of the conversation, and tells it."""

    def avatar_speech(self) -> AvatarSpeech | None:
        """None while the avatar does not sound."""
        ...

    def is_thinking(self) -> bool: ...

    def pause_playback(self) -> None: ...

    def resume_playback(self) -> None: ...

    async def barge_in(self) -> None:
        """Stop the reply; returns when the old generation is silent."""
        ...

    def heard_partial(self, transcript: Transcript) -> None: ...

    async def heard(self, transcript: Transcript) -> None:
        """A complete turn of the user."""
        ...

    def failed(self, error: BaseException) -> None: ...


class Ear:
    """Tells `conversation` of every utterance and of every failure."""

    def __init__(
        self, stages: Stages, stamp: Callable[[], Stamp], conversation: Conversationalist
    ) -> None:
        self._stages = stages
        self._stamp = stamp
        self._conversation = conversation
        self._frames: asyncio.Queue[Pcm | _Cue] = asyncio.Queue(MAX_BACKLOG_FRAMES)
        self._task: asyncio.Task[None] | None = None
        self._open = False
        self._has_refused = False
        self._has_missed = False

    def _is_deaf(self) -> bool:
        return self._conversation.is_thinking() or self._conversation.avatar_speech() is not None

    def open(self, echo_cancellation: bool | None) -> None:
        """Start to listen; opening what is open changes nothing."""
        self._open = True
        self._has_refused = False
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._listen())

    def push(self, pcm: Pcm) -> None:
        """Microphone samples.

        Raises:
            NotListening: the microphone is closed; said once until it is opened again.
            RateLimited: sound comes in faster than it can be taken.
        """
        if not self._open:
            if self._has_refused:
                return
            self._has_refused = True
            raise NotListening("Audio came while the microphone is closed; send start_listen.")
        if self._is_deaf():
            self._has_missed = True
            return
        try:
            if self._has_missed:
                self._frames.put_nowait(_Cue.FORGET)
                self._has_missed = False
            self._frames.put_nowait(pcm)
        except asyncio.QueueFull:
            raise RateLimited("Audio comes in faster than it can be taken.") from None

    def finish(self) -> None:
        """Close the microphone; what was said so far is read at once."""
        if self._open:
            self._open = False
            is_broken = self._has_missed or self._is_deaf()
            self._has_missed = False
            with suppress(asyncio.QueueFull):  # then the backlog ends the utterance by itself
                self._frames.put_nowait(_Cue.FORGET if is_broken else _Cue.END)

    async def close(self) -> None:
        """Stop, whatever is going on. Safe to call twice."""
        self._open = False
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _listen(self) -> None:
        while True:
            frame = await self._frames.get()
            try:
                if isinstance(frame, _Cue):
                    await self._break_off(frame)
                else:
                    await self._take(frame)
            except Exception as error:  # a stage that fails must not leave the session deaf
                self._conversation.failed(error)

    async def _break_off(self, cue: _Cue) -> None:
        ended = self._stages.vad.flush()
        if ended is not None and cue is _Cue.END:
            await self._read(ended)

    async def _take(self, pcm: Pcm) -> None:
        async with closing(self._stages.vad.process(pcm)) as events:
            async for event in events:
                if isinstance(event, SpeechEnded):
                    await self._read(event)

    async def _read(self, ended: SpeechEnded) -> None:
        segment = SpeechSegment(self._stamp(), ended.pcm, ended.speech_ratio)
        async with closing(self._stages.asr.process(segment)) as transcripts:
            async for transcript in transcripts:
                if transcript.text.strip():
                    await self._conversation.heard(transcript)
