"""The WebSocket route: a socket as a line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from fastapi import APIRouter, WebSocket, WebSocketDisconnect
from fastapi.responses import JSONResponse
from starlette.websockets import WebSocketState

from backend.api.connection import Connection
from backend.api.line import Frame, LineLost
from backend.api.rights import STRANGERS_PAGE, may_talk
from backend.api.service import service_of

log = structlog.get_logger()
router = APIRouter()


@router.websocket("/ws/{session_id}")
async def talk(socket: WebSocket, session_id: str) -> None:
    """One session per connection; `new` asks for an id."""
    service = service_of(socket)
    leaving = service.manager.closed_for
    if leaving is not None:  # before the handshake, so that a proxy asks the next backend
        await socket.send_denial_response(JSONResponse({"error": leaving.message}, 503))
        return
    if not may_talk(socket, service.settings.server):
        log.warning("socket.refused", origin=socket.headers["origin"])
        await socket.send_denial_response(JSONResponse({"error": STRANGERS_PAGE}, 403))
        return
    await socket.accept()
    await Connection(SocketLine(socket), service, session_id).run()


class SocketLine:
    """The line that a WebSocket is."""

    def __init__(self, socket: WebSocket) -> None:
        self._socket = socket

    @property
    def is_open(self) -> bool:
        states = (self._socket.client_state, self._socket.application_state)
        return states == (WebSocketState.CONNECTED, WebSocketState.CONNECTED)

    async def receive(self) -> Frame:
        with _lost_when_gone():
            frame = await self._socket.receive()
        if frame["type"] == "websocket.disconnect":
            raise LineLost(f"closed with {frame.get('code', 1005)}")
        text = frame.get("text")
        data: str | bytes = text if text is not None else frame.get("bytes", b"")
        return data

    async def send_text(self, data: str) -> None:
        with _lost_when_gone():
            await self._socket.send_text(data)

    async def send_bytes(self, data: bytes) -> None:
        with _lost_when_gone():
            await self._socket.send_bytes(data)

    async def close(self, code: int) -> None:
        with _lost_when_gone():
            await self._socket.close(code)


@contextmanager
def _lost_when_gone() -> Iterator[None]:
    """What the server's socket raises, by its state, when it is used after its end."""
    try:
        yield
    except (WebSocketDisconnect, RuntimeError) as error:
        raise LineLost(str(error)) from error
