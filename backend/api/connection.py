"""One line's life: who may come in, to which session, and what becomes of it when the line ends.

Decides nothing about the conversation. A line that is lost leaves its session waiting; only a
session that has expired or failed, could not begin, or was left with a `goodbye` ends with its
line.
"""

from __future__ import annotations

import asyncio
import re
import secrets
from typing import Any

import structlog

from backend import metrics
from backend import protocol as p
from backend.api.intake import Intake, is_longer
from backend.api.line import Frame, Line, LineLost, SaidGoodbye
from backend.api.service import Service
from backend.errors import (
    AvatarChatError,
    BadMessage,
    ServiceLeaving,
    SessionError,
    SessionExpired,
    SessionShed,
    SessionTakenOver,
    Unauthorized,
)
from backend.session.manager import Admission, Hold, new_session_id
from backend.session.outbox import LineStalled, Outbox
from backend.session.session import Session

LAST_WORDS_S = 2.0  # how long a client that is to go may take to hear why
PATIENCE_S = 5.0  # for a first message that has to come: a token, or the way back to a session

LOST = (LineLost, LineStalled, SessionTakenOver, ServiceLeaving)
"""Endings after which the session waits for its client."""

FORGOTTEN = "The earlier conversation is not known any more; this is a new one."

_SESSION_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")

log = structlog.get_logger()


