"""When does somebody speak? A pure state machine over frame probabilities; time is an argument.

    SILENT ──p ≥ on──▶ MAYBE_SPEECH ──open_ms of speech──▶ SPEECH ──p < off──▶ MAYBE_ENDED
       ▲                    │                                ▲                     │
       ├── silence: Dropped ┘                                └────── p ≥ on ───────┤
       └──────────────────── `end`: SpeechEnded ───────────────────────────────────┘

Between `off` and `on` the state stays what it is, and silence that has begun goes on. An utterance
starts `pre_roll_ms` before its first speech. How much silence ends it is not known here: whoever
listens calls `end`; only a monologue of `max_segment_s` ends by itself. Nothing here knows of
models or sessions.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import Enum

import numpy as np

from backend.config import VadSettings
from backend.handlers.messages import SAMPLE_RATE, Pcm

FRAME_SAMPLES = 512
FRAME_MS = FRAME_SAMPLES * 1000 / SAMPLE_RATE
GIVE_UP_MS = 150.0
"""Silence after which a candidate that never became speech is dropped."""


class VadState(Enum):
    SILENT = "silent"
    MAYBE_SPEECH = "maybe_speech"
    SPEECH = "speech"
    MAYBE_ENDED = "maybe_ended"


@dataclass(frozen=True, slots=True)
class VadEvent:
    """Something about speech is known from `at_ms` on, in the time that frames are given."""

    at_ms: float


@dataclass(frozen=True, slots=True)
class SpeechMaybe(VadEvent):
    """A candidate: something like speech has begun. Reversible reactions only."""


@dataclass(frozen=True, slots=True)
class SpeechStarted(VadEvent):
    """It is speech."""


@dataclass(frozen=True, slots=True)
class SpeechPaused(VadEvent):
    """Silence has begun; the utterance may be over."""


@dataclass(frozen=True, slots=True)
class SpeechResumed(VadEvent):
    """The pause was only a pause."""


@dataclass(frozen=True, slots=True)
class SpeechEnded(VadEvent):
    """The utterance, pre-roll included. `speech_ratio` is the part, 0…1, that was speech."""

    pcm: Pcm
    speech_ratio: float
    reason: str
    """`silence`, `too_long` or `flushed`."""


@dataclass(frozen=True, slots=True)
class Utterance:
    """What has been said so far, pre-roll included. `speech_ratio` is the part that was speech."""

    pcm: Pcm
    speech_ratio: float


@dataclass(frozen=True, slots=True)
class SpeechDropped(VadEvent):
    """The candidate was no speech: a cough, a click."""


class Segmenter:
    """Feed one frame of `FRAME_SAMPLES` at a time, with its probability and its time."""

    _state: VadState
    _frames: list[Pcm]
    _is_speech: list[bool]
    _silence_ms: float

    def __init__(self, settings: VadSettings) -> None:
        self._settings = settings
        self._pre_roll: deque[Pcm] = deque(maxlen=round(settings.pre_roll_ms / FRAME_MS))
        self._max_frames = round(settings.max_segment_s * 1000 / FRAME_MS)
        self._reset()

    @property
    def state(self) -> VadState:
        return self._state

    @property
    def is_speech(self) -> bool:
        """Whether the last frame was part of speech, or of what may be speech."""
        return self._state is not VadState.SILENT and not self._silence_ms

    def push(self, frame: Pcm, probability: float, now_ms: float) -> list[VadEvent]:
        """Take one frame that ends at `now_ms`; return what is newly known."""
        is_speech = probability >= self._settings.on_threshold
        is_silence = probability < self._settings.off_threshold
        if self._state is VadState.SILENT and not is_speech:
            self._pre_roll.append(frame)
            return []
        self._frames.append(frame)
        self._is_speech.append(is_speech)
        if is_speech:
            self._silence_ms = 0.0
        elif is_silence or self._silence_ms:
            self._silence_ms += FRAME_MS
        return self._advance(is_speech, is_silence, now_ms)

    def utterance(self) -> Utterance | None:
        """The open utterance so far; None while nobody surely speaks."""
        if self._state not in (VadState.SPEECH, VadState.MAYBE_ENDED):
            return None
        return Utterance(np.concatenate(self._frames), sum(self._is_speech) / len(self._frames))

    def forget(self, samples: int) -> None:
        """Cut the first `samples` off the open utterance; its last frame stays."""
        count = min(samples // FRAME_SAMPLES, len(self._frames) - 1)
        if self._state in (VadState.SPEECH, VadState.MAYBE_ENDED):
            del self._frames[:count], self._is_speech[:count]

    def end(self, now_ms: float, reason: str) -> SpeechEnded | SpeechDropped | None:
        """End the utterance here, or drop the candidate, if there is one."""
        said = self.utterance()
        was_silent = self._state is VadState.SILENT
        silent_frames = round(self._silence_ms / FRAME_MS)
        tail = self._frames[len(self._frames) - silent_frames :]
        self._reset()
        self._pre_roll.extend(tail)  # the next word may begin softly in it
        if said is not None:
            return SpeechEnded(now_ms, said.pcm, said.speech_ratio, reason)
        return None if was_silent else SpeechDropped(now_ms)

    def _advance(self, is_speech: bool, is_silence: bool, now_ms: float) -> list[VadEvent]:
        if self._state is VadState.SILENT:
            self._frames[:0] = self._pre_roll
            self._is_speech[:0] = [False] * len(self._pre_roll)
            self._pre_roll.clear()
            self._state = VadState.MAYBE_SPEECH
            return [SpeechMaybe(now_ms), *self._open_if_sure(now_ms)]
        if self._state is VadState.MAYBE_SPEECH:
            return self._drop(now_ms) if self._is_given_up else self._open_if_sure(now_ms)
        if len(self._frames) >= self._max_frames and (ended := self.end(now_ms, "too_long")):
            return [ended]
        if self._state is VadState.SPEECH and is_silence:
            self._state = VadState.MAYBE_ENDED
            return [SpeechPaused(now_ms)]
        if self._state is VadState.MAYBE_ENDED and is_speech:
            self._state = VadState.SPEECH
            return [SpeechResumed(now_ms)]
        return []

    @property
    def _is_given_up(self) -> bool:
        return self._silence_ms >= GIVE_UP_MS or len(self._frames) >= self._max_frames

    @property
    def _has_opened(self) -> bool:
        return sum(self._is_speech) * FRAME_MS >= self._settings.open_ms

    def _open_if_sure(self, now_ms: float) -> list[VadEvent]:
        if not self._has_opened:
            return []
        self._state = VadState.SPEECH
        return [SpeechStarted(now_ms)]

    def _drop(self, now_ms: float) -> list[VadEvent]:
        kept = self._frames[-(self._pre_roll.maxlen or 1) :]
        self._reset()
        self._pre_roll.extend(kept)
        return [SpeechDropped(now_ms)]

    def _reset(self) -> None:
        self._state = VadState.SILENT
        self._frames = []
        self._is_speech = []
        self._silence_ms = 0.0
        self._pre_roll.clear()
