"""When to stop asking what keeps failing. Pure: time comes in as an argument.

    closed ──failures in a row──▶ open ──cooldown over──▶ half-open ──success──▶ closed
                                   ▲                          │
                                   └──────── failure ─────────┘   (cooldown doubles, bounded)

Knows nothing of what failed; whoever depends on it asks and reports.
"""

from __future__ import annotations

from enum import Enum

LONGEST_COOLDOWN = 4
"""Bound of the doubling, in first cooldowns."""


class BreakerState(Enum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class CircuitBreaker:
    """Counts the failures of one thing. All times are monotonic seconds."""

    def __init__(self, *, failures: int, cooldown_s: float) -> None:
        self._limit = failures
        self._first_cooldown_s = cooldown_s
        self._cooldown_s = cooldown_s
        self._failures = 0
        self._retry_at_s: float | None = None
        self._is_on_trial = False
        self.reason = ""

    def state(self, now_s: float) -> BreakerState:
        if self._retry_at_s is None:
            return BreakerState.CLOSED
        return BreakerState.HALF_OPEN if now_s >= self._retry_at_s else BreakerState.OPEN

    def acquire(self, now_s: float) -> bool:
        """May it be tried now?

        A half-open breaker lets one trial through per cooldown, so that a trial that is
        cancelled and never reported blocks nobody for longer than that.
        """
        state = self.state(now_s)
        if state is BreakerState.HALF_OPEN:
            self._retry_at_s = now_s + self._cooldown_s
            self._is_on_trial = True
        return state is not BreakerState.OPEN

    def succeeded(self) -> None:
        self._failures = 0
        self._retry_at_s = None
        self._is_on_trial = False
        self._cooldown_s = self._first_cooldown_s
        self.reason = ""

    def failed(self, now_s: float, reason: str) -> None:
        """One more failure; enough of them in a row, or one while on trial, open the breaker."""
        self._failures += 1
        self.reason = reason
        if self._is_on_trial or self._failures >= self._limit:
            self.trip(now_s, reason)

    def trip(self, now_s: float, reason: str) -> None:
        """Open at once: it cannot work here, and said so.

        Many may have asked before it opened; what becomes of them is no news.
        """
        self.reason = reason
        if self._is_on_trial:
            longest = self._first_cooldown_s * LONGEST_COOLDOWN
            self._cooldown_s = min(self._cooldown_s * 2, longest)
        elif self._retry_at_s is not None:
            return
        self._is_on_trial = False
        self._retry_at_s = now_s + self._cooldown_s
