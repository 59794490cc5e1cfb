"""How much one client may send: a token bucket that takes the time as an argument."""

from __future__ import annotations


class TokenBucket:
    """`rate_per_s` tokens a second, at most `burst` saved up."""

    def __init__(self, rate_per_s: float, burst: float, now: float) -> None:
        self._rate_per_s = rate_per_s
        self._burst = burst
        self._tokens = burst
        self._at = now

    def take(self, now: float, count: float = 1) -> bool:
        """Spend tokens; `False` when there are not enough, and none is spent."""
        self._tokens = min(self._burst, self._tokens + (now - self._at) * self._rate_per_s)
        self._at = now
        if self._tokens < count:
            return False
        self._tokens -= count
        return True
