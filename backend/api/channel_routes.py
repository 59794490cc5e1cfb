"""The channel routes: a conversation for networks without WebSocket, in plain requests.

The same messages in the same order as on the socket; what differs is only how they travel.
"""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field
from pydantic_core import from_json, to_json

from backend.api.channel import HttpLine
from backend.api.connection import PATIENCE_S, Connection
from backend.api.line import Frame, Upload
from backend.api.refused import Refused
from backend.api.rights import STRANGERS_PAGE, may_talk
from backend.api.service import service_of

router = APIRouter()

MAX_BODY_BYTES = 2 * 1024 * 1024
MAX_MESSAGES = 256  # in one request
MAX_WAIT_S = 25.0  # below the patience of common proxies
DELIVER_BOUND_S = 10.0  # how long a request waits for a session that is behind

NO_CHANNEL = "There is no such channel, or it has ended. Open one with POST /api/channel."


class OpenChannel(BaseModel):
    session_id: str = Field("new", description="`new`, or the id of a session to come back to")


class OpenedChannel(BaseModel):
    channel: str = Field(description="the rest of the address; whoever knows it is the client")
    session_id: str


@router.post("/api/channel", status_code=201)
async def open_channel(request: Request, wanted: OpenChannel) -> OpenedChannel:
    """Open a line. The first message sent over it should be `hello`."""
    service = service_of(request)
    settings = service.settings.session
    if not may_talk(request, service.settings.server):
        raise Refused(403, STRANGERS_PAGE)
    if service.manager.closed_for is not None:
        raise Refused(503, service.manager.closed_for.message)
    if len(service.channels) >= 2 * settings.limit + 32:  # refusals wait there to be heard, too
        raise Refused(503, "Too many channels are open. Please try again in a moment.")
    line = HttpLine(settings.poll_timeout_s)
    connection = Connection(line, service, wanted.session_id, hello_wait_s=PATIENCE_S)
    service.channels.open(line, connection.run())
    return OpenedChannel(channel=line.name, session_id=connection.session_id)


@router.post("/api/channel/{channel}", status_code=204)
async def send(request: Request, channel: str) -> None:
    """From the client: JSON messages, one microphone frame, or a WAV file as one utterance."""
    line = _line(request, channel)
    frames = _frames(request.headers.get("content-type", ""), await _body(request))
    try:
        async with asyncio.timeout(DELIVER_BOUND_S):
            for frame in frames:
                await line.deliver(frame)
    except TimeoutError:
        raise Refused(503, "The session is busy with what was sent before.") from None


@router.get("/api/channel/{channel}", response_class=Response)
async def poll(
    request: Request,
    channel: str,
    after: Annotated[int, Query(ge=0, description="number of the last frame you have")] = 0,
    wait_s: Annotated[float, Query(ge=0, description="how long to wait for something")] = 20.0,
) -> Response:
    """For the client: frames, each as kind (u8), number (u32), length (u32), payload.

    Numbers are big-endian. Kinds: 0 a JSON message, 1 media, 2 the end (close code as u16).
    A client that asks again with the same `after` gets the same frames again.
    """
    line = _line(request, channel)
    polling = asyncio.ensure_future(line.poll(after, min(wait_s, MAX_WAIT_S)))
    leaving = asyncio.ensure_future(_until_gone(request))
    try:
        await asyncio.wait({polling, leaving}, return_when=asyncio.FIRST_COMPLETED)
        body = polling.result() if polling.done() else b""
    finally:
        polling.cancel()
        leaving.cancel()
    return Response(
        body, media_type="application/octet-stream", headers={"Cache-Control": "no-store"}
    )


@router.delete("/api/channel/{channel}", status_code=204)
async def hang_up(request: Request, channel: str) -> None:
    """The client goes. Its session waits for it as after any other end of a line."""
    _line(request, channel).hang_up("the client hung up")


def _line(request: Request, channel: str) -> HttpLine:
    service = service_of(request)
    line = service.channels.find(channel)
    if line is None and service.manager.closed_for is not None:
        # Perhaps it is open at another backend: a proxy that hears 503 asks there.
        raise Refused(503, service.manager.closed_for.message)
    if line is None:
        raise Refused(404, NO_CHANNEL)
    return line


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > MAX_BODY_BYTES:
            raise Refused(413, f"A request may have {MAX_BODY_BYTES} bytes.")
    return bytes(body)


def _frames(content_type: str, body: bytes) -> list[Frame]:
    match content_type.partition(";")[0].strip().lower():
        case "application/json":
            return list(_messages(body))
        case "application/octet-stream":
            return [body]
        case "audio/wav" | "audio/x-wav" | "audio/wave":
            return [Upload(body)]
    raise Refused(415, "Send application/json, application/octet-stream or audio/wav.")


def _messages(body: bytes) -> list[str]:
    """One message, or each of a list; what is not JSON is answered by the session."""
    try:
        parsed = from_json(body)
    except ValueError:
        parsed = None
    if not isinstance(parsed, list):
        return [body.decode(errors="replace")]
    if len(parsed) > MAX_MESSAGES:
        raise Refused(413, f"A request may have {MAX_MESSAGES} messages.")
    return [to_json(message).decode() for message in parsed]


async def _until_gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
