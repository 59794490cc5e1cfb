"""The history of every backend, from a Prometheus that watches them: a fixed set of range queries.

Where it lives is a setting, and what it is asked stands here, so nobody can ask anything else of it
through the service. Blocks; `history.py` calls it in a thread.
"""

from __future__ import annotations

import json
import math
import urllib.parse
import urllib.request
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any

TIMEOUT_S = 3.0
"""Of one query. The first that fails ends the asking."""

_DIRECTLY = urllib.request.build_opener(urllib.request.ProxyHandler({}))
"""It stands beside the service; a proxy is for what is far away."""

LEAST_WINDOW_S = 60
"""Of a rate: several scrapes must lie in it."""


@dataclass(frozen=True, slots=True)
class Measure:
    """`name` may hold labels of the result in braces, `expr` has `$window`. What is `counted` is
    told as growth from step to step."""

    name: str
    unit: str
    expr: str
    is_counted: bool = False


def _percentile(name: str, histogram: str, label: str, p: float) -> Measure:
    by = ", ".join(part for part in (label, "le") if part)
    rate = f"rate({histogram}_bucket[$window])"
    return Measure(
        f"{name}.p{p * 100:.0f}", "s", f"histogram_quantile({p}, sum by ({by}) ({rate}))"
    )


def _growth(name: str, counter: str) -> Measure:
    """A series that appears with a 1 has grown from 0: its backend was there before. `increase`
    would not see it."""
    known = "0 * max by (instance) (avatar_chat_ready)"
    expr = f"sum by (instance) ({counter}) or on (instance) ({known})"
    return Measure(name, "count", expr, is_counted=True)


MEASURES = (
    _percentile("turn.{mark}", "avatar_chat_turn_seconds", "mark", 0.50),
    _percentile("turn.{mark}", "avatar_chat_turn_seconds", "mark", 0.95),
    _percentile("stage.{stage}", "avatar_chat_stage_first_output_seconds", "stage", 0.50),
    _percentile("stage.{stage}", "avatar_chat_stage_first_output_seconds", "stage", 0.95),
    _percentile("time_to_silence", "avatar_chat_time_to_silence_seconds", "", 0.95),
    Measure("people", "count", 'sum(avatar_chat_sessions{state!="detached"})'),
    Measure(
        "worker_busy",
        "ratio",
        "sum(rate(avatar_chat_worker_busy_seconds_total[$window])) / sum(avatar_chat_workers)",
    ),
    _growth("turns", "avatar_chat_turns_total"),
    _growth("errors", "avatar_chat_errors_total"),
    _growth("fallbacks", "avatar_chat_fallbacks_total"),
    _growth("refusals", "avatar_chat_refusals_total"),
    Measure("backends", "count", "count(avatar_chat_ready)"),
)
FIRING = 'ALERTS{alertstate="firing",alertname=~"AvatarChat.*"}'

BORN = "process_start_time_seconds and on (instance) avatar_chat_ready"


@dataclass(frozen=True, slots=True)
class Found:
    """One series, aligned on the times that were asked for; None where there is no number."""

    name: str
    unit: str
    values: list[float | None]


class Prometheus:
    """The HTTP API at `base`, such as `http://localhost:9090`."""

    def __init__(self, base: str) -> None:
        self._base = base.rstrip("/")

    def history(self, times: Sequence[int]) -> list[Found]:
        """Every measure at every time, in seconds of the wall clock, evenly spaced.

        Raises:
            OSError: it cannot be reached, or refuses. ValueError: what answers is none.
        """
        born_s = {
            series["metric"]["instance"]: float(series["value"][1])
            for series in self._ask("query", query=BORN)
        }
        return [found for measure in MEASURES for found in self._measure(measure, times, born_s)]

    def firing(self) -> list[tuple[str, str]]:
        """Name and severity of each alert that fires. Raises as `history` does."""
        alerts = {
            (series["metric"]["alertname"], series["metric"].get("severity", ""))
            for series in self._ask("query", query=FIRING)
        }
        return sorted(alerts)

    def _measure(
        self, measure: Measure, times: Sequence[int], born_s: Mapping[str, float]
    ) -> Iterator[Found]:
        step_s = times[1] - times[0]
        expr = measure.expr.replace("$window", f"{max(step_s, LEAST_WINDOW_S)}s")
        series = self._ask("query_range", query=expr, start=times[0], end=times[-1], step=step_s)
        if measure.is_counted:
            counters = [
                Counter(_aligned(one["values"], times), born_s.get(one["metric"]["instance"], 0.0))
                for one in series
            ]
            yield Found(measure.name, measure.unit, total_growth(counters, times))
            return
        for one in series:
            name = measure.name.format(**one["metric"])
            yield Found(name, measure.unit, _aligned(one["values"], times))

    def _ask(self, path: str, **query: str | int) -> list[Mapping[str, Any]]:
        url = f"{self._base}/api/v1/{path}?{urllib.parse.urlencode(query)}"
        try:
            with _DIRECTLY.open(url, timeout=TIMEOUT_S) as answer:
                found = json.load(answer)
        except HTTPException as error:
            raise ValueError("This is no answer of a web server.") from error
        if not isinstance(found, dict) or found.get("status") != "success":
            raise ValueError("This is no answer of a Prometheus.")
        result: list[Mapping[str, Any]] = found["data"]["result"]
        return result


@dataclass(frozen=True, slots=True)
class Counter:
    """Of one backend, whose process began at `born_s`."""

    values: Sequence[float | None]
    born_s: float

    def growth(self, times: Sequence[int]) -> Iterator[tuple[int, float]]:
        """Number of each step at which it is known, and how much it grew since it was known last.

        A value that is lower than before has begun anew. The first one has grown from 0 where its
        process began in the time that is looked at, else nobody knows.
        """
        before: float | None = None
        for step, value in enumerate(self.values):
            if value is None:
                continue
            if before is None:
                is_new = times[0] <= self.born_s <= times[step]
                before = 0.0 if is_new else value
            yield step, value - before if value >= before else value
            before = value


def total_growth(counters: Iterable[Counter], times: Sequence[int]) -> list[float | None]:
    """Of all backends in each step; None where none of them is known."""
    total: list[float | None] = [None] * len(times)
    for counter in counters:
        for step, grown in counter.growth(times):
            total[step] = (total[step] or 0.0) + grown
    return total


def _aligned(values: Sequence[tuple[float, str]], times: Sequence[int]) -> list[float | None]:
    known = {round(at): _number(value) for at, value in values}
    return [known.get(at) for at in times]


def _number(value: str) -> float | None:
    """NaN where nothing has happened."""
    number = float(value)
    return round(number, 6) if math.isfinite(number) else None
