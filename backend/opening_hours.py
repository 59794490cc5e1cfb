"""When a place is open, week by week: `Mon-Fri 08:00-18:00` as spans of minutes. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY_MIN = 24 * 60
WEEK_MIN = 7 * DAY_MIN

_LINE = re.compile(r"([a-z]{3})(?:\s*-\s*([a-z]{3}))?\s+(\S+?)\s*-\s*(\S+)", re.IGNORECASE)
_TIME = re.compile(r"(\d{1,2}):(\d{2})")


def open_week(hours: Iterable[str]) -> list[tuple[int, int]]:
    """Spans of minutes since Monday 00:00, from the first that is open to the first that is not.

    A span that runs past midnight ends on the next day; past Sunday's, it is cut in two.

    Raises:
        ValueError: a line is not of the form `Mon-Fri 08:00-18:00` or `Sat 09:00-13:00`.
    """
    return sorted(span for line in hours for span in _spans(line))


def minute_of_day(time: str) -> int:
    """`08:30` as minutes since midnight; `24:00` is the end of the day.

    Raises:
        ValueError: it is none.
    """
    match = _TIME.fullmatch(time)
    minute = int(match[1]) * 60 + int(match[2]) if match and int(match[2]) < 60 else DAY_MIN + 1
    if minute > DAY_MIN:
        raise ValueError(f"`{time}` is no time of day such as 08:30")
    return minute


def _spans(line: str) -> Iterator[tuple[int, int]]:
    match = _LINE.fullmatch(line.strip())
    if match is None:
        raise ValueError(f"`{line}` is not of the form `Mon-Fri 08:00-18:00`")
    first, last = _day(match[1]), _day(match[2] or match[1])
    opens, closes = minute_of_day(match[3]), minute_of_day(match[4])
    length = (closes - opens) % DAY_MIN or DAY_MIN
    for day in range(first, first + (last - first) % 7 + 1):
        start = day % 7 * DAY_MIN + opens
        end = start + length
        yield start, min(end, WEEK_MIN)
        if end > WEEK_MIN:
            yield 0, end - WEEK_MIN


def _day(name: str) -> int:
    try:
        return DAYS.index(name.lower())
    except ValueError:
        raise ValueError(f"`{name}` is no day; they are {', '.join(DAYS)}") from None
