"""Gauges and counters of the last hour, minute by minute, for a page that shows how it went where
there is no Prometheus. Pure: times are seconds and come in. Histograms remember for themselves, in
`backend.recent`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

MINUTES_KEPT = 61


@dataclass(slots=True)
class _Minute:
    number: int
    highest: dict[str, float] = field(default_factory=dict)
    counted: dict[str, float] = field(default_factory=dict)


class Chronicle:
    """Counters are those of this process, so they began at 0."""

    def __init__(self) -> None:
        self._minutes: deque[_Minute] = deque(maxlen=MINUTES_KEPT)
        self._before: Mapping[str, float] = {}  # counters when the first kept minute began

    def look(
        self, gauges: Mapping[str, float], counters: Mapping[str, float], now_s: float
    ) -> None:
        number = int(now_s // 60)
        if not self._minutes or self._minutes[-1].number != number:
            if len(self._minutes) == MINUTES_KEPT:
                self._before = self._minutes[0].counted
            self._minutes.append(_Minute(number))
        minute = self._minutes[-1]
        for name, value in gauges.items():
            minute.highest[name] = max(value, minute.highest.get(name, value))
        minute.counted.update(counters)

    def highest(self, name: str, minutes: int, now_s: float) -> list[float | None]:
        """Of a gauge in each of the last minutes, oldest first; None where nobody looked."""
        return self._aligned(
            {one.number: one.highest[name] for one in self._minutes if name in one.highest},
            minutes,
            now_s,
        )

    def growth(self, name: str, minutes: int, now_s: float) -> list[float | None]:
        """Of a counter, likewise."""
        grown: dict[int, float] = {}
        before = self._before.get(name, 0.0)
        for minute in self._minutes:
            now = minute.counted.get(name, before)
            grown[minute.number] = now - before
            before = now
        return self._aligned(grown, minutes, now_s)

    @staticmethod
    def _aligned(known: Mapping[int, float], minutes: int, now_s: float) -> list[float | None]:
        last = int(now_s // 60)
        return [known.get(number) for number in range(last - minutes + 1, last + 1)]
