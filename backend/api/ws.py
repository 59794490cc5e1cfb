"""The WebSocket route: frames in, frames out. Decides nothing about the conversation.

A bad frame is answered with `error` and the loop goes on; only a refused session, a socket that
is gone or a session that has expired ends it.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import re
import secrets
from typing import Any

import numpy as np
import structlog
from fastapi import APIRouter, WebSocket, WebSocketDisconnect
from starlette.websockets import WebSocketState

from backend import clock
from backend import protocol as p
from backend.api.limits import TokenBucket
from backend.api.service import Service
from backend.errors import (
    AvatarChatError,
    BadAudio,
    BadMessage,
    NotAvailable,
    RateLimited,
    SessionError,
    SessionExpired,
    TooLarge,
    Unauthorized,
)
from backend.handlers.messages import Pcm
from backend.session.manager import new_session_id
from backend.session.outbox import Outbox
from backend.session.session import Session

router = APIRouter()
log = structlog.get_logger()

LAST_WORDS_S = 2.0  # how long a client that is to go may take to hear why

_SESSION_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


@router.websocket("/ws/{session_id}")
async def talk(socket: WebSocket, session_id: str) -> None:
    """One session per connection; `new` asks for an id."""
    service: Service = socket.app.state.service
    await socket.accept()
    connection = Connection(socket, service)
    chosen = new_session_id() if session_id == "new" else session_id
    with structlog.contextvars.bound_contextvars(session_id=chosen):
        await connection.run(chosen)


class Connection:
    """One socket, from accept to close."""

    def __init__(self, socket: WebSocket, service: Service) -> None:
        self._socket = socket
        self._service = service
        self._limits = service.settings.server
        self._bucket = TokenBucket(
            self._limits.max_messages_per_s, 2 * self._limits.max_messages_per_s, clock.now()
        )
        self._expired: asyncio.Future[SessionExpired] = asyncio.get_running_loop().create_future()

    async def run(self, session_id: str) -> None:
        try:
            if not _SESSION_ID.fullmatch(session_id):
                raise BadMessage("A session id has 1 to 64 letters, digits, '-' or '_'.")
            first = await self._first_frame()
            hello = self._authorised(first)
            session = self._service.manager.admit(session_id, self._expire)
        except (SessionError, BadMessage) as error:
            await self._refuse(session_id, error)
        except WebSocketDisconnect:
            log.info("session.gone_before_hello")
        else:
            await self._serve(session, hello, None if hello else first)

    # ------------------------------------------------------------------ admission

    async def _first_frame(self) -> str | bytes | None:
        """The first frame if it comes soon, since `hello` is optional."""
        waits_s = self._service.settings.session.hello_timeout_s
        if self._limits.token is not None:
            waits_s = max(waits_s, 5.0)
        try:
            return await asyncio.wait_for(self._receive(), waits_s)
        except TimeoutError:
            return None

    def _authorised(self, first: str | bytes | None) -> p.Hello | None:
        hello = self._hello_in(first)
        wanted = self._limits.token
        given = (hello.token if hello else None) or ""
        if wanted and not secrets.compare_digest(
            wanted.get_secret_value().encode(), given.encode()
        ):
            raise Unauthorized("The token in `hello` is missing or wrong.")
        if hello and hello.protocol != p.PROTOCOL_VERSION:
            raise BadMessage(f"This server speaks protocol {p.PROTOCOL_VERSION}.")
        return hello

    def _hello_in(self, frame: str | bytes | None) -> p.Hello | None:
        if not isinstance(frame, str):
            return None
        try:
            message = p.parse_client_message(frame)
        except AvatarChatError:
            return None  # answered as any other bad frame, once the session is open
        return message if isinstance(message, p.Hello) else None

    async def _refuse(self, session_id: str, error: AvatarChatError) -> None:
        outbox = Outbox(session_id)
        outbox.post(p.ErrorMessage(code=error.code, message=error.message, recoverable=False))
        try:
            await outbox.drain(self._socket)
            await self._socket.close(error.close_code or 1008)
        except (WebSocketDisconnect, RuntimeError):
            log.info("session.gone_before_refusal", code=error.code)

    # ------------------------------------------------------------------ conversation

    async def _serve(
        self, session: Session, hello: p.Hello | None, first: str | bytes | None
    ) -> None:
        log.info("session.open")
        writer = asyncio.create_task(session.outbox.run(self._socket))
        reader = asyncio.create_task(self._converse(session, hello, first))
        reason = "closed"
        try:
            waiting: set[asyncio.Future[Any]] = {writer, reader, self._expired}
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            if self._expired.done():
                reason = "expired"
                session.report(self._expired.result())
        finally:
            reader.cancel()
            (outcome,) = await asyncio.gather(reader, return_exceptions=True)
            try:
                await self._service.manager.leave(session, reason)
                gone = (asyncio.CancelledError, WebSocketDisconnect)
                if isinstance(outcome, BaseException) and not isinstance(outcome, gone):
                    session.report(outcome, is_last=True)
                await self._say_last_words(session, writer)
            finally:
                writer.cancel()
                await asyncio.gather(writer, return_exceptions=True)
        await self._close(reason)
        log.info("session.close", reason=reason)

    async def _say_last_words(self, session: Session, writer: asyncio.Task[None]) -> None:
        """The writer finishes what it has begun: a meta is never left without its bytes."""
        if self._socket.client_state is WebSocketState.CONNECTED:
            session.outbox.finish()
            await asyncio.wait({writer}, timeout=LAST_WORDS_S)

    async def _close(self, reason: str) -> None:
        if self._socket.client_state is not WebSocketState.CONNECTED:
            return
        try:
            async with asyncio.timeout(LAST_WORDS_S):
                await self._socket.close(1001 if reason == "expired" else 1011)
        except (WebSocketDisconnect, RuntimeError, TimeoutError):
            log.info("session.gone_before_close")

    def _expire(self, error: SessionExpired) -> None:
        """The manager ends this session: say so, then close."""
        if not self._expired.done():
            self._expired.set_result(error)

    async def _converse(
        self, session: Session, hello: p.Hello | None, first: str | bytes | None
    ) -> None:
        await session.attach(hello, lambda resumed: self._service.greeting(session, resumed))
        if hello is None:
            if first is None:
                first = await self._receive()
            await self._take_first(session, first)
        while True:
            await self._take(session, await self._receive())

    async def _take_first(self, session: Session, frame: str | bytes) -> None:
        """A `hello` that was long on its way is the first message all the same."""
        hello = self._authorised(frame)
        if hello is None:
            await self._take(session, frame)
        else:
            session.hello_again(hello)

    async def _receive(self) -> str | bytes:
        frame = await self._socket.receive()
        if frame["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(frame.get("code", 1005))
        text = frame.get("text")
        data: str | bytes = text if text is not None else frame.get("bytes", b"")
        return data

    async def _take(self, session: Session, frame: str | bytes) -> None:
        try:
            if not self._bucket.take(clock.now()):
                raise RateLimited(f"More than {self._limits.max_messages_per_s} messages a second.")
            if isinstance(frame, bytes):
                session.hear(decode_pcm(frame))
            else:
                await self._dispatch(session, self._parse(frame))
        except AvatarChatError as error:
            session.report(error)

    def _parse(self, frame: str) -> p.ClientMessage:
        if len(frame) > self._limits.max_message_bytes:
            raise TooLarge(
                f"A message may have {self._limits.max_message_bytes} bytes; "
                f"this one has {len(frame)}."
            )
        message = p.parse_client_message(frame)
        if isinstance(message, p.Text | p.Say) and len(message.text) > self._limits.max_text_chars:
            raise TooLarge(
                f"A text may have {self._limits.max_text_chars} characters; "
                f"this one has {len(message.text)}."
            )
        return message

    async def _dispatch(self, session: Session, message: p.ClientMessage) -> None:
        match message:
            case p.Text():
                await session.text(message)
            case p.Say():
                await session.say(message)
            case p.Interrupt():
                await session.interrupt()
            case p.StartListen():
                await session.start_listen(message)
            case p.StopListen():
                session.stop_listen()
            case p.AudioChunk():
                session.hear(decode_audio_chunk(message))
            case p.ContextUpdate():
                session.context_update(message)
            case p.UiEvent():
                session.ui_event(message)
            case p.ConfigUpdate():
                await session.config_update(message)
            case p.Playback():
                session.playback(message)
            case p.IdlePosition():
                session.idle_position(message)
            case p.Ping():
                session.post(p.Pong(t=message.t))
            case p.Hello():
                raise BadMessage("`hello` is only allowed as the first message.")


def decode_pcm(data: bytes) -> Pcm:
    """s16le mono 16 kHz bytes → samples, shape (n,).

    Raises:
        BadAudio: empty or half a sample.
        TooLarge: more than a second.
    """
    if not data:
        raise BadAudio("An audio frame had no bytes. Send 20 to 40 ms of s16le PCM at 16 kHz.")
    if len(data) % 2:
        raise BadAudio(f"An audio frame had {len(data)} bytes, which is half a sample too many.")
    if len(data) > p.MAX_MIC_FRAME_BYTES:
        raise TooLarge(f"An audio frame may have {p.MAX_MIC_FRAME_BYTES} bytes (one second).")
    return np.frombuffer(data, np.dtype("<i2")).astype(np.int16, copy=False)


def decode_audio_chunk(message: p.AudioChunk) -> Pcm:
    """The same samples out of an `audio_chunk`."""
    if message.format != "pcm_s16le":
        raise NotAvailable(f"Audio as {message.format} is not available yet; send pcm_s16le.")
    try:
        return decode_pcm(base64.b64decode(message.data, validate=True))
    except binascii.Error:
        raise BadAudio("`data` of an audio_chunk is not base64.") from None
