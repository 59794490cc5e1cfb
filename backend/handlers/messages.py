"""What travels between stages: frozen, typed, stamped. No behaviour, no transport."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from backend.protocol import Container

Pcm = NDArray[np.int16]
"""Mono samples, shape (n,), at `SAMPLE_RATE`."""

SAMPLE_RATE = 16_000


@dataclass(frozen=True, slots=True)
class Stamp:
    """Which reply a message belongs to."""

    session_id: str
    generation_id: int


@dataclass(frozen=True, slots=True)
class SpeechSegment:
    """One utterance cut out of the microphone stream, pre-roll included."""

    stamp: Stamp
    pcm: Pcm
    speech_ratio: float
    """Part of the segment, 0…1, that the detector called speech."""


@dataclass(frozen=True, slots=True)
class Transcript:
    stamp: Stamp
    text: str
    language: str
    confidence: float | None = None
    speech_ended_at: float | None = None
    """When the user fell silent, in seconds of `backend.clock`."""


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """One line of the conversation as the language model sees it."""

    role: str
    content: str


@dataclass(frozen=True, slots=True)
class Prompt:
    """Everything a language model needs for one reply; the last message is the user's."""

    stamp: Stamp
    messages: tuple[ChatMessage, ...]
    language: str


@dataclass(frozen=True, slots=True)
class Usage:
    """What one answer has cost, as the model's provider counts."""

    tokens_in: int
    tokens_out: int


@dataclass(frozen=True, slots=True)
class TextDelta:
    """A piece of the answer. The usage, where the provider tells it, comes with the last one."""

    stamp: Stamp
    text: str
    usage: Usage | None = None


@dataclass(frozen=True, slots=True)
class Sentence:
    """A piece of reply that is spoken in one breath.

    `text` is shown as the model wrote it; `spoken` is what the voice says (no markdown, emoji or
    stage directions) and may be empty.
    """

    stamp: Stamp
    index: int
    text: str
    spoken: str
    language: str
    emotion: str | None = None


@dataclass(frozen=True, slots=True)
class Mark:
    """Something the voice says about its own sound: a word or a phoneme, in ms of the sentence."""

    kind: str
    start_ms: float
    end_ms: float
    value: str


@dataclass(frozen=True, slots=True)
class SpokenAudio:
    """A run of samples of one sentence. The last run of a sentence has `is_last` and may be empty.

    Marks are relative to the start of the sentence.
    """

    stamp: Stamp
    sentence: Sentence
    pcm: Pcm
    is_last: bool
    marks: tuple[Mark, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class VideoChunk:
    """One self-contained piece of video with its sound."""

    stamp: Stamp
    sentence: Sentence
    part: int
    is_last: bool
    first_frame: int
    """The frame of the avatar's idle loop that it begins with."""
    data: bytes
    container: Container
    mime: str
    width: int
    height: int
    fps: int
    frames: int
    start_ms: float = 0.0
    """Where it begins on the reply's own time line."""
    pause_frames: int = 0
    """How many of its frames, at the beginning, bridge the gap to the sentence before."""
    mood: str | None = None
    """The one that it shows; None from an avatar that has no moods."""

    @property
    def duration_ms(self) -> float:
        return self.frames * 1000 / self.fps

    @property
    def pause_ms(self) -> float:
        return self.pause_frames * 1000 / self.fps
