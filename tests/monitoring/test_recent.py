"""Percentiles of the last minutes, from what is kept of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from backend.recent import KEPT_PER_MINUTE, Recent, RecentHistogram


def test_without_values_there_is_nothing_to_say() -> None:
    nothing = Recent().percentiles(5, now_s=0.0)
    assert (nothing.count, nothing.p50, nothing.p99) == (0, None, None)


def test_nearest_rank_of_a_hundred_values() -> None:
    recent = Recent()
    for value in range(1, 101):
        recent.add(value, now_s=30.0)
    found = recent.percentiles(5, now_s=59.0)
    assert (found.count, found.p50, found.p95, found.p99) == (100, 50, 95, 99)


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=50))
def test_a_percentile_is_one_of_the_values_and_they_are_in_order(values: list[float]) -> None:
    recent = Recent()
    for value in values:
        recent.add(value, now_s=0.0)
    found = recent.percentiles(1, now_s=0.0)
    assert found.p50 is not None and found.p95 is not None and found.p99 is not None
    assert found.p50 <= found.p95 <= found.p99
    assert any(found.p50 == pytest.approx(value, rel=1e-6, abs=1e-5) for value in values)


def test_what_is_older_does_not_count() -> None:
    recent = Recent()
    recent.add(1.0, now_s=0.0)
    recent.add(2.0, now_s=10 * 60.0)
    assert recent.percentiles(5, now_s=10 * 60.0).count == 1
    assert recent.percentiles(60, now_s=10 * 60.0).count == 2
    assert recent.percentiles(60, now_s=3 * 3600.0).count == 0


def test_a_busy_minute_weighs_as_much_as_it_had_values() -> None:
    """It keeps no more of them than a quiet one."""
    recent = Recent()
    for _ in range(100 * KEPT_PER_MINUTE):
        recent.add(1.0, now_s=0.0)
    for _ in range(KEPT_PER_MINUTE):
        recent.add(9.0, now_s=60.0)
    found = recent.percentiles(5, now_s=60.0)
    assert found.count == 101 * KEPT_PER_MINUTE
    assert (found.p50, found.p95, found.p99) == (1.0, 1.0, 1.0)


def test_a_sample_of_a_busy_minute_is_fair() -> None:
    recent = Recent()
    for value in range(20_000):
        recent.add(value, now_s=0.0)
    found = recent.percentiles(5, now_s=0.0)
    assert found.p50 == pytest.approx(10_000, abs=3000)


def test_a_histogram_remembers_for_each_of_its_children() -> None:
    histogram = RecentHistogram("x_seconds", "x", ["stage"], registry=CollectorRegistry())
    histogram.labels("a").observe(1.0)
    histogram.labels("b").observe(2.0)
    found = {labels: child.recent(5).p50 for labels, child in histogram.children()}
    assert found == {("a",): 1.0, ("b",): 2.0}


def test_each_minute_by_itself_oldest_first() -> None:
    recent = Recent()
    for value, now_s in ((1.0, 0.0), (3.0, 10.0), (3.0, 20.0), (5.0, 125.0)):
        recent.add(value, now_s)
    found = recent.by_minute(4, now_s=170.0)
    assert [one.p50 for one in found] == [None, 3.0, None, 5.0]
    assert [one.count for one in found] == [0, 3, 0, 1]
