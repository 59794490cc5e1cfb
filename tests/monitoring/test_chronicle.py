"""Gauges and counters of the last hour, minute by minute."""

from __future__ import annotations

from backend.api.chronicle import MINUTES_KEPT, Chronicle


def test_the_highest_of_a_gauge_in_each_minute() -> None:
    chronicle = Chronicle()
    for now_s, people in ((0.0, 1), (30.0, 3), (59.0, 2), (130.0, 5)):
        chronicle.look({"people": people}, {}, now_s)
    assert chronicle.highest("people", 4, now_s=140.0) == [None, 3, None, 5]
    assert chronicle.highest("nobody", 2, now_s=140.0) == [None, None]


def test_how_much_a_counter_grew_in_each_minute() -> None:
    chronicle = Chronicle()
    for now_s, errors in ((0.0, 2), (59.0, 3), (61.0, 3), (125.0, 7)):
        chronicle.look({}, {"errors": errors}, now_s)
    assert chronicle.growth("errors", 3, now_s=125.0) == [3, 0, 4]


def test_what_was_counted_before_the_last_hour_is_not_counted_again() -> None:
    chronicle = Chronicle()
    for minute in range(2 * MINUTES_KEPT):
        chronicle.look({}, {"errors": minute + 1}, now_s=60.0 * minute)
    now_s = 60.0 * (2 * MINUTES_KEPT - 1)
    assert chronicle.growth("errors", MINUTES_KEPT, now_s) == [1.0] * MINUTES_KEPT
