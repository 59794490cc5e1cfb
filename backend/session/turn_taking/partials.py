"""How often what a user is saying may be recognised while it is being said."""

from __future__ import annotations

import math

from backend.config import EndOfTurnSettings


class PartialPace:
    """At least `partial_interval_ms` of sound apart, and at most `partial_load` of the time.

    No partial transcript may take longer than that part of its own sound either: some recognisers
    cannot be stopped, and the user may fall silent at any moment and wait for an answer.
    """

    def __init__(self, settings: EndOfTurnSettings) -> None:
        self._settings = settings
        self._due_ms = 0.0
        self._rest_until_s = -math.inf
        self._least_cost_s = math.inf
        self._least_per_s = math.inf

    def asked(self, now_ms: float) -> None:
        """An utterance has begun, or something was recognised of it."""
        self._due_ms = now_ms + self._settings.partial_interval_ms

    def took(self, cost_s: float, sound_s: float, now_s: float) -> None:
        """A recognition of `sound_s` has just come to its end after `cost_s` of clock time."""
        self._rest_until_s = now_s + cost_s * (1 / self._settings.partial_load - 1)
        self._least_cost_s = min(self._least_cost_s, cost_s)
        self._least_per_s = min(self._least_per_s, cost_s / sound_s)

    def is_due(self, now_ms: float, now_s: float, sound_s: float) -> bool:
        """`now_ms` is the time in sound, `now_s` the clock's; `sound_s` was said so far."""
        is_time = now_ms >= self._due_ms and now_s >= self._rest_until_s
        return is_time and self._expected_s(sound_s) <= self._settings.partial_load * sound_s

    def _expected_s(self, sound_s: float) -> float:
        """What it will cost at least: some recognisers take as long for a word as for a speech."""
        is_known = self._least_cost_s < math.inf
        return max(self._least_cost_s, self._least_per_s * sound_s) if is_known else 0.0
