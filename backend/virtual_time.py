"""An event loop that skips the time in which nothing happens, for replays and scenarios.

When nothing is ready and no work is under way outside the loop, its clock jumps to the next timer.
While such work is under way (a job of an executor, a socket that is watched) the clock runs with
real time, so real stages show what they really cost. Code that only waits for timers and for other
tasks therefore takes no time at all and runs the same way every time.

Time spent inside a callback is not counted: on an event loop there should be none.
"""

from __future__ import annotations

import asyncio
import math
import selectors
import time
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from contextvars import Context
from typing import Any, TypeVar, TypeVarTuple

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class Deadlock(RuntimeError):
    """Everybody waits, and nothing is left that could end the waiting."""


def run(main: Coroutine[Any, Any, T]) -> T:
    """As `asyncio.run`, in virtual time that begins at zero.

    Raises:
        Deadlock: nothing was ready, no timer was set, and no work was under way outside.
    """
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(main)


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """See the module. A loop for one thread, as any other."""

    def __init__(self) -> None:
        self._clock = _Clock()
        super().__init__(self._clock)
        self._clock.know_own_files()

    def time(self) -> float:
        return self._clock.now_s

    def call_at(
        self,
        when: float,
        callback: Callable[[*Ts], object],
        *args: *Ts,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        if when == math.inf:  # a timer that never fires is no timer, and none to jump to
            return asyncio.TimerHandle(when, callback, args, self, context)
        return super().call_at(when, callback, *args, context=context)

    @contextmanager
    def outside_work(self) -> Iterator[None]:
        """Something that the loop cannot see will wake it; the clock runs with real time."""
        self._clock.jobs += 1
        try:
            yield
        finally:
            self._clock.jobs -= 1

    def run_in_executor(  # type: ignore[override]  # the base class is typed as a coroutine
        self, executor: Executor | None, func: Callable[..., T], *args: Any
    ) -> asyncio.Future[T]:
        job: asyncio.Future[T] = super().run_in_executor(executor, func, *args)
        self._clock.jobs += 1
        job.add_done_callback(self._job_done)
        return job

    async def shutdown_default_executor(self, *args: Any) -> None:
        with self.outside_work():
            await super().shutdown_default_executor(*args)

    def _job_done(self, _: asyncio.Future[Any]) -> None:
        self._clock.jobs -= 1


class _Clock(selectors.BaseSelector):
    """A selector: the loop asks it to wait, so here is where time passes, or is skipped."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.jobs = 0
        self._real = selectors.DefaultSelector()
        self._own_files = 0
        self._woke_at = time.monotonic()

    def know_own_files(self) -> None:
        """What is watched now belongs to the loop itself."""
        self._own_files = len(self._real.get_map())

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if self.jobs or len(self._real.get_map()) > self._own_files:
            return self._wait(timeout)
        return self._skip(timeout)

    def _wait(self, timeout: float | None) -> list[tuple[selectors.SelectorKey, int]]:
        events = self._real.select(timeout)
        woke_at = time.monotonic()
        self.now_s += woke_at - self._woke_at
        self._woke_at = woke_at
        return events

    def _skip(self, timeout: float | None) -> list[tuple[selectors.SelectorKey, int]]:
        events = self._real.select(0)
        if not events and timeout is None:
            raise Deadlock(f"Nothing is left that could go on. Waiting: {_waiting()}.")
        if not events and timeout:
            self.now_s += timeout
        self._woke_at = time.monotonic()
        return events

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._real.register(fileobj, events, data)

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._real.unregister(fileobj)

    def modify(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._real.modify(fileobj, events, data)

    def get_key(self, fileobj: Any) -> selectors.SelectorKey:
        return self._real.get_key(fileobj)

    def get_map(self) -> Any:
        return self._real.get_map()

    def close(self) -> None:
        self._real.close()


def _waiting() -> str:
    """Names and places of the tasks that wait, for the error."""
    return ", ".join(sorted(_place(task) for task in asyncio.all_tasks())) or "no task"


def _place(task: asyncio.Task[Any]) -> str:
    frames = task.get_stack(limit=1)
    where = f" at {frames[-1].f_code.co_qualname}:{frames[-1].f_lineno}" if frames else ""
    return f"{task.get_name()}{where}"