class Connection:
    """From the first frame to the last.

    asked: a session id, or `new`.
    hello_wait_s: how long to wait for a `hello` that nothing depends on.
    """

    def __init__(
        self, line: Line, service: Service, asked: str, hello_wait_s: float | None = None
    ) -> None:
        self.session_id = new_session_id() if asked == "new" else asked
        self._is_new = asked == "new"
        self._line = line
        self._service = service
        self._manager = service.manager
        self._limits = service.settings.server
        self._hello_wait_s = hello_wait_s or service.settings.session.hello_timeout_s
        self._ended: asyncio.Future[SessionError] = asyncio.get_running_loop().create_future()
        self._hold = Hold(self._end)
        self._is_greeted = False

    async def run(self) -> None:
        with structlog.contextvars.bound_contextvars(session_id=self.session_id):
            try:
                if not _SESSION_ID.fullmatch(self.session_id):
                    raise BadMessage("A session id has 1 to 64 letters, digits, '-' or '_'.")
                first = await self._first_frame()
                hello = self._authorised(first)
                token = hello.resume_token if hello else None
                admission = await self._manager.admit(self.session_id, token, self._hold)
            except (SessionError, BadMessage) as error:
                await self._refuse(error)
            except LineLost:
                log.info("session.gone_before_hello")
            else:
                await self._serve(admission, hello, None if hello else first)

    def _end(self, error: SessionError) -> None:
        """The manager wants the session: let go of it, and say why."""
        if not self._ended.done():
            self._ended.set_result(error)

    # ------------------------------------------------------------------ admission

    async def _first_frame(self) -> Frame | None:
        """The first frame if it comes soon, since `hello` is optional.

        It is waited for where the client would lose something without it: a `hello` that is late
        must not end the conversation that it wants to come back to.
        """
        receiving = asyncio.ensure_future(self._line.receive())
        try:
            await asyncio.wait({receiving}, timeout=self._hello_wait_s)
            if not receiving.done() and await self._needs_hello():
                await asyncio.wait({receiving}, timeout=PATIENCE_S)
            return receiving.result() if receiving.done() else None
        finally:
            receiving.cancel()

    async def _needs_hello(self) -> bool:
        if self._limits.token is not None:
            return True
        return not self._is_new and await self._manager.may_come_back(self.session_id)

    def _authorised(self, first: Frame | None) -> p.Hello | None:
        hello = _hello_in(first, self._limits.max_message_bytes)
        wanted = self._limits.token
        given = (hello.token if hello else None) or ""
        if wanted and not secrets.compare_digest(
            wanted.get_secret_value().encode(), given.encode()
        ):
            raise Unauthorized("The token in `hello` is missing or wrong.")
        if hello and hello.protocol != p.PROTOCOL_VERSION:
            raise BadMessage(f"This server speaks protocol {p.PROTOCOL_VERSION}.")
        return hello

    async def _refuse(self, error: AvatarChatError) -> None:
        metrics.REFUSALS.labels(error.code).inc()
        outbox = Outbox(self.session_id)
        outbox.post(p.ErrorMessage(code=error.code, message=error.message, recoverable=False))
        try:
            async with asyncio.timeout(LAST_WORDS_S):
                await outbox.drain(self._line)
                await self._line.close(error.close_code or 1008)
        except (LineLost, TimeoutError):
            log.info("session.gone_before_refusal", code=error.code)

    # ------------------------------------------------------------------ conversation

    async def _serve(
        self, admission: Admission, hello: p.Hello | None, first: Frame | None
    ) -> None:
        session = admission.session
        log.info("session.open", outcome=admission.outcome)
        stall_s = self._service.settings.session.stall_timeout_s
        reader = asyncio.create_task(self._converse(admission, hello, first))
        writer = asyncio.create_task(session.outbox.run(self._line, stall_s))
        ending: BaseException = LineLost("the server let go of it")
        try:
            waiting: set[asyncio.Future[Any]] = {writer, reader, self._ended}
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            ending = self._ending(writer, reader)
        finally:
            self._hold.is_ending = True
            await _stop(reader)
            try:
                await self._part(session, ending, writer)
            finally:
                await _stop(writer)
        await self._close(ending)
        log.info("session.close", reason=type(ending).__name__)

    def _ending(self, *tasks: asyncio.Task[None]) -> BaseException:
        if self._ended.done():
            return self._ended.result()
        errors = [task.exception() for task in tasks if task.done()]
        return next(error for error in errors if error is not None)

    async def _part(
        self, session: Session, ending: BaseException, writer: asyncio.Task[None]
    ) -> None:
        """Give the session back: to wait for its client, or to end."""
        if isinstance(ending, LineStalled):
            metrics.LINES_STALLED.inc()
        if isinstance(ending, LOST) and self._is_greeted:
            await _stop(writer)
            await self._manager.detach(session, self._hold)
        elif isinstance(ending, SaidGoodbye):
            await self._manager.forget(session)
        else:
            await self._manager.leave(session, _reason(ending))
            if not isinstance(ending, LOST):
                session.report(ending, is_last=True)
                await self._say_last_words(session, writer)

    async def _say_last_words(self, session: Session, writer: asyncio.Task[None]) -> None:
        """The writer finishes what it has begun: a meta is never left without its bytes."""
        if self._line.is_open:
            session.outbox.finish()
            await asyncio.wait({writer}, timeout=LAST_WORDS_S)

    async def _close(self, ending: BaseException) -> None:
        if not self._line.is_open:
            return
        try:
            async with asyncio.timeout(LAST_WORDS_S):
                await self._line.close(_close_code(ending))
        except (LineLost, TimeoutError):
            log.info("session.gone_before_close")

    async def _converse(
        self, admission: Admission, hello: p.Hello | None, first: Frame | None
    ) -> None:
        session = admission.session
        resumed = admission.outcome == "resumed"
        if hello is not None:
            session.timeline.received(hello)
        await session.attach(
            hello, lambda again: self._service.greeting(session, again), resumed=resumed
        )
        self._is_greeted = True
        if admission.outcome == "forgotten":
            session.post(p.Notice(component="session", level="info", text=FORGOTTEN))
        intake = Intake(session, self._limits)
        if hello is None:
            if first is None:
                first = await self._line.receive()
            await self._take_first(session, intake, first)
        while True:
            await intake.take(await self._line.receive())

    async def _take_first(self, session: Session, intake: Intake, frame: Frame) -> None:
        """A `hello` that was long on its way is the first message all the same."""
        hello = self._authorised(frame)
        if hello is None:
            await intake.take(frame)
        else:
            session.timeline.received(hello)
            session.hello_again(hello)


def _hello_in(frame: Frame | None, most_bytes: int) -> p.Hello | None:
    """One that is too large is, as any other bad frame, answered once the session is open."""
    if not isinstance(frame, str) or is_longer(frame, most_bytes):
        return None
    try:
        message = p.parse_client_message(frame)
    except AvatarChatError:
        return None  # answered as any other bad frame, once the session is open
    return message if isinstance(message, p.Hello) else None


def _reason(ending: BaseException) -> str:
    if isinstance(ending, LOST):
        return "gone"
    if isinstance(ending, SessionShed):
        return "shed"
    return "expired" if isinstance(ending, SessionExpired) else "failed"


def _close_code(ending: BaseException) -> int:
    if isinstance(ending, SaidGoodbye):
        return 1000
    return (ending.close_code if isinstance(ending, SessionError) else None) or 1011


async def _stop(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
