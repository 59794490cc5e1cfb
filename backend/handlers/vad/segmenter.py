"""When does somebody speak? A pure state machine over frame probabilities; time is an argument.

    SILENT ──p ≥ on──▶ MAYBE_SPEECH ──open_ms of speech──▶ SPEECH ──p < off──▶ MAYBE_ENDED
       ▲                    │                                ▲                     │
       ├── silence: Dropped ┘                                └────── p ≥ on ───────┤
       └───────────────── close_ms of silence: SpeechEnded ────────────────────────┘

Between `off` and `on` the state stays what it is, and silence that has begun goes on. The segment
starts `pre_roll_ms` before the first speech and ends where the silence was sure. Nothing here
knows of models or sessions.
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
    """Silence has begun; the utterance may be over. `pcm` is what it is so far."""

    pcm: Pcm


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
class SpeechDropped(VadEvent):
    """The candidate was no speech: a cough, a click."""


class Segmenter:
    """Feed one frame of `FRAME_SAMPLES` at a time, with its probability and its time."""

    _state: VadState
    _frames: list[Pcm]
    _speech_frames: int
    _silence_ms: float

    def __init__(self, settings: VadSettings) -> None:
        self._settings = settings
        self._pre_roll: deque[Pcm] = deque(maxlen=round(settings.pre_roll_ms / FRAME_MS))
        self._max_frames = round(settings.max_segment_s * 1000 / FRAME_MS)
        self._reset()

    @property
    def state(self) -> VadState:
        return self._state

    def push(self, frame: Pcm, probability: float, now_ms: float) -> list[VadEvent]:
        """Take one frame that ends at `now_ms`; return what is newly known."""
        is_speech = probability >= self._settings.on_threshold
        is_silence = probability < self._settings.off_threshold
        if self._state is VadState.SILENT and not is_speech:
            self._pre_roll.append(frame)
            return []
        self._frames.append(frame)
        self._speech_frames += is_speech
        if is_speech:
            self._silence_ms = 0.0
        elif is_silence or self._silence_ms:
            self._silence_ms += FRAME_MS
        return self._advance(is_speech, is_silence, now_ms)

    def flush(self, now_ms: float) -> list[VadEvent]:
        """The stream stops here: end the utterance at once, if there is one."""
        is_open = self._state in (VadState.SPEECH, VadState.MAYBE_ENDED)
        if is_open or (self._state is VadState.MAYBE_SPEECH and self._has_opened):
            return [self._end(now_ms, "flushed")]
        dropped = self._state is VadState.MAYBE_SPEECH
        self._reset()
        return [SpeechDropped(now_ms)] if dropped else []

    def _advance(self, is_speech: bool, is_silence: bool, now_ms: float) -> list[VadEvent]:
        if self._state is VadState.SILENT:
            self._frames[:0] = self._pre_roll
            self._pre_roll.clear()
            self._state = VadState.MAYBE_SPEECH
            return [SpeechMaybe(now_ms), *self._open_if_sure(now_ms)]
        if self._state is VadState.MAYBE_SPEECH:
            return self._drop(now_ms) if self._is_given_up else self._open_if_sure(now_ms)
        if len(self._frames) >= self._max_frames:
            return [self._end(now_ms, "too_long")]
        if self._state is VadState.SPEECH and is_silence:
            self._state = VadState.MAYBE_ENDED
            return [SpeechPaused(now_ms, self._pcm())]
        if self._state is VadState.MAYBE_ENDED and is_speech:
            self._state = VadState.SPEECH
            return [SpeechResumed(now_ms)]
        if self._silence_ms >= self._settings.close_ms:
            return [self._end(now_ms, "silence")]
        return []

    @property
    def _is_given_up(self) -> bool:
        return self._silence_ms >= GIVE_UP_MS or len(self._frames) >= self._max_frames

    @property
    def _has_opened(self) -> bool:
        return self._speech_frames * FRAME_MS >= self._settings.open_ms

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

    def _end(self, now_ms: float, reason: str) -> SpeechEnded:
        ended = SpeechEnded(now_ms, self._pcm(), self._speech_frames / len(self._frames), reason)
        self._reset()
        return ended

    def _pcm(self) -> Pcm:
        return np.concatenate(self._frames)

    def _reset(self) -> None:
        self._state = VadState.SILENT
        self._frames = []
        self._speech_frames = 0
        self._silence_ms = 0.0
        self._pre_roll.clear()
