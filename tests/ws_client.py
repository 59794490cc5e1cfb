"""An independent client of the wire contract that checks every rule it can while it listens."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

Message = dict[str, Any]


class WsClient:
    """Reads text and media; `frames` holds everything in order, media as `(meta, bytes)`."""

    def __init__(
        self, socket: ClientConnection, *, reports: bool = True, follows: WsClient | None = None
    ) -> None:
        self.socket = socket
        self.messages: list[Message] = []
        self.media: list[tuple[Message, bytes]] = []
        self.newest_generation = 0
        self._reports = reports
        self._ended: set[int] = set()
        self._first_generation = follows.newest_generation + 1 if follows else 0

    @property
    def ready(self) -> Message:
        """The greeting."""
        return self.of("session_ready")[0]

    def drop(self) -> None:
        """The line breaks without a word."""
        self.socket.transport.abort()

    async def send(self, type_: str, **fields: Any) -> None:
        await self.socket.send(json.dumps({"type": type_, **fields}))

    async def next(self, timeout_s: float = 30) -> Message:
        """The next message; media are read along with their meta."""
        raw = await asyncio.wait_for(self.socket.recv(), timeout_s)
        assert isinstance(raw, str), "a binary frame came without its meta"
        message: Message = json.loads(raw)
        self._check(message)
        self.messages.append(message)
        if message["type"] in ("video_chunk_meta", "tts_audio_chunk"):
            await self._read_media(message)
        return message

    async def until(self, type_: str, timeout_s: float = 30, **fields: Any) -> Message:
        """Read on until a message of this type with these fields."""
        async with asyncio.timeout(timeout_s):
            while True:
                message = await self.next(timeout_s)
                if message["type"] == type_ and fields.items() <= message.items():
                    return message

    async def quiet(self, seconds: float = 0.3) -> None:
        """Nothing more comes for a while."""
        try:
            late = await self.next(seconds)
        except TimeoutError:
            return
        raise AssertionError(f"unexpected: {late}")

    def of(self, type_: str) -> list[Message]:
        return [message for message in self.messages if message["type"] == type_]

    async def _read_media(self, meta: Message) -> None:
        data = await asyncio.wait_for(self.socket.recv(), 10)
        assert isinstance(data, bytes), "a meta was not followed by its binary frame"
        assert len(data) == meta["size"]
        self.media.append((meta, data))
        if self._reports:
            await self.send(
                "playback",
                generation_id=meta["generation_id"],
                chunk_seq=meta["chunk_seq"],
                event="ended",
            )

    def _check(self, message: Message) -> None:
        assert message["seq"] == len(self.messages) + 1, "seq has a gap"
        if not self.messages:
            assert message["type"] in ("session_ready", "error")
        generation = message.get("generation_id")
        if generation is None:
            return
        assert generation not in self._ended, message
        assert generation >= self.newest_generation, "an older generation came back"
        assert generation >= self._first_generation, "a generation of the old line came back"
        self.newest_generation = generation
        if message["type"] == "turn_end":
            self._ended.add(generation)


@asynccontextmanager
async def joined(url: str, *, reports: bool = True, **hello: Any) -> AsyncIterator[WsClient]:
    """A client that has been greeted."""
    async with connect(url, max_size=None) as socket:
        client = WsClient(socket, reports=reports)
        await client.send("hello", protocol=1, **hello)
        await client.until("session_ready")
        await client.until("state_update", state="idle")
        yield client


@asynccontextmanager
async def returned(
    url: str, before: WsClient, *, reports: bool = True, **hello: Any
) -> AsyncIterator[WsClient]:
    """The client of `before` over a new line to `url`, a service's address."""
    session_id, token = before.ready["session_id"], before.ready["resume_token"]
    async with connect(f"{url}/ws/{session_id}", max_size=None) as socket:
        client = WsClient(socket, reports=reports, follows=before)
        await client.send("hello", protocol=1, resume_token=token, **hello)
        await client.until("session_ready")
        assert client.ready["session_id"] == session_id
        await client.until("state_update", state="idle")
        yield client
