"""The latest values of a histogram, so that a page can show percentiles without a Prometheus."""

from __future__ import annotations

import random
import time
from array import array
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from prometheus_client import Histogram

MINUTES_KEPT = 61
KEPT_PER_MINUTE = 256
"""Beyond that a minute keeps a fair sample of its values (Vitter's algorithm R)."""

PERCENTILES = (0.50, 0.95, 0.99)
_SLACK = 1e-6
"""Of a rank: sums of shares are not exact."""


@dataclass(frozen=True, slots=True)
class Percentiles:
    """Of `count` values, in the unit of the series; None where there was no value."""

    count: int
    p50: float | None
    p95: float | None
    p99: float | None


@dataclass(slots=True)
class _Minute:
    number: int
    count: int = 0
    kept: array[float] = field(default_factory=lambda: array("d"))

    def add(self, value: float) -> None:
        self.count += 1
        if len(self.kept) < KEPT_PER_MINUTE:
            self.kept.append(value)
        elif (at := random.randrange(self.count)) < KEPT_PER_MINUTE:
            self.kept[at] = value


class Recent:
    """Values of the last hour, minute by minute. Pure: times are seconds and come in."""

    def __init__(self) -> None:
        self._minutes: deque[_Minute] = deque(maxlen=MINUTES_KEPT)

    def add(self, value: float, now_s: float) -> None:
        number = int(now_s // 60)
        if not self._minutes or self._minutes[-1].number != number:
            self._minutes.append(_Minute(number))
        self._minutes[-1].add(value)

    def percentiles(self, minutes: int, now_s: float) -> Percentiles:
        """Of this minute and those before it, `minutes` in all besides this one."""
        since = int(now_s // 60) - minutes
        return _percentiles([minute for minute in self._minutes.copy() if minute.number >= since])

    def by_minute(self, minutes: int, now_s: float) -> list[Percentiles]:
        """Of each of the last minutes, oldest first; the last is the one that still goes on."""
        known = {minute.number: minute for minute in self._minutes.copy()}
        last = int(now_s // 60)
        return [
            _percentiles([known[number]] if number in known else [])
            for number in range(last - minutes + 1, last + 1)
        ]


class RecentHistogram(Histogram):
    """A histogram that remembers the values of the last hour."""

    def _metric_init(self) -> None:
        super()._metric_init()
        self._recent = Recent()

    def observe(self, amount: float, exemplar: dict[str, str] | None = None) -> None:
        super().observe(amount, exemplar)
        self._recent.add(amount, time.monotonic())

    def recent(self, minutes: int) -> Percentiles:
        """Of the last minutes; of one child where there are labels."""
        return self._recent.percentiles(minutes, time.monotonic())

    def by_minute(self, minutes: int, now_s: float) -> list[Percentiles]:
        """Of each of the minutes before `now_s` (monotonic) by itself, oldest first."""
        return self._recent.by_minute(minutes, now_s)

    def children(self) -> Iterator[tuple[Sequence[str], RecentHistogram]]:
        """Label values and child, for each that was ever observed."""
        with self._lock:
            children = list(self._metrics.items())
        for values, child in children:
            assert isinstance(child, RecentHistogram)
            yield values, child


def _percentiles(minutes: Sequence[_Minute]) -> Percentiles:
    """Nearest rank, where each kept value stands for as many as its minute has seen for it."""
    kept = [np.array(minute.kept) for minute in minutes]
    if not any(len(values) for values in kept):
        return Percentiles(0, None, None, None)
    values = np.concatenate(kept)
    shares = [minute.count / len(minute.kept) for minute in minutes]
    weights = np.repeat(shares, [len(one) for one in kept])
    order = np.argsort(values)
    ranks = np.cumsum(weights[order])
    at = np.searchsorted(ranks, np.multiply(PERCENTILES, ranks[-1]) - _SLACK)
    p50, p95, p99 = (round(float(value), 6) for value in values[order][at])
    return Percentiles(round(float(ranks[-1])), p50, p95, p99)
