"""Keeps the records of running conversations, at no cost to them.

Changes are written in the background, in order, the newest of each session only. A store that
fails is asked again after a rest; until then the changes wait here. Nothing of it reaches the
conversation: who comes back while the store is away may find no history, and nothing worse.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

import structlog

from backend import clock, metrics
from backend.breaker import CircuitBreaker
from backend.errors import StoreError
from backend.session.store.base import SessionStore
from backend.session.store.record import SessionRecord

T = TypeVar("T")

FAILURES = 2  # in a row, then the store is left alone for a while
COOLDOWN_S = 1.0
CHECK_INTERVAL_S = 2.0  # pace of the look whether the store is there, when nothing is to be saved
LAST_WORDS_S = 2.0  # how long a stopping service may take to save what waits
MAX_WAITING = 1000  # conversations; the oldest of an outage that long are given up

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class StoreHealth:
    """`failure` is why the store could not be used last; empty when it could."""

    kind: str
    waiting: int
    failure: str


class RecordKeeper:
    """The one who talks to the store. None of its methods raises `StoreError`."""

    def __init__(self, store: SessionStore) -> None:
        self._store = store
        self._breaker = CircuitBreaker(failures=FAILURES, cooldown_s=COOLDOWN_S)
        self._changes: dict[str, SessionRecord | None] = {}  # oldest first; `None` is a deletion
        self._changed = asyncio.Event()
        self._writing = asyncio.Lock()

    def save(self, record: SessionRecord) -> None:
        self._change(record.session_id, record)

    def forget(self, session_id: str) -> None:
        self._change(session_id, None)

    async def load(self, session_id: str) -> SessionRecord | None:
        """The newest record; `None` when there is none, or when the store does not answer."""
        if session_id in self._changes:
            return self._changes[session_id]
        try:
            return await self._ask("load", lambda: self._store.load(session_id))
        except StoreError:
            return None

    def is_waiting(self, session_id: str) -> bool:
        """Whether what was last told of this conversation is not in the store yet."""
        return session_id in self._changes

    def health(self) -> StoreHealth:
        return StoreHealth(self._store.kind, len(self._changes), self._breaker.reason)

    async def run(self) -> None:
        """Write changes as they come, and look after the store. Runs forever."""
        while True:
            await self._keep_up()
            self._changed.clear()
            with suppress(TimeoutError):  # nothing has changed; the store is looked after
                async with asyncio.timeout(CHECK_INTERVAL_S):
                    await self._changed.wait()

    async def settle(self) -> None:
        """Save what waits now, in bounded time."""
        try:
            async with asyncio.timeout(LAST_WORDS_S):
                await self._keep_up()
        except TimeoutError:
            log.warning("store.slow", waiting=len(self._changes))

    async def close(self) -> None:
        """Save what waits, in bounded time."""
        await self.settle()
        try:
            async with asyncio.timeout(LAST_WORDS_S):
                await self._store.close()
        except (TimeoutError, StoreError) as error:
            log.warning("store.closed_badly", error=str(error), waiting=len(self._changes))

    # ------------------------------------------------------------------ inside

    def _change(self, session_id: str, record: SessionRecord | None) -> None:
        self._changes[session_id] = record
        if len(self._changes) > MAX_WAITING:
            self._changes.pop(next(iter(self._changes)))
            metrics.STORE_FAILURES.labels("given_up").inc()
        self._changed.set()

    async def _keep_up(self) -> None:
        """Write all that waits; where nothing does, see whether the store is still there."""
        try:
            async with self._writing:
                if not self._changes:
                    await self._ask("check", self._store.check)
                    self._works()
                while self._changes:
                    await self._write(*next(iter(self._changes.items())))
        except StoreError:
            return  # counted and logged; the changes wait for the next time

    async def _write(self, session_id: str, record: SessionRecord | None) -> None:
        if record is None:
            await self._ask("delete", lambda: self._store.delete(session_id))
        else:
            await self._ask("save", lambda: self._store.save(record))
        self._works()
        if self._changes.get(session_id) is record:  # not what came while it was written
            self._changes.pop(session_id, None)

    def _works(self) -> None:
        """Not told by a load: a store that is full still reads."""
        if self._breaker.reason:
            log.info("store.back")
        self._breaker.succeeded()

    async def _ask(self, operation: str, call: Callable[[], Awaitable[T]]) -> T:
        """
        Raises:
            StoreError: the store failed now, or did so often enough to be left alone.
        """
        if not self._breaker.acquire(clock.now()):
            raise StoreError(self._breaker.reason)
        try:
            return await call()
        except StoreError as error:
            metrics.STORE_FAILURES.labels(operation).inc()
            if not self._breaker.reason:
                log.warning("store.failed", operation=operation, reason=error.message)
            self._breaker.failed(clock.now(), error.message)
            raise
