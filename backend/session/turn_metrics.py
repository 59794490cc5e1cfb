"""What is measured of one reply: when it came how far, who worked on it for how long, and what it
cost. The marks and the cost end up in `turn_end`, the work in the timeline.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Generic, TypeVar

from backend import clock, metrics
from backend.handlers.base import closing

T = TypeVar("T")

OnMark = Callable[[str, float], None]
OnWork = Callable[["Work"], None]


class Work:
    """One stage at one piece of a reply. Only the time that it was waited for counts: a voice that
    waits for the face is not slow.

    sentence: index of the sentence; None for the whole reply.
    first_s: how long its first output took; None before there was one.
    """

    def __init__(self, stage: str, sentence: int | None, on_end: OnWork) -> None:
        self.stage = stage
        self.sentence = sentence
        self.began_s = clock.now()
        self.busy_s = 0.0
        self.first_s: float | None = None
        self.provider = ""
        self._on_end = on_end
        self._has_ended = False

    @asynccontextmanager
    async def of(self, outputs: AsyncIterator[T]) -> AsyncIterator[AsyncIterator[T]]:
        """Iterate over `outputs` and close them, on this work's account."""
        async with closing(outputs):
            yield _Waited(self, outputs)

    def waited(self, seconds: float, *, is_useful: bool) -> None:
        self.busy_s += seconds
        if is_useful and self.first_s is None:
            self.first_s = self.busy_s

    def facts(self, now_s: float) -> dict[str, str | int | float]:
        """For a timeline: `ms` since it began, `busy_ms` of them waited for."""
        facts: dict[str, str | int | float] = {
            "stage": self.stage,
            "provider": self.provider,
            "ms": round((now_s - self.began_s) * 1000, 1),
            "busy_ms": round(self.busy_s * 1000, 1),
        }
        if self.first_s is not None:
            facts["first_ms"] = round(self.first_s * 1000, 1)
        if self.sentence is not None:
            facts["sentence_index"] = self.sentence
        return facts

    def end(self, provider: str) -> None:
        """Nothing more comes of it. Safe to call twice."""
        if not self._has_ended:
            self._has_ended = True
            self.provider = provider
            self._on_end(self)


class _Waited(AsyncIterator[T], Generic[T]):
    """Asks for the next output, and says how long it took."""

    def __init__(self, work: Work, outputs: AsyncIterator[T]) -> None:
        self._work = work
        self._outputs = outputs

    async def __anext__(self) -> T:
        asked_s, is_useful = clock.now(), False
        try:
            output = await anext(self._outputs)
            is_useful = True
            return output
        finally:
            self._work.waited(clock.now() - asked_s, is_useful=is_useful)


class TurnMetrics:
    """Times count from `asked_at`, in seconds of `backend.clock`. `on_mark` hears each new mark,
    `on_work` each piece of work that is over."""

    def __init__(
        self,
        asked_at: float,
        on_mark: OnMark = lambda name, ms: None,
        on_work: OnWork = lambda work: None,
    ) -> None:
        self._asked_at = asked_at
        self._on_mark = on_mark
        self._on_work = on_work
        self._values: dict[str, float] = {}

    def mark(self, name: str, at_s: float | None = None) -> None:
        """`name` has happened, now or at `at_s`; a second time changes nothing."""
        if f"{name}_ms" in self._values:
            return
        elapsed_s = max(0.0, (clock.now() if at_s is None else at_s) - self._asked_at)
        self._values[f"{name}_ms"] = round(elapsed_s * 1000, 1)
        metrics.TURN_SECONDS.labels(name).observe(elapsed_s)
        self._on_mark(name, elapsed_s * 1000)

    def work(self, stage: str, sentence: int | None = None) -> Work:
        """A stage begins with a piece of the reply."""
        return Work(stage, sentence, self._worked)

    def add(self, name: str, amount: float) -> None:
        """More of something that has no time: tokens, underruns."""
        self._values[name] = self._values.get(name, 0) + amount

    def values(self) -> dict[str, float]:
        """As the wire has them, with the unit in the name."""
        return dict(self._values)

    def _worked(self, work: Work) -> None:
        if work.first_s is not None:
            metrics.STAGE_SECONDS.labels(work.stage).observe(work.first_s)
        metrics.STAGE_WORK_SECONDS.labels(work.stage).observe(work.busy_s)
        self._on_work(work)
