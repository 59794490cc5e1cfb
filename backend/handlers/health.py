"""Which providers are up: one breaker for each, shared by every session of the process."""

from __future__ import annotations

from dataclasses import dataclass

from backend.breaker import BreakerState, CircuitBreaker


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

    def is_configured(self, component: str, provider: str) -> bool:
        """As far as is known: one that was never tried is."""
        return (component, provider) not in self._not_configured

    def health(self, now_s: float) -> list[ProviderHealth]:
        """Every provider that was tried."""
        return [
            ProviderHealth(
                *key,
                is_up=breaker.state(now_s) is BreakerState.CLOSED,
                is_configured=self.is_configured(*key),
                reason=breaker.reason,
            )
            for key, breaker in sorted(self._breakers.items())
        ]
