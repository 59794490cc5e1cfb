"""What the ear decides, told to whoever keeps the record. Times as in VAD events; no words."""

from __future__ import annotations

from dataclasses import dataclass

from backend.handlers.vad.segmenter import VadEvent
from backend.session.turn_taking.completeness import Completeness
from backend.session.turn_taking.recogniser import Purpose
from backend.session.turn_taking.words import Words


@dataclass(frozen=True, slots=True)
class Decision:
    """Something was decided at `at_ms` of sound."""

    at_ms: float


@dataclass(frozen=True, slots=True)
class SpeculationStarted(Decision):
    """The user fell silent; what was said is being recognised."""


@dataclass(frozen=True, slots=True)
class SpeculationJudged(Decision):
    """Its transcript came, and says how long to wait."""

    completeness: Completeness


@dataclass(frozen=True, slots=True)
class SpeculationDropped(Decision):
    """The user went on."""


@dataclass(frozen=True, slots=True)
class RecognitionDone(Decision):
    """The recogniser was busy for `cost_ms`, whatever came of it."""

    purpose: Purpose
    cost_ms: float


@dataclass(frozen=True, slots=True)
class TurnCommitted(Decision):
    """The user is done after `silence_ms`; the rule said `wait_ms`."""

    silence_ms: float
    wait_ms: float


@dataclass(frozen=True, slots=True)
class UtteranceIgnored(Decision):
    """What was heard is nothing to answer: no words, a backchannel or echo."""

    words: Words


@dataclass(frozen=True, slots=True)
class PlaybackPaused(Decision):
    """Possible speech: the avatar holds."""


@dataclass(frozen=True, slots=True)
class PlaybackResumed(Decision):
    """It was nothing: the avatar goes on."""


@dataclass(frozen=True, slots=True)
class BargedIn(Decision):
    """The user has the turn."""


EarEvent = VadEvent | Decision
