"""An engine without processes: actors live here, their calls run in a thread."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from backend.errors import WorkerDied


class InlineActor:
    def __init__(self, target: Any) -> None:
        self._target = target
        self.is_dead = False
        self.calls: list[str] = []

    async def call(self, method: str, *args: Any) -> Any:
        self.calls.append(method)
        if self.is_dead:
            raise WorkerDied("The worker process ended.")
        return await asyncio.to_thread(getattr(self._target, method), *args)

    async def close(self) -> None:
        self.is_dead = True


class InlineEngine:
    """`actors` are those that were spawned, in order."""

    def __init__(self) -> None:
        self.actors: list[InlineActor] = []

    async def start(self) -> None: ...

    async def spawn(self, factory: Callable[..., Any], *args: Any) -> InlineActor:
        self.actors.append(InlineActor(await asyncio.to_thread(factory, *args)))
        return self.actors[-1]

    async def close(self) -> None: ...

    def status(self) -> dict[str, Any]:
        return {"actors": len(self.actors)}
