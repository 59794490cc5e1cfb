"""The single door to the socket.

It numbers messages, keeps a meta and its binary frame together, and drops whatever belongs to an
older generation: ghost audio is impossible by construction. It knows nothing of what it carries.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import Protocol

from backend import metrics
from backend.protocol import ServerMessage, TurnEnd


class Sink(Protocol):
    """What a socket must offer."""

    async def send_text(self, data: str) -> None: ...

    async def send_bytes(self, data: bytes) -> None: ...


@dataclass(frozen=True, slots=True)
class _Item:
    message: ServerMessage
    media: bytes | None
    generation: int | None


class Outbox:
    """Queue of one connection, written by one task.

    `generation` is the only generation whose messages may pass. Messages without a generation
    always pass. Media wait for room (`media_slots`), so a slow client stalls its own reply alone.
    """

    def __init__(self, session_id: str, media_slots: int = 2) -> None:
        self.session_id = session_id
        self.generation = 0
        self._ended = -1
        self._is_last = False
        self._items: deque[_Item] = deque()
        self._wake = asyncio.Event()
        self._media_slots = media_slots
        self._room = asyncio.Event()
        self._room.set()
        self._seq = 0

    def post(self, message: ServerMessage, generation: int | None = None) -> None:
        """Queue a text message; a stale one is dropped here already."""
        self._append(_Item(message, None, generation))

    async def post_media(self, meta: ServerMessage, media: bytes, generation: int) -> bool:
        """Queue a meta and its binary frame as one; waits while the client is behind.

        Returns `False` when the reply is over, so that nobody counts it as sent.
        """
        while generation == self.generation and self._queued_media() >= self._media_slots:
            self._room.clear()
            await self._room.wait()
        return self._append(_Item(meta, media, generation))

    def open_generation(self) -> int:
        """A reply starts: from now on only its messages pass."""
        self._bump()
        return self.generation

    def cut_generation(self, end: TurnEnd) -> None:
        """The reply is interrupted: `end` is the last that the client hears of it."""
        cut = self.generation
        self._bump()
        self._append(_Item(end, None, cut))

    @property
    def live_generation(self) -> int | None:
        """The current generation, unless its last word has been said."""
        return self.generation if self.generation > self._ended else None

    async def run(self, sink: Sink) -> None:
        """Write until `finish`. Errors of the socket end it and pass on."""
        while not (self._is_last and not self._items):
            await self._wake.wait()
            self._wake.clear()
            while self._items:
                item = self._items.popleft()
                self._room.set()
                await self._write(sink, item)

    def finish(self) -> None:
        """Let `run` return once everything that is queued now has been written."""
        self._is_last = True
        self._wake.set()

    async def drain(self, sink: Sink) -> None:
        """Write what is queued now; for a few words where no writer runs."""
        while self._items:
            await self._write(sink, self._items.popleft())

    async def _write(self, sink: Sink, item: _Item) -> None:
        if self._stale(item):
            metrics.STALE_DROPS.inc()
            return
        self._seq += 1
        stamped = {"session_id": self.session_id, "seq": self._seq}
        if item.generation is not None:
            stamped["generation_id"] = item.generation
        text = item.message.model_copy(update=stamped).model_dump_json(
            exclude_none=True, by_alias=True
        )
        metrics.SENT_BYTES.labels("text").inc(len(text))
        await sink.send_text(text)
        if item.media is not None:
            metrics.SENT_BYTES.labels("media").inc(len(item.media))
            await sink.send_bytes(item.media)

    def _append(self, item: _Item) -> bool:
        if self._stale(item) or self._is_after_the_end(item):
            metrics.STALE_DROPS.inc()
            return False
        if isinstance(item.message, TurnEnd) and item.generation is not None:
            self._ended = item.generation
        self._items.append(item)
        self._wake.set()
        return True

    def _is_after_the_end(self, item: _Item) -> bool:
        """`turn_end` is the last message of a generation, a second one included."""
        return item.generation is not None and item.generation <= self._ended

    def _stale(self, item: _Item) -> bool:
        """Older generations may say that they ended, and nothing else."""
        old = item.generation is not None and item.generation != self.generation
        return old and not isinstance(item.message, TurnEnd)

    def _bump(self) -> None:
        self.generation += 1
        kept = deque(item for item in self._items if not self._stale(item))
        metrics.STALE_DROPS.inc(len(self._items) - len(kept))
        self._items = kept
        self._room.set()

    def _queued_media(self) -> int:
        return sum(item.media is not None for item in self._items)
