"""A bounded, closable queue between two stages of one reply."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Generic, TypeVar

T = TypeVar("T")


class Pipe(Generic[T]):
    """`put` waits for room, iteration ends when the writer has called `close`."""

    def __init__(self, size: int) -> None:
        self._queue: asyncio.Queue[T | None] = asyncio.Queue(size)

    async def put(self, item: T) -> None:
        await self._queue.put(item)

    def __len__(self) -> int:
        return self._queue.qsize()

    async def close(self) -> None:
        await self._queue.put(None)

    async def __aiter__(self) -> AsyncIterator[T]:
        while (item := await self._queue.get()) is not None:
            yield item
