"""`avatar-chat bench [NAME …]`: run one after the other, or all, and print."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from rich.console import Console
from rich.table import Table

from backend.errors import ConfigError
from bench import browser, crowd, interruption, latency, memory, render, startup, sync
from bench.machine import describe

BENCHES: dict[str, Callable[[], dict[str, Any]]] = {
    "startup": startup.measure,
    "latency": latency.measure,
    "crowd": crowd.measure,
    "interruption": interruption.measure,
    "browser": browser.measure,
    "memory": memory.measure,
    "render": render.measure,
    "sync": sync.measure,
}


def run_benches(names: list[str], *, as_json: bool) -> None:
    """Print the results of the named benches, or of all.

    Raises:
        ConfigError: there is no such bench.
    """
    unknown = set(names) - set(BENCHES)
    if unknown:
        raise ConfigError(
            f"No such bench: {', '.join(sorted(unknown))}. There are: {', '.join(BENCHES)}."
        )
    results = {name: BENCHES[name]() for name in names or BENCHES}
    report = {"machine": describe(), **results}
    if as_json:
        print(json.dumps(report, indent=2))
    else:
        Console().print(_table(report))


def _table(report: dict[str, Any]) -> Table:
    table = Table("bench", "figure", "value", title=f"{report['machine']}")
    for bench, figures in report.items():
        if bench != "machine":
            for name, value in flatten(figures):
                table.add_row(bench, name, str(value))
    return table


def flatten(figures: dict[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    """`{"a": {"b": 1}}` → `[("a.b", 1)]`."""
    rows: list[tuple[str, Any]] = []
    for name, value in figures.items():
        path = f"{prefix}{name}"
        rows += flatten(value, f"{path}.") if isinstance(value, dict) else [(path, value)]
    return rows
