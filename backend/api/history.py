"""`/api/status/history`: how it went over the last hours, for the page that watches.

From a Prometheus where the settings name one, which knows every backend and more than an hour; else
from what this process remembers of its last hour. Numbers only.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field

from backend.api import report
from backend.api.prometheus import Prometheus
from backend.api.status import Watched, watched_of
from backend.api.watching import require_watching

router = APIRouter()

KEPT_MIN = 60
"""What the process remembers."""

STEPS = 60
"""Most points of a series; a step is at least a minute."""


class Series(BaseModel):
    name: str = Field(description="`turn.<mark>.p50`, `stage.<stage>.p95`, `people`, `errors` …")
    unit: str
    values: list[float | None] = Field(description="one for each of `at`")


class Alert(BaseModel):
    name: str = Field(description="its heading in docs/operations.md")
    severity: str


class History(BaseModel):
    source: Literal["service", "prometheus"]
    trouble: str | None = Field(None, description="why a Prometheus that is set tells nothing")
    at: list[int] = Field(description="seconds since 1970, oldest first; the end of each step")
    series: list[Series]
    alerts: list[Alert] | None = Field(None, description="those that fire; null where none knows")


@router.get("/api/status/history")
async def history(
    request: Request,
    minutes: Annotated[int, Query(ge=10, le=7 * 24 * 60, description="how far back")] = KEPT_MIN,
) -> History:
    """Without a Prometheus, of the last hour and of this backend alone."""
    watched = watched_of(request)
    settings = watched.service.settings
    require_watching(request, settings)
    base = settings.monitor.prometheus_url
    if base is None:
        return await _remembered(watched, min(minutes, KEPT_MIN))
    try:
        return await asyncio.to_thread(_asked, Prometheus(base), minutes)
    except (OSError, ValueError, KeyError) as error:
        told = await _remembered(watched, min(minutes, KEPT_MIN))
        told.trouble = f"Prometheus does not answer ({type(error).__name__})."
        return told


def _asked(prometheus: Prometheus, minutes: int) -> History:
    step_s = max(60, minutes * 60 // STEPS)
    now_s = int(time.time())
    count = minutes * 60 // step_s
    times = [now_s - step_s * back for back in range(count - 1, -1, -1)]
    found = prometheus.history(times)
    return History(
        source="prometheus",
        at=times,
        series=[Series(name=one.name, unit=one.unit, values=one.values) for one in found],
        alerts=[Alert(name=name, severity=severity) for name, severity in prometheus.firing()],
    )


async def _remembered(watched: Watched, minutes: int) -> History:
    now_s = time.monotonic()
    wall_s = int(time.time())
    end_s = wall_s + 60 - int(now_s % 60)
    return History(
        source="service",
        at=[min(wall_s, end_s - 60 * back) for back in range(minutes - 1, -1, -1)],
        series=[one async for one in _series(watched, minutes, now_s)],
    )


async def _series(watched: Watched, minutes: int, now_s: float) -> AsyncIterator[Series]:
    """Between any two, whoever talks gets a turn on the event loop: each takes a millisecond."""
    for name, unit, values in report.measured():
        by_minute = values.by_minute(minutes, now_s)
        for p in ("p50", "p95"):
            found = [getattr(one, p) for one in by_minute]
            yield Series(name=f"{name}.{p}", unit=unit, values=found)
        await asyncio.sleep(0)
    chronicle = watched.vitals.chronicle
    for name, unit in (("people", "count"), ("worker_busy", "ratio")):
        yield Series(name=name, unit=unit, values=chronicle.highest(name, minutes, now_s))
    for name in report.sums():
        yield Series(name=name, unit="count", values=chronicle.growth(name, minutes, now_s))
