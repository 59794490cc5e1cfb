"""Whether a run was as it must be. Pure: looks in, verdicts out.

Growth is Theil and Sen's slope: the median of the slopes between all pairs of points. Its points
are the rests in which nobody is there (`rounds` says why).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import median

from bench.soak.watch import Look

MAX_SLOPE_MB_H = 1.0
MAX_LAG_P99_MS = 30.0
MOST_MORE = {"threads": 2.0, "descriptors": 2.0}
"""The median of the last quarter against that of the first: visitors come and go, and a reply that
is being drawn has two threads of its own."""

LONGEST_WARM_UP_S = 1200.0
"""By then the service holds what it promises to hold: a conversation for `store.ttl_s`, above all,
which is a quarter of an hour."""
LEAST_RESTS = 4
"""After the warm-up; fewer say nothing about megabytes per hour."""

MB = 1e6


@dataclass(frozen=True, slots=True)
class Verdict:
    """`passed` is None where the run was too short to tell."""

    what: str
    bar: str
    found: str
    passed: bool | None


def warm_up_s(looks: Sequence[Look]) -> float:
    """A third of the run, twenty minutes at most."""
    return min(LONGEST_WARM_UP_S, looks[-1].at_s / 3) if looks else 0.0


def after_warm_up(looks: Sequence[Look]) -> list[Look]:
    return [look for look in looks if look.at_s >= warm_up_s(looks)]


def judge(looks: Sequence[Look]) -> list[Verdict]:
    """Every bar, in the order of the report. `looks` must not be empty."""
    measured = after_warm_up(looks)
    wrong = [finding for look in looks for finding in look.wrong]
    of_kind = {kind: sum(finding["kind"] == kind for finding in wrong) for kind in _WRONG}
    counts = looks[-1].counts
    return [
        *(
            Verdict(what, "0", str(of_kind[kind]), not of_kind[kind])
            for kind, what in _WRONG.items()
        ),
        Verdict("replies heard", "> 0", str(counts.get("replies", 0)), bool(counts.get("replies"))),
        _same_processes(measured),
        *(_growth(measured, name) for name in names(measured)),
        *(_flat(measured, what) for what in MOST_MORE),
        _series(measured),
        _lag(looks, measured),
    ]


_WRONG = {
    "lost": "lost replies",
    "crossed": "crossed bytes",
    "contract": "frames against the contract",
    "closed": "lines that the service ended",
    "crashed": "visitors that broke",
}


def names(looks: Sequence[Look]) -> list[str]:
    return list(looks[-1].processes)


def resident_mb(look: Look, name: str) -> float:
    """Of one process, or of all: `sum`."""
    if name == "sum":
        return sum(process.resident_bytes for process in look.processes.values()) / MB
    process = look.processes.get(name)
    return process.resident_bytes / MB if process else 0.0


def at_rest(looks: Sequence[Look], name: str) -> list[tuple[float, float]]:
    """Resident megabytes at each rest, over the minutes."""
    return [(look.at_s / 60, resident_mb(look, name)) for look in looks if look.at_rest]


def by_minute(looks: Sequence[Look], value: Callable[[Look], float]) -> list[tuple[float, float]]:
    """The median of each minute, over the minutes."""
    minutes: dict[int, list[float]] = {}
    for look in looks:
        minutes.setdefault(int(look.at_s // 60), []).append(value(look))
    return [(minute + 0.5, median(values)) for minute, values in minutes.items()]


def slope_per_h(points: Sequence[tuple[float, float]]) -> float:
    """Of points over minutes; nothing from fewer than two."""
    slopes = [(y2 - y1) / (x2 - x1) for (x1, y1), (x2, y2) in combinations(points, 2)]
    return 60 * median(slopes) if slopes else 0.0


def lag_p99_ms(before: Look, after: Look) -> float:
    """Between two looks, by even pace within its bucket; at worst the last bound that there is."""
    counts = {
        math.inf if le == "+Inf" else float(le): count - before.lag_counts.get(le, 0.0)
        for le, count in after.lag_counts.items()
    }
    wanted = 0.99 * counts.get(math.inf, 0.0)
    low_s, below = 0.0, 0.0
    for bound_s, count in sorted(counts.items()):
        if count >= wanted:
            inside = (wanted - below) / (count - below) if count > below else 0.0
            return 1000 * (low_s if math.isinf(bound_s) else low_s + inside * (bound_s - low_s))
        low_s, below = bound_s, count
    return 0.0


def _same_processes(measured: Sequence[Look]) -> Verdict:
    seen = {tuple(process.pid for process in look.processes.values()) for look in measured}
    return Verdict("sets of processes", "1", str(len(seen)), len(seen) == 1)


def growth_mb_h(measured: Sequence[Look], name: str) -> float:
    """Of resident memory, of one process or of all: `sum`."""
    return slope_per_h(at_rest(measured, name))


def _growth(measured: Sequence[Look], name: str) -> Verdict:
    slope = growth_mb_h(measured, name)
    return Verdict(
        f"growth of resident memory, {name}",
        f"≤ {MAX_SLOPE_MB_H:g} MB/h",
        f"{slope:+.2f} MB/h",
        slope <= MAX_SLOPE_MB_H if len(at_rest(measured, name)) >= LEAST_RESTS else None,
    )


def _flat(measured: Sequence[Look], what: str) -> Verdict:
    worst = max(_more(measured, name, what) for name in names(measured))
    most = MOST_MORE[what]
    return Verdict(f"more {what}, any process", f"≤ {most:g}", f"{worst:+g}", worst <= most)


def _more(measured: Sequence[Look], name: str, what: str) -> float:
    """The median of the last quarter of the looks that see the process, less that of the first."""
    values = [getattr(look.processes[name], what) for look in measured if name in look.processes]
    quarter = max(1, len(values) // 4)
    return median(values[-quarter:]) - median(values[:quarter])


def _series(measured: Sequence[Look]) -> Verdict:
    before, after = measured[0].series, measured[-1].series
    return Verdict(
        "more series in /metrics", "≤ 5 %", f"{after - before:+d}", after <= 1.05 * before
    )


def _lag(looks: Sequence[Look], measured: Sequence[Look]) -> Verdict:
    lag_ms = lag_p99_ms(measured[0] if len(measured) > 1 else looks[0], measured[-1])
    bar = f"≤ {MAX_LAG_P99_MS:g} ms"
    return Verdict("event-loop lag, p99", bar, f"{lag_ms:.1f} ms", lag_ms <= MAX_LAG_P99_MS)
