"""Opening hours become spans of minutes since Monday 00:00."""

from __future__ import annotations

import pytest

from backend.opening_hours import DAY_MIN, WEEK_MIN, minute_of_day, open_week


@pytest.mark.parametrize(
    ("hours", "spans"),
    [
        ((), []),
        (("Mon 08:00-18:00",), [(480, 1080)]),
        (("mon-tue 8:00 - 18:00",), [(480, 1080), (DAY_MIN + 480, DAY_MIN + 1080)]),
        (("Sat 00:00-24:00",), [(5 * DAY_MIN, 6 * DAY_MIN)]),
        (("Mon 22:00-02:00",), [(1320, DAY_MIN + 120)]),
        (("Sun 22:00-02:00",), [(0, 120), (WEEK_MIN - 120, WEEK_MIN)]),
        (("Sun-Mon 10:00-11:00",), [(600, 660), (6 * DAY_MIN + 600, 6 * DAY_MIN + 660)]),
        (("Tue 09:00-12:00", "Mon 09:00-12:00"), [(540, 720), (DAY_MIN + 540, DAY_MIN + 720)]),
    ],
)
def test_spans(hours: tuple[str, ...], spans: list[tuple[int, int]]) -> None:
    assert open_week(hours) == spans


def test_a_whole_week() -> None:
    assert sum(end - start for start, end in open_week(["Mon-Sun 00:00-24:00"])) == WEEK_MIN


@pytest.mark.parametrize(
    "line",
    ["", "Monday 08:00-18:00", "Mon 08:00", "Mon 8-18", "Mon 25:00-26:00", "Mit 08:00-18:00"],
)
def test_what_is_none_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match=r"no time|no day|not of the form"):
        open_week([line])


def test_the_time_of_day() -> None:
    assert [minute_of_day(time) for time in ("0:00", "04:30", "24:00")] == [0, 270, DAY_MIN]
    for wrong in ("4", "12:60", "24:01", "noon"):
        with pytest.raises(ValueError, match=r"no time of day"):
            minute_of_day(wrong)
