"""When to stop asking a provider that keeps failing. Pure: time comes in as an argument.

    closed ──failures in a row──▶ open ──cooldown over──▶ half-open ──success──▶ closed
                                   ▲                          │
                                   └──────── failure ─────────┘   (cooldown doubles, bounded)

Knows nothing of providers or of what failed; `FallbackHandler` asks and reports.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

LONGEST_COOLDOWN = 4
"""Bound of the doubling, in first cooldowns."""


class BreakerState(Enum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class CircuitBreaker:
    """Counts failures of one provider. All times are monotonic seconds."""

    def __init__(self, *, failures: int, cooldown_s: float) -> None:
        self._limit = failures
        self._first_cooldown_s = cooldown_s
        self._cooldown_s = cooldown_s
        self._failures = 0
        self._retry_at_s: float | None = None
        self.reason = ""

    def state(self, now_s: float) -> BreakerState:
        if self._retry_at_s is None:
            return BreakerState.CLOSED
        return BreakerState.HALF_OPEN if now_s >= self._retry_at_s else BreakerState.OPEN

    def acquire(self, now_s: float) -> bool:
        """May the provider be tried now?

        A half-open breaker lets one trial through per cooldown, so that a trial that is
        cancelled and never reported blocks nobody for longer than that.
        """
        state = self.state(now_s)
        if state is BreakerState.HALF_OPEN:
            self._retry_at_s = now_s + self._cooldown_s
        return state is not BreakerState.OPEN

    def succeeded(self) -> None:
        self._failures = 0
        self._retry_at_s = None
        self._cooldown_s = self._first_cooldown_s
        self.reason = ""

    def failed(self, now_s: float, reason: str) -> None:
        """One more failure; enough of them in a row, or one while on trial, open the breaker."""
        self._failures += 1
        self.reason = reason
        if self._retry_at_s is not None or self._failures >= self._limit:
            self.trip(now_s, reason)

    def trip(self, now_s: float, reason: str) -> None:
        """Open at once: the provider said that it cannot work here."""
        if self._retry_at_s is not None:
            longest = self._first_cooldown_s * LONGEST_COOLDOWN
            self._cooldown_s = min(self._cooldown_s * 2, longest)
        self._retry_at_s = now_s + self._cooldown_s
        self.reason = reason


@dataclass(frozen=True, slots=True)
class ProviderHealth:
    """`reason` is why it failed last, for people; empty when it worked. One that is not configured
    is not up, by choice."""

    component: str
    provider: str
    is_up: bool
    is_configured: bool
    reason: str


class Breakers:
    """One breaker per provider of a stage, shared by every session of the process."""

    def __init__(self) -> None:
        self._breakers: dict[tuple[str, str], CircuitBreaker] = {}
        self._not_configured: set[tuple[str, str]] = set()

    def of(
        self, component: str, provider: str, *, failures: int, cooldown_s: float
    ) -> CircuitBreaker:
        """The breaker of this provider; the numbers hold for the first caller."""
        key = (component, provider)
        if key not in self._breakers:
            self._breakers[key] = CircuitBreaker(failures=failures, cooldown_s=cooldown_s)
        return self._breakers[key]

    def set_aside(self, component: str, provider: str) -> None:
        """Settings leave this provider out; those of a process do not change."""
        self._not_configured.add((component, provider))

    def health(self, now_s: float) -> list[ProviderHealth]:
        """Every provider that was tried."""
        return [
            ProviderHealth(
                *key,
                is_up=breaker.state(now_s) is BreakerState.CLOSED,
                is_configured=key not in self._not_configured,
                reason=breaker.reason,
            )
            for key, breaker in sorted(self._breakers.items())
        ]
