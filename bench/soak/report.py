"""A run as a page: what was done, each bar and what was found, and how it went over time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from bench.machine import describe
from bench.soak.plot import Chart, svg
from bench.soak.rounds import REST_S, ROUND_S
from bench.soak.verdict import (
    MAX_LAG_P99_MS,
    Verdict,
    after_warm_up,
    at_rest,
    by_minute,
    growth_mb_h,
    judge,
    lag_p99_ms,
    names,
    resident_mb,
    warm_up_s,
)
from bench.soak.watch import ANSWER_S, Look

MOST_WRONG_SHOWN = 20

_SIGNS = {True: "held", False: "**broken**", None: "too short to tell"}


def write_report(looks: Sequence[Look], page: Path, pictures: Path) -> bool:
    """Write the page and its pictures; whether no bar was broken."""
    verdicts = judge(looks)
    pictures.mkdir(parents=True, exist_ok=True)
    page.parent.mkdir(parents=True, exist_ok=True)
    shown = []
    for name, chart in _charts(looks).items():
        picture = pictures / f"soak-{name}.svg"
        picture.write_text(svg(chart))
        shown.append(f"![{chart.title}]({picture.relative_to(page.parent).as_posix()})")
    page.write_text("\n\n".join([_summary(looks), _table(verdicts), *shown, *_wrong(looks)]) + "\n")
    return all(verdict.passed is not False for verdict in verdicts)


def _summary(looks: Sequence[Look]) -> str:
    machine, counts, minutes = describe(), Counter(looks[-1].counts), looks[-1].at_s / 60
    busy = sum(look.machine_busy_ratio for look in looks) / len(looks)
    return f"""# Soak

Written by `make soak MINUTES={minutes:.0f} VISITORS={counts["visitors"]}` on \
{machine["date"]}: {machine["cores"]} cores of {machine["cpu"]}, {machine["system"]}, Python \
{machine["python"]}; the visitors ran on the same cores, which were {busy:.0%} busy.

Visitors over real WebSockets do what the dice say: type, say sentences that nobody else says, \
speak into the microphone, interrupt, talk over the avatar, are silent, drop the line and come \
back, leave and come anew. They play what they get at the pace of life. Each frame is held against \
its session, its reply and its announcement; of each video chunk the boxes are read, and no bytes \
of a visitor's own sentences may ever reach another.

In {minutes:.0f} minutes: {counts["visits"]} visits ended and {counts["drops"]} lines dropped, \
{counts["resumed"]} of them resumed; {counts["replies"]} replies heard out, \
{counts["interruptions"]} interrupted, {counts["spoken_questions"]} spoken questions, \
{counts["talked_over"]} times talked over; {counts["media_frames"]} media frames with \
{counts["media_bytes"] / 1e6:.0f} MB and {counts["messages"]} messages checked.

Every {ROUND_S / 60:.0f} minutes all of them leave for {REST_S / 60:.0f}. Memory is judged at the \
end of that rest, for while they talk it tells who talks just then: growth is the median slope \
between those looks. The first {warm_up_s(looks) / 60:.0f} minutes are warm-up. Judged is the \
resident set (RSS) of each process; that of a worker holds the loops of every face that it has \
shown, too: they lie in files, and the system takes them back when it wants them. All \
processes together grew by {growth_mb_h(after_warm_up(looks), "sum"):+.2f} MB/h.{_late(counts)}"""


def _late(counts: Counter[str]) -> str:
    late = counts["late_looks"]
    return f" {late} times `/metrics` gave no answer in {ANSWER_S:.0f} s." if late else ""


def _table(verdicts: Sequence[Verdict]) -> str:
    rows = [f"| {v.what} | {v.bar} | {v.found} | {_SIGNS[v.passed]} |" for v in verdicts]
    return "\n".join(["| what | bar | found | |", "|---|---|---|---|", *rows])


def _charts(looks: Sequence[Look]) -> dict[str, Chart]:
    warm_min = warm_up_s(looks) / 60
    processes = names(looks)

    def lines(of: Callable[[Look, str], float]) -> dict[str, list[tuple[float, float]]]:
        return {
            name: [(look.at_s / 60, of(look, name)) for look in looks if name in look.processes]
            for name in processes
        }

    memory = lines(resident_mb)
    lag = [(minute, lag_p99_ms(before, after)) for (minute, _), before, after in _minutes(looks)]
    return {
        "memory": Chart("Resident memory", "MB", memory, warm_min),
        "growth": Chart(
            "Resident memory at rest, against the end of the warm-up",
            "MB",
            {name: _since_warm_up(looks, name) for name in (*processes, "sum")},
            warm_min,
            from_zero=False,
        ),
        "threads": Chart(
            "Threads", "count", lines(lambda look, name: look.processes[name].threads), warm_min
        ),
        "descriptors": Chart(
            "Open descriptors",
            "count",
            lines(lambda look, name: look.processes[name].descriptors),
            warm_min,
        ),
        "lag": Chart(
            "Event-loop lag, p99 of each minute",
            "ms",
            {"p99": lag},
            warm_min,
            bar=MAX_LAG_P99_MS,
        ),
    }


def _since_warm_up(looks: Sequence[Look], name: str) -> list[tuple[float, float]]:
    """Nothing of a run without a rest."""
    rests = at_rest(looks, name)
    first = next((mb for minute, mb in rests if minute * 60 >= warm_up_s(looks)), 0.0)
    return [(minute, mb - first) for minute, mb in rests]


def _minutes(looks: Sequence[Look]) -> list[tuple[tuple[float, float], Look, Look]]:
    """Each minute with the last look before it and its own last one."""
    found: list[tuple[tuple[float, float], Look, Look]] = []
    before = looks[0]
    for minute in by_minute(looks, lambda look: look.at_s):
        last = [look for look in looks if look.at_s // 60 == minute[0] - 0.5][-1]
        if last is not before:
            found.append((minute, before, last))
        before = last
    return found


def _wrong(looks: Sequence[Look]) -> list[str]:
    wrong = [finding for look in looks for finding in look.wrong]
    if not wrong:
        return []
    lines = [
        f"- {finding['at_s']:.0f} s, visitor {finding['visitor']}: {finding['kind']}: "
        f"{finding['words']}"
        for finding in wrong[:MOST_WRONG_SHOWN]
    ]
    more = len(wrong) - len(lines)
    return ["## What was wrong", "\n".join(lines + ([f"- and {more} more"] if more else []))]
