"""Somebody on the other end of a real WebSocket: asks, listens, and notes when things came.

A visitor takes each chunk as heard the moment it comes, so that a turn takes no longer than its
work; nothing then holds the service back to the pace of playback.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

STREAM = {"container": "fmp4", "chunking": "progressive"}
"""What the page asks for where the browser can play it."""

FILES = {"container": "mp4", "chunking": "sentence"}
"""What it falls back to."""


@dataclass
class Reply:
    """When one reply came, in ms from the question."""

    chunks: list[tuple[float, float]] = field(default_factory=list)
    """Arrival and length of each."""
    metrics: dict[str, float] = field(default_factory=dict)

    @property
    def first_byte_ms(self) -> float:
        return self.chunks[0][0]

    @property
    def stalled_ms(self) -> float:
        """How long a player that starts at once would have stood still for want of a chunk."""
        stalled, played_until = 0.0, self.chunks[0][0]
        for arrived, duration in self.chunks:
            stalled += max(0.0, arrived - played_until)
            played_until = max(arrived, played_until) + duration
        return stalled


@dataclass(frozen=True, slots=True)
class Received:
    """A message, the size of the media that belongs to it, and when it was there, in seconds."""

    message: dict[str, Any]
    size: int
    at_s: float


class Visitor:
    """One connection, one question at a time."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._inbox: asyncio.Queue[Received] = asyncio.Queue()

    async def read(self) -> None:
        """Take what comes as it comes, for as long as the line is there."""
        async for frame in self._socket:
            message, media = json.loads(frame), b""
            if message["type"] in ("video_chunk_meta", "tts_audio_chunk"):
                media = await self._socket.recv(decode=False)
            self.look_at(message, media)
            self._inbox.put_nowait(Received(message, len(media), time.perf_counter()))

    def look_at(self, message: dict[str, Any], media: bytes) -> None:
        """Every message as it comes, with the media that belongs to it; for who wants to check."""

    async def send(self, type_: str, **fields: Any) -> None:
        await self._socket.send(json.dumps({"type": type_, **fields}))

    async def send_sound(self, pcm: bytes) -> None:
        """Microphone samples: s16le, 16 kHz, mono."""
        await self._socket.send(pcm)

    async def receive(self) -> Received:
        return await self._inbox.get()

    async def until(self, type_: str) -> dict[str, Any]:
        while (received := await self.receive()).message["type"] != type_:
            pass
        return received.message

    async def ask(self, question: str) -> Reply:
        """Listen to the whole answer."""
        asked, reply = time.perf_counter(), Reply()
        await self.send("text", text=question)
        while True:
            received = await self.receive()
            message = received.message
            if received.size:
                arrived_ms = (received.at_s - asked) * 1000
                reply.chunks.append((arrived_ms, message["duration_ms"]))
                await self.report(message, "ended")
            elif message["type"] == "turn_end":
                reply.metrics = message["metrics"]
                return reply

    async def report(self, chunk: dict[str, Any], event: str, **fields: float) -> None:
        await self.send(
            "playback",
            generation_id=chunk["generation_id"],
            chunk_seq=chunk["chunk_seq"],
            event=event,
            **fields,
        )


@asynccontextmanager
async def visiting(url: str, video: dict[str, str]) -> AsyncIterator[Visitor]:
    """Connect, greet, and wait until the service is there."""
    async with connect(url, max_size=None) as socket:
        visitor = Visitor(socket)
        reading = asyncio.create_task(visitor.read())
        await visitor.send("hello", protocol=1, video=video)
        await visitor.until("state_update")
        yield visitor
        await socket.close()
        await reading


async def one_question(url: str, question: str, video: dict[str, str]) -> Reply:
    """A visitor who comes, asks once and leaves."""
    async with visiting(url, video) as visitor, asyncio.timeout(60):
        return await visitor.ask(question)
