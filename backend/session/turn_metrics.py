"""What is measured of one reply: when it came how far, and what it cost. Ends up in `turn_end`."""

from __future__ import annotations

from collections.abc import Callable

from backend import clock, metrics

OnMark = Callable[[str, float], None]


class TurnMetrics:
    """Times count from `asked_at`, in seconds of `backend.clock`; `on_mark` hears each new one."""

    def __init__(self, asked_at: float, on_mark: OnMark = lambda name, ms: None) -> None:
        self._asked_at = asked_at
        self._on_mark = on_mark
        self._values: dict[str, float] = {}

    def mark(self, name: str, at_s: float | None = None) -> None:
        """`name` has happened, now or at `at_s`; a second time changes nothing."""
        if f"{name}_ms" in self._values:
            return
        elapsed_s = max(0.0, (clock.now() if at_s is None else at_s) - self._asked_at)
        self._values[f"{name}_ms"] = round(elapsed_s * 1000, 1)
        metrics.TURN_SECONDS.labels(name).observe(elapsed_s)
        self._on_mark(name, elapsed_s * 1000)

    def add(self, name: str, amount: float) -> None:
        """More of something that has no time: tokens, underruns."""
        self._values[name] = self._values.get(name, 0) + amount

    def values(self) -> dict[str, float]:
        """As the wire has them, with the unit in the name."""
        return dict(self._values)
