"""Where heavy work runs, seen from outside. Knows nothing of faces, voices or sessions.

An `Actor` is an object that lives in a worker process. Its calls run one at a time and in order;
calls of different actors on one worker take turns, so one long reply cannot starve another. A
call should take well under 200 ms: that is the grain of cancellation.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol


class Actor(Protocol):
    """A handle on an object in a worker process."""

    async def call(self, method: str, *args: Any) -> Any:
        """Run `method(*args)` there and return what it returns.

        Cancelling the wait drops the call if it has not begun.

        Raises:
            WorkerDied: the process ended; the object and its state are gone.
            AvatarChatError: as raised by the method itself.
        """
        ...

    async def close(self) -> None:
        """Forget the object. Safe to call twice."""
        ...


class Engine(Protocol):
    async def start(self) -> None: ...

    async def spawn(self, factory: Callable[..., Any], *args: Any) -> Actor:
        """Build `factory(*args)` in the least-loaded worker. Both must be picklable."""
        ...

    async def close(self) -> None:
        """End every worker. Waits for nothing longer than a bounded time."""
        ...

    def status(self) -> dict[str, Any]:
        """For `/api/status` and metrics: workers, actors, busy seconds, restarts."""
        ...
