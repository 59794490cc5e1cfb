"""The latest values of a histogram, so that a page can show percentiles without a Prometheus."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from prometheus_client import Histogram

MINUTES_KEPT = 61
KEPT_PER_MINUTE = 128
"""Beyond that a minute keeps a fair sample of its values (Vitter's algorithm R)."""

PERCENTILES = (0.50, 0.95, 0.99)
_SLACK = 1e-6
"""Of a rank: sums of shares are not exact."""
_NEVER = np.iinfo(np.int64).min

Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Percentiles:
    """Of `count` values, in the unit of the series; None where there was no value."""

    count: int
    p50: float | None
    p95: float | None
    p99: float | None


class Recent:
    """Values of the last hour, minute by minute. Pure: times are seconds and come in.

    A ring with a row for each minute. It is as large on the first day as after a week.
    """

    def __init__(self) -> None:
        self._minutes: Counts = np.full(MINUTES_KEPT, _NEVER, np.int64)  # which a row holds
        self._counts: Counts = np.zeros(MINUTES_KEPT, np.int64)
        self._kept = np.full((MINUTES_KEPT, KEPT_PER_MINUTE), np.nan, np.float32)

    def add(self, value: float, now_s: float) -> None:
        minute = int(now_s // 60)
        row = minute % MINUTES_KEPT
        if self._minutes[row] != minute:
            self._minutes[row], self._counts[row] = minute, 0
        self._counts[row] += 1
        count = int(self._counts[row])
        place = count - 1 if count <= KEPT_PER_MINUTE else random.randrange(count)
        if place < KEPT_PER_MINUTE:
            self._kept[row, place] = value

    def percentiles(self, minutes: int, now_s: float) -> Percentiles:
        """Of this minute and those before it, `minutes` in all besides this one."""
        return self._of(self._minutes >= int(now_s // 60) - minutes)

    def by_minute(self, minutes: int, now_s: float) -> list[Percentiles]:
        """Of each of the last minutes, oldest first; the last is the one that still goes on."""
        last = int(now_s // 60)
        return [self._of(self._minutes == minute) for minute in range(last - minutes + 1, last + 1)]

    def _of(self, rows: NDArray[np.bool_]) -> Percentiles:
        """Nearest rank, where each kept value stands for as many as its minute has seen for it."""
        counts = self._counts[rows]
        sizes = np.minimum(counts, KEPT_PER_MINUTE)
        if not sizes.any():
            return Percentiles(0, None, None, None)
        values = self._kept[rows][np.arange(KEPT_PER_MINUTE) < sizes[:, None]]
        weights = np.repeat(counts / sizes, sizes)
        order = np.argsort(values)
        ranks = np.cumsum(weights[order])
        at = np.searchsorted(ranks, np.multiply(PERCENTILES, ranks[-1]) - _SLACK)
        p50, p95, p99 = (round(float(value), 6) for value in values[order][at])
        return Percentiles(round(float(ranks[-1])), p50, p95, p99)


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
