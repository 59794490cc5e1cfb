"""A line without a WebSocket: what the client sends comes in requests, what it gets waits here.

Frames for the client are numbered and kept until it says that it has them, so a response that was
lost on the way is simply asked for again. What it has not taken yet is bounded: then the sender
waits, as on a full socket. Knows nothing of HTTP; `channel_routes.py` does.
"""

from __future__ import annotations

import asyncio
import secrets
import struct
from collections import deque
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import structlog

from backend.api.line import Frame, LineLost

MAX_UNTAKEN_FRAMES = 256
MAX_UNTAKEN_BYTES = 4 * 1024 * 1024
MAX_INBOX_FRAMES = 64

HEADER = struct.Struct(">BII")
"""Kind, number and length of a frame; the payload follows."""

log = structlog.get_logger()


class Kind(IntEnum):
    TEXT = 0
    MEDIA = 1
    CLOSE = 2


@dataclass(frozen=True, slots=True)
class _Numbered:
    number: int
    kind: Kind
    payload: bytes

    def packed(self) -> bytes:
        return HEADER.pack(self.kind, self.number, len(self.payload)) + self.payload


class HttpLine:
    """A client that does not poll for `silence_s` is gone."""

    def __init__(self, silence_s: float) -> None:
        self.name = secrets.token_urlsafe(24)
        self._silence_s = silence_s
        self._inbox: asyncio.Queue[Frame] = asyncio.Queue(MAX_INBOX_FRAMES)
        self._mail = asyncio.Event()
        self._outgoing: deque[_Numbered] = deque()
        self._last_number = 0
        self._news = asyncio.Event()
        self._room = asyncio.Event()
        self._polls = 0
        self._is_closed = False
        self._gone: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._silence = self._start_silence()

    # ------------------------------------------------------------------ the service's end

    @property
    def is_open(self) -> bool:
        return not (self._is_closed or self._gone.done())

    async def receive(self) -> Frame:
        while self._inbox.empty():
            if self._gone.done():
                raise LineLost(self._gone.result())
            self._mail.clear()
            await self._mail.wait()
        return self._inbox.get_nowait()

    async def send_text(self, data: str) -> None:
        await self._send(Kind.TEXT, data.encode())

    async def send_bytes(self, data: bytes) -> None:
        await self._send(Kind.MEDIA, data)

    async def close(self, code: int) -> None:
        """The close frame goes in whatever waits; nothing follows it."""
        self._append(Kind.CLOSE, struct.pack(">H", code))
        self._is_closed = True

    async def _send(self, kind: Kind, payload: bytes) -> None:
        while self.is_open and not self._has_room(len(payload)):
            self._room.clear()
            await self._room.wait()
        if not self.is_open:
            raise LineLost(self._gone.result() if self._gone.done() else "closed")
        self._append(kind, payload)

    def _has_room(self, size: int) -> bool:
        untaken = sum(len(frame.payload) for frame in self._outgoing)
        is_small = untaken + size <= MAX_UNTAKEN_BYTES
        return not self._outgoing or (is_small and len(self._outgoing) < MAX_UNTAKEN_FRAMES)

    def _append(self, kind: Kind, payload: bytes) -> None:
        self._last_number += 1
        self._outgoing.append(_Numbered(self._last_number, kind, payload))
        self._news.set()

    # ------------------------------------------------------------------ the client's end

    async def deliver(self, frame: Frame) -> None:
        """A frame from the client; waits while the session is behind.

        What comes after the end is dropped: the client has not heard of it yet.
        """
        if self.is_open:
            await self._inbox.put(frame)
            self._mail.set()

    async def poll(self, after: int, wait_s: float) -> bytes:
        """Forget what the client has, up to number `after`; give what it has not.

        Waits for something to give, up to `wait_s` seconds; then empty.
        """
        with self._being_polled():
            self._forget(after)
            try:
                async with asyncio.timeout(wait_s):
                    while not self._outgoing and not self._gone.done():
                        self._news.clear()
                        await self._news.wait()
            except TimeoutError:
                return b""
            return b"".join(frame.packed() for frame in self._outgoing)

    def hang_up(self, why: str) -> None:
        """The client is gone, or says that it goes."""
        self._silence.cancel()
        if not self._gone.done():
            self._gone.set_result(why)
        for event in (self._mail, self._room, self._news):
            event.set()

    @property
    def is_gone(self) -> bool:
        return self._gone.done()

    async def until_gone(self) -> None:
        """The client is gone, or has taken the last that was said; bounded by its silence."""
        await asyncio.wait({self._gone}, timeout=self._silence_s)
        self.hang_up("over")

    def _forget(self, after: int) -> None:
        while self._outgoing and self._outgoing[0].number <= after:
            self._outgoing.popleft()
        self._room.set()
        if self._is_closed and not self._outgoing:
            self.hang_up("the last frame was taken")

    @contextmanager
    def _being_polled(self) -> Iterator[None]:
        """Silence begins when the last of the open polls has ended."""
        self._polls += 1
        self._silence.cancel()
        try:
            yield
        finally:
            self._polls -= 1
            if self._polls == 0 and not self._gone.done():
                self._silence = self._start_silence()

    def _start_silence(self) -> asyncio.TimerHandle:
        loop = asyncio.get_running_loop()
        return loop.call_later(self._silence_s, self.hang_up, "no poll came")


class Channels:
    """The open lines by their unguessable names, each with the connection that it carries."""

    def __init__(self) -> None:
        self._open: dict[str, tuple[HttpLine, asyncio.Task[None]]] = {}

    def __len__(self) -> int:
        return len(self._open)

    def open(self, line: HttpLine, connection: Coroutine[Any, Any, None]) -> None:
        self._open[line.name] = line, asyncio.create_task(self._carry(line, connection))

    def find(self, name: str) -> HttpLine | None:
        line, _ = self._open.get(name, (None, None))
        return None if line is None or line.is_gone else line

    async def close(self) -> None:
        """End every line; their sessions see it as lost."""
        for line, task in list(self._open.values()):
            line.hang_up("the service stops")
            await asyncio.gather(task, return_exceptions=True)

    async def _carry(self, line: HttpLine, connection: Coroutine[Any, Any, None]) -> None:
        try:
            await connection
            await line.until_gone()
        except Exception as error:
            log.error("channel.crashed", exc_info=error)
        finally:
            line.hang_up("over")
            del self._open[line.name]
