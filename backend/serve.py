"""The process: from the listening socket to a polite end.

The first SIGTERM lets the service leave (see `session.departure`): not ready, nobody new, clients
sent on between two replies. A second one, or Ctrl-C, ends it at once.
"""

from __future__ import annotations

import asyncio
import resource
import signal
import socket
from collections.abc import Awaitable, Callable
from types import FrameType

import uvicorn

from backend.app import create_app
from backend.config import Settings
from backend.memory import keep_heap_small, take_as_lasting
from backend.watchdog import ended_when_stuck

MAX_FRAME_BYTES = 16 * 1024 * 1024
"""Larger frames end the connection; those in between are refused with words by `api`."""

CLOSE_WITHIN_S = 5

ENOUGH_DESCRIPTORS = 65_536
"""For every visitor and every file. Many systems give a process 1,024 unless it asks for more."""


def serve(settings: Settings, listener: socket.socket) -> None:
    """Until a signal ends it."""
    _let_go_of_the_dead(listener, settings.session.stall_timeout_s)
    _take_enough_descriptors()
    keep_heap_small()
    app = create_app(settings, when_loaded=take_as_lasting)
    config = uvicorn.Config(
        app,
        log_config=None,  # its lines take the shape of ours
        log_level="warning",
        ws_max_size=MAX_FRAME_BYTES,
        ws_per_message_deflate=False,  # media are compressed; each line would hold 300 KB for it
        timeout_graceful_shutdown=CLOSE_WITHIN_S,
    )
    server = Server(config, app.state.service.leave, settings.server.hang_timeout_s)
    server.run(sockets=[listener])


class Server(uvicorn.Server):
    """leave: what is awaited between the first SIGTERM and the end.

    hang_s: how long the event loop may stand still; 0 is for ever.
    """

    def __init__(
        self, config: uvicorn.Config, leave: Callable[[], Awaitable[None]], hang_s: float
    ) -> None:
        super().__init__(config)
        self._leave = leave
        self._hang_s = hang_s
        self._leaving: asyncio.Future[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        async with ended_when_stuck(self._hang_s):
            await super().serve(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if sig == signal.SIGTERM and self._loop is not None and self._leaving is None:
            self._leaving = self._loop.create_future()
            self._loop.call_soon_threadsafe(self._begin_to_leave)
        else:
            super().handle_exit(sig, frame)

    def _begin_to_leave(self) -> None:
        self._leaving = asyncio.ensure_future(self._leave())
        self._leaving.add_done_callback(self._left)

    def _left(self, leaving: asyncio.Future[None]) -> None:
        self.should_exit = True
        if not leaving.cancelled():
            leaving.result()  # a defect in it is logged by the loop


def _take_enough_descriptors() -> None:
    """A crowd at the door is told that the house is full; for that each needs a socket first."""
    now, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = ENOUGH_DESCRIPTORS if most == resource.RLIM_INFINITY else min(most, ENOUGH_DESCRIPTORS)
    if now != resource.RLIM_INFINITY and now < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


def _let_go_of_the_dead(listener: socket.socket, after_s: float) -> None:
    """A peer that takes nothing must not keep its socket for ever; only Linux can say so."""
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, round(after_s * 1000))
