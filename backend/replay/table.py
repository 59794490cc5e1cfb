"""Turns as a table for a terminal, and as JSON values. Draws; measures nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from itertools import zip_longest
from typing import Any

from rich.table import Table

from backend.replay.turns import Turn
from backend.session.timeline.events import MARKS


def turns_table(recorded: Sequence[Turn], replayed: Sequence[Turn]) -> Table:
    """A row per turn and source; milliseconds since the user's turn was complete."""
    table = Table(title="ms since the end of the user's turn")
    for name in ("turn", "from", *(mark.replace("_", " ") for mark in MARKS), "end", ""):
        table.add_column(name, justify="right" if name not in ("from", "") else "left")
    for number, pair in enumerate(zip_longest(recorded, replayed), 1):
        for source, turn in zip(("recorded", "replayed"), pair, strict=True):
            if turn is not None:
                table.add_row(str(number), source, *_cells(turn))
        table.add_section()
    return table


def turns_json(turns: Sequence[Turn]) -> list[dict[str, Any]]:
    return [asdict(turn) for turn in turns]


def _cells(turn: Turn) -> list[str]:
    return [*(_ms(turn.marks.get(mark)) for mark in MARKS), _ms(turn.ended_ms), turn.ended]


def _ms(value: float | None) -> str:
    return "" if value is None else f"{value:,.0f}"
