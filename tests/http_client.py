"""A client of the HTTP channel with the surface of a WebSocket, so that `WsClient` checks both."""

from __future__ import annotations

import asyncio
import struct
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from tests.ws_client import WsClient

HEADER = struct.Struct(">BII")


class HttpSocket:
    """`lose_every`: every so manyth response is lost on the way back."""

    def __init__(self, http: httpx.AsyncClient, channel: str, lose_every: int = 0) -> None:
        self.http = http
        self.address = f"/api/channel/{channel}"
        self.close_code: int | None = None
        self.polls = 0
        self._lose_every = lose_every
        self._frames: deque[str | bytes] = deque()
        self._seen = 0

    async def post(self, content: bytes, kind: str) -> httpx.Response:
        return await self.http.post(self.address, content=content, headers={"content-type": kind})

    async def send(self, frame: str | bytes) -> None:
        if isinstance(frame, str):
            response = await self.post(frame.encode(), "application/json")
        else:
            response = await self.post(frame, "application/octet-stream")
        assert response.status_code == 204, response.text

    async def recv(self) -> str | bytes:
        while not self._frames:
            assert self.close_code is None, "read after the end"
            await self.poll()
        return self._frames.popleft()

    async def poll(self, wait_s: float = 5) -> None:
        self.polls += 1
        query = {"after": self._seen, "wait_s": wait_s}
        response = await self.http.get(self.address, params=query)
        assert response.status_code == 200, response.text
        if self._lose_every and self.polls % self._lose_every == 0:
            return
        body = response.content
        while body:
            kind, number, size = HEADER.unpack_from(body)
            payload, body = body[HEADER.size : HEADER.size + size], body[HEADER.size + size :]
            assert len(payload) == size, "half a frame"
            assert number == self._seen + 1, "a frame is missing, or came twice"
            self._seen = number
            self._take(kind, payload)

    async def wait_closed(self) -> None:
        async with asyncio.timeout(10):
            while self.close_code is None:
                await self.poll()

    def _take(self, kind: int, payload: bytes) -> None:
        assert self.close_code is None, "something followed the end"
        if kind == 2:
            (self.close_code,) = struct.unpack(">H", payload[:2])
        else:
            self._frames.append(payload.decode() if kind == 0 else payload)


@asynccontextmanager
async def opened(
    base: str, session_id: str = "new", *, lose_every: int = 0
) -> AsyncIterator[HttpSocket]:
    """An open channel to the service at `host:port`; hung up at the end."""
    async with httpx.AsyncClient(base_url=f"http://{base}", timeout=30) as http:
        answer = await http.post("/api/channel", json={"session_id": session_id})
        assert answer.status_code == 201, answer.text
        socket = HttpSocket(http, answer.json()["channel"], lose_every)
        yield socket
        await http.delete(socket.address)


@asynccontextmanager
async def joined(
    base: str, session_id: str = "new", *, lose_every: int = 0, **hello: Any
) -> AsyncIterator[WsClient]:
    """A client that has been greeted."""
    async with opened(base, session_id, lose_every=lose_every) as socket:
        client = WsClient(socket)
        await client.send("hello", protocol=1, **hello)
        await client.until("session_ready")
        await client.until("state_update", state="idle")
        yield client
