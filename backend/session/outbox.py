"""The single door to the client's line.

It numbers messages, keeps a meta and its binary frame together, and drops whatever belongs to an
older generation: ghost audio is impossible by construction. It knows nothing of what it carries.

    OPEN ──finish──────────▶ LAST_WORDS   what is queued is still written, then `run` returns
     │ ▲ └─too much waits──▶ STALLED      what is posted is dropped, and `run` gives the line up
    rest │
     ▼ restart                            over another line, numbered from 1
    RESTING                               what is posted is dropped
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from backend import clock, metrics
from backend.protocol import ServerMessage, TurnEnd

MAX_WAITING = 2000  # messages; a line that is so far behind is taken as lost


class Sink(Protocol):
    """What a line must offer."""

    async def send_text(self, data: str) -> None: ...

    async def send_bytes(self, data: bytes) -> None: ...


class LineStalled(Exception):
    """The client takes nothing any more."""


class _Door(Enum):
    OPEN = "open"
    LAST_WORDS = "last words"
    STALLED = "stalled"
    RESTING = "resting"


_SHUT = (_Door.STALLED, _Door.RESTING)


@dataclass(frozen=True, slots=True)
class _Item:
    message: ServerMessage
    media: bytes | None
    generation: int | None
    queued_s: float


class Outbox:
    """Queue of one session, written by one task per line.

    `generation` is the only generation whose messages may pass. Messages without a generation
    always pass. Media wait for room (`media_slots`, `media_bytes`), so a slow client stalls its
    own reply alone. `on_sent` is told of every message as it was stamped, of its media's size, and
    of how many seconds went by from its posting until it was taken.
    """

    def __init__(
        self,
        session_id: str,
        media_slots: int = 2,
        media_bytes: int = 4 * 1024 * 1024,
        on_sent: Callable[[ServerMessage, int, float], None] = lambda message, size, took_s: None,
    ) -> None:
        self.session_id = session_id
        self.generation = 0
        self._ended = -1
        self._door = _Door.OPEN
        self._items: deque[_Item] = deque()
        self._wake = asyncio.Event()
        self._media_slots = media_slots
        self._media_bytes = media_bytes
        self._room = asyncio.Event()
        self._seq = 0
        self._on_sent = on_sent

    # ------------------------------------------------------------------ what the session says

    def post(self, message: ServerMessage, generation: int | None = None) -> None:
        """Queue a text message; a stale one is dropped here already."""
        self._append(_Item(message, None, generation, clock.now()))

    async def post_media(self, meta: ServerMessage, media: bytes, generation: int) -> bool:
        """Queue a meta and its binary frame as one; waits while the client is behind.

        Returns `False` when the reply is over, so that nobody counts it as sent.
        """
        while generation == self.generation and not self._has_room(len(media)):
            self._room.clear()
            await self._room.wait()
        return self._append(_Item(meta, media, generation, clock.now()))

    def open_generation(self) -> int:
        """A reply starts: from now on only its messages pass."""
        self._bump()
        return self.generation

    def cut_generation(self, end: TurnEnd) -> None:
        """The reply is interrupted: `end` is the last that the client hears of it."""
        cut = self.generation
        self._bump()
        self._append(_Item(end, None, cut, clock.now()))

    @property
    def live_generation(self) -> int | None:
        """The current generation, unless its last word has been said."""
        return self.generation if self.generation > self._ended else None

    # ------------------------------------------------------------------ the line

    async def run(self, sink: Sink, stall_s: float | None = None) -> None:
        """Write until `finish`. Errors of the line end it and pass on.

        Raises:
            LineStalled: one message took longer than `stall_s`, or too many are waiting.
        """
        while self._items or self._door in (_Door.OPEN, _Door.RESTING):
            await self._wake.wait()
            self._wake.clear()
            while self._items:
                await self._write_in_time(sink, self._next(), stall_s)
        if self._door is _Door.STALLED:
            raise LineStalled(f"More than {MAX_WAITING} messages were waiting.")

    def finish(self) -> None:
        """Let `run` return once everything that is queued now has been written."""
        self._door = _Door.LAST_WORDS
        self._wake.set()

    def rest(self) -> None:
        """The line is gone: nothing waits for it, and what is posted now is dropped."""
        self._door = _Door.RESTING
        self._drop_all()

    def restart(self) -> None:
        """A new line: a new generation, numbers from 1, and nothing of the old line."""
        self._drop_all()
        self._bump()
        self._door = _Door.OPEN
        self._seq = 0

    async def drain(self, sink: Sink) -> None:
        """Write what is queued now; for a few words where no writer runs."""
        while self._items:
            await self._write(sink, self._next())

    @property
    def waiting(self) -> tuple[int, int]:
        """Messages in the queue, and the bytes of their media."""
        return len(self._items), self._waiting_bytes()

    async def _write_in_time(self, sink: Sink, item: _Item, stall_s: float | None) -> None:
        try:
            async with asyncio.timeout(stall_s):
                await self._write(sink, item)
        except TimeoutError:
            raise LineStalled(f"Nothing was taken for {stall_s} s.") from None

    async def _write(self, sink: Sink, item: _Item) -> None:
        if self._stale(item):
            metrics.STALE_DROPS.inc()
            return
        self._seq += 1
        stamped: dict[str, str | int] = {"session_id": self.session_id, "seq": self._seq}
        if item.generation is not None:
            stamped["generation_id"] = item.generation
        message = item.message.model_copy(update=stamped)
        text = message.model_dump_json(exclude_none=True, by_alias=True)
        metrics.SENT_BYTES.labels("text").inc(len(text.encode()))
        await sink.send_text(text)
        if item.media is not None:
            metrics.SENT_BYTES.labels("media").inc(len(item.media))
            await sink.send_bytes(item.media)
        took_s = clock.now() - item.queued_s
        if item.media is not None:
            metrics.STAGE_SECONDS.labels("send").observe(took_s)
        self._on_sent(message, len(item.media or b""), took_s)

    # ------------------------------------------------------------------ the queue

    def _append(self, item: _Item) -> bool:
        if self._stale(item) or self._is_after_the_end(item):
            metrics.STALE_DROPS.inc()
            return False
        if isinstance(item.message, TurnEnd) and item.generation is not None:
            self._ended = item.generation
        if self._door in _SHUT:
            return False
        self._items.append(item)
        if len(self._items) > MAX_WAITING:
            self._door = _Door.STALLED
            self._drop_all()
        self._wake.set()
        return True

    def _next(self) -> _Item:
        self._room.set()
        return self._items.popleft()

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

    def _drop_all(self) -> None:
        self._items.clear()
        self._room.set()

    def _has_room(self, size: int) -> bool:
        """There is, always, for one; a shut door keeps nobody waiting."""
        media = [len(item.media) for item in self._items if item.media is not None]
        if not media or self._door in _SHUT:
            return True
        return len(media) < self._media_slots and sum(media) + size <= self._media_bytes

    def _waiting_bytes(self) -> int:
        return sum(len(item.media or b"") for item in self._items)
