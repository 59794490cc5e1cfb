"""When is a user who has fallen silent done? Sooner when the sentence is whole.

    SPEAKING ──silence──▶ SILENT ──speculate_ms: SPECULATE──▶ JUDGING ──▶ COMMIT
        ▲                    │                                   │
        └────── speech ──────┴──────────── speech ───────────────┘

The transcript of what was said so far sets the wait: `floor_ms` for a finished sentence,
`ceiling_ms` for one that breaks off, `default_ms` otherwise. Until it is there nobody is cut
off, but `ceiling_ms` of silence end every utterance. A speaker who pauses and goes on, or who was
cut off and goes on, is given more time within these bounds.
"""

from __future__ import annotations

from enum import Enum

from backend.config import EndOfTurnSettings
from backend.session.turn_taking.completeness import Completeness
from backend.session.turn_taking.patience import Patience

FINISHED_MARGIN, UNKNOWN_MARGIN = 1.1, 1.3
"""The wait against the pauses that this speaker is known to make."""


class Step(Enum):
    WAIT = "wait"
    SPECULATE = "speculate"
    """Recognise what has been said so far: the user may be done."""
    COMMIT = "commit"
    """The user is done."""


class EndOfTurn:
    """One utterance after the other. All times are milliseconds of sound."""

    def __init__(self, settings: EndOfTurnSettings) -> None:
        self._settings = settings
        self._patience = Patience()
        self._ended_at_ms: float | None = None
        self._silent_since_ms: float | None = None
        self._is_asked = False
        self._verdict: Completeness | None = None

    def fell_silent(self, since_ms: float) -> None:
        """Silence has begun."""
        self._silent_since_ms = since_ms
        self._is_asked = False
        self._verdict = None

    def lose_track(self) -> None:
        """Sound is missing: how long ago the last turn ended, its time does not tell."""
        self._ended_at_ms = None

    def begins(self, at_ms: float) -> None:
        """Speech begins. So soon after the end of a turn, that was none."""
        ended_at_ms, self._ended_at_ms = self._ended_at_ms, None
        if ended_at_ms is not None and at_ms - ended_at_ms <= self._settings.ceiling_ms:
            self._patience.went_on_after(at_ms - ended_at_ms)

    def goes_on(self, at_ms: float) -> None:
        """The silence was only a pause."""
        self._patience.went_on_after(self.silence_ms(at_ms))
        self.forget()

    def ends(self) -> None:
        """The turn is over."""
        self._ended_at_ms = self._silent_since_ms
        self.forget()

    def forget(self) -> None:
        """Nothing has been said yet."""
        self._silent_since_ms = None

    def judged(self, verdict: Completeness) -> None:
        """The transcript of everything before this silence has come."""
        self._verdict = verdict

    def tick(self, now_ms: float) -> Step:
        """What to do now; `SPECULATE` is said once in each silence."""
        if self._silent_since_ms is None:
            return Step.WAIT
        silence_ms = self.silence_ms(now_ms)
        if silence_ms >= self.wait_ms:
            return Step.COMMIT
        if silence_ms >= self._settings.speculate_ms and not self._is_asked:
            self._is_asked = True
            return Step.SPECULATE
        return Step.WAIT

    def silence_ms(self, now_ms: float) -> float:
        """How long the user has been silent."""
        return 0.0 if self._silent_since_ms is None else now_ms - self._silent_since_ms

    @property
    def wait_ms(self) -> int:
        """The silence that ends the utterance, as far as is known."""
        waits, pause_ms = self._settings, self._patience.pause_ms
        if self._verdict is Completeness.FINISHED:
            return _within(pause_ms * FINISHED_MARGIN, waits.floor_ms, waits.default_ms)
        if self._verdict is Completeness.UNKNOWN:
            return _within(pause_ms * UNKNOWN_MARGIN, waits.default_ms, waits.ceiling_ms)
        return waits.ceiling_ms


def _within(wait_ms: float, least_ms: int, most_ms: int) -> int:
    return round(min(max(wait_ms, least_ms), most_ms))
