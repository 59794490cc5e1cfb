"""An engine without processes: its actors live here, and one thread makes all their calls.

A replay needs the work and its true cost, not the isolation. The loop sees a job of an executor, so
its virtual clock runs while somebody works. See `backend.engine.base.Engine`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from backend.errors import EngineError


class ThreadActor:
    """A handle on an object in this process. See `backend.engine.base.Actor`."""

    def __init__(self, target: object, thread: ThreadPoolExecutor) -> None:
        self._target: object | None = target
        self._thread = thread

    async def call(self, method: str, *args: Any) -> Any:
        if self._target is None:
            raise EngineError("This actor was closed.")
        job = partial(getattr(self._target, method), *args)
        return await asyncio.get_running_loop().run_in_executor(self._thread, job)

    async def close(self) -> None:
        self._target = None


class ThreadEngine:
    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="engine")
        self._actors = 0

    async def start(self) -> None:
        """Nothing to start: the thread comes with the first call."""

    async def spawn(self, factory: Callable[..., Any], *args: Any) -> ThreadActor:
        job = partial(factory, *args)
        target = await asyncio.get_running_loop().run_in_executor(self._thread, job)
        self._actors += 1
        return ThreadActor(target, self._thread)

    async def close(self) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)

    def status(self) -> dict[str, Any]:
        return {"kind": "thread", "workers": 1, "actors": self._actors}
