"""The shape of every stage, and what a stage is given. Providers live one file each beside it.

A handler belongs to one session: its buffers and its options are its own. The weights behind it
are loaded once per process by `Weights` and shared read-only.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, aclosing
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Generic, TypeVar, cast

from backend.config import Settings
from backend.engine.base import Engine
from backend.handlers.health import Breakers
from backend.protocol import VideoFormat

In = TypeVar("In", contravariant=True)
Out = TypeVar("Out", covariant=True)
T = TypeVar("T")

DEFAULT_VIDEO = VideoFormat()


def closing(stream: AsyncIterator[T]) -> AbstractAsyncContextManager[AsyncIterator[T]]:
    """Close what `process` returned on the way out, so that cancelling reaches the producer."""
    return aclosing(cast(AsyncGenerator[T], stream))


class Weights:
    """Things too large to hold twice: loaded once per process, off the event loop, on first use.

    A failed load is not remembered, so a file that appears later is found.
    """

    def __init__(self) -> None:
        self._loading: dict[str, asyncio.Future[Any]] = {}

    async def get(self, key: str, load: Callable[[], T]) -> T:
        if key not in self._loading:
            task = asyncio.ensure_future(asyncio.to_thread(load))
            task.add_done_callback(lambda done: self._forget_failure(key, done))
            self._loading[key] = task
        loaded: T = await asyncio.shield(self._loading[key])
        return loaded

    def _forget_failure(self, key: str, done: asyncio.Future[Any]) -> None:
        if done.cancelled() or done.exception() is not None:
            self._loading.pop(key, None)

    def loaded(self) -> tuple[str, ...]:
        """Keys of everything that is in memory now."""
        return tuple(key for key, task in self._loading.items() if task.done())


@dataclass(frozen=True, slots=True)
class Options:
    """What a session may choose for its stages; `None` means the service's default."""

    avatar: str | None = None
    role: str | None = None
    voice: str | None = None
    language: str | None = None
    video: VideoFormat = DEFAULT_VIDEO


@dataclass(frozen=True, slots=True)
class Context:
    """Everything a provider may lean on. One per session.

    `engine`, `weights` and `breakers` are shared by every session of the process.
    """

    session_id: str
    settings: Settings
    engine: Engine
    weights: Weights
    options: Options = Options()
    breakers: Breakers = field(default_factory=Breakers)


class BaseHandler(ABC, Generic[In, Out]):
    """One provider of one stage.

    `process` is an async generator: closing it (cancellation included) must reach whatever
    produces the output: a model's stream, a voice's socket, a worker's batch.
    """

    component: str
    provider: ClassVar[str]

    def __init__(self, context: Context) -> None:
        self.context = context
        self._ready = False
        self._lock = asyncio.Lock()

    @property
    def active(self) -> str:
        """What really runs."""
        return self.provider

    async def initialize(self) -> None:
        """Load once; later calls return at once.

        Raises:
            ProviderUnavailable: it cannot work here, and why.
        """
        async with self._lock:
            if not self._ready:
                await self._load()
                self._ready = True

    async def _load(self) -> None:
        """Get the weights and open what is kept open."""

    @abstractmethod
    def process(self, item: In) -> AsyncIterator[Out]:
        """Turn one input into a stream of outputs."""

    async def reconfigure(self, options: Options) -> None:
        """Take new options; they hold from the next `process` on."""
        self.context = replace(self.context, options=options)

    async def release(self) -> None:
        """Give back whatever this session alone holds. Safe to call twice."""
