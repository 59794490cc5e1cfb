"""Leaving without anybody noticing: before the process ends, every client moves to another one.

Nobody new is let in. Each session is sent on as soon as it is at rest, its conversation saved: the
client comes back by itself, to a backend that goes on where this one stopped. Who is in the middle
of something gets `bound_s` to finish; then it is sent on all the same.
"""

from __future__ import annotations

import asyncio

import structlog

from backend import clock
from backend.errors import ServiceLeaving
from backend.session.manager import SessionManager
from backend.session.session import Session
from backend.session.store.keeper import RecordKeeper

LOOK_S = 0.1
LOOKS_AT_REST = 2
"""A transcript on its way from the recogniser to its turn is seen by no single look."""

log = structlog.get_logger()


class Departure:
    """Of everybody in `manager`; `keeper` has to know each conversation before its client moves."""

    def __init__(self, manager: SessionManager, keeper: RecordKeeper) -> None:
        self._manager = manager
        self._keeper = keeper
        self._looks: dict[Session, int] = {}

    async def run(self, bound_s: float) -> int:
        """Returns how many sessions had to be cut off."""
        self._manager.closed_for = ServiceLeaving(
            "This server is about to restart. Connect again: another one goes on."
        )
        log.info("service.leaving", sessions=self._manager.attached, bound_s=bound_s)
        until_s = clock.now() + bound_s
        while self._manager.attached and clock.now() < until_s:
            await self._send_on([s for s in self._manager.sessions() if self._is_at_rest(s)])
            await asyncio.sleep(LOOK_S)
        cut_off = self._manager.sessions()
        await self._send_on(cut_off)
        log.info("service.left", cut_off=len(cut_off))
        return len(cut_off)

    def _is_at_rest(self, session: Session) -> bool:
        self._looks[session] = self._looks.get(session, 0) + 1 if session.is_at_rest else 0
        return self._looks[session] >= LOOKS_AT_REST

    async def _send_on(self, sessions: list[Session]) -> None:
        if not sessions:
            return
        for session in sessions:
            self._keeper.save(session.record())  # even without a word: its token must be known
        await self._keeper.settle()
        for session in sessions:
            self._manager.dismiss(session, self._manager.closed_for or ServiceLeaving("Leaving."))
