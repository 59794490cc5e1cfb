"""How often what a user is saying may be recognised while it is being said."""

from __future__ import annotations

from backend.config import EndOfTurnSettings


class PartialPace:
    """At least `partial_interval_ms` of sound apart, and at most `partial_load` of the time."""

    def __init__(self, settings: EndOfTurnSettings) -> None:
        self._settings = settings
        self._due_ms = 0.0
        self._rest_until_s = 0.0

    def asked(self, now_ms: float) -> None:
        """An utterance has begun, or one more partial transcript was asked for."""
        self._due_ms = now_ms + self._settings.partial_interval_ms

    def took(self, cost_s: float, now_s: float) -> None:
        """A recognition that has just come to its end took `cost_s` of clock time."""
        self._rest_until_s = now_s + cost_s * (1 / self._settings.partial_load - 1)

    def is_due(self, now_ms: float, now_s: float) -> bool:
        """`now_ms` is the time in sound, `now_s` the clock's."""
        return now_ms >= self._due_ms and now_s >= self._rest_until_s
