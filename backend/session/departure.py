"""Leaving without anybody noticing: before the process ends, every client moves to another one.

Nobody new is let in. Each session is sent on as soon as it is at rest, its conversation saved: the
client comes back by itself, to a backend that goes on where this one stopped. Who is in the middle
of something, or cannot be saved yet, gets `bound_s`; then it is sent on all the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import structlog

from backend import clock
from backend.errors import ServiceLeaving
from backend.session.manager import SessionManager
from backend.session.session import Session
from backend.session.store.keeper import RecordKeeper
from backend.session.store.record import SessionRecord

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
            kept = await self._keep([s for s in self._manager.sessions() if self._is_at_rest(s)])
            self._send_on(
                session for session, record in kept.items() if self._may_go(session, record)
            )
            await asyncio.sleep(LOOK_S)
        cut_off = self._manager.sessions()
        self._send_on(await self._keep(cut_off))
        log.info("service.left", cut_off=len(cut_off))
        return len(cut_off)

    def _is_at_rest(self, session: Session) -> bool:
        self._looks[session] = self._looks.get(session, 0) + 1 if session.is_at_rest else 0
        return self._looks[session] >= LOOKS_AT_REST

    def _may_go(self, session: Session, kept: SessionRecord) -> bool:
        """The store may be away; and while it took its time, somebody may have gone on talking."""
        is_saved = not self._keeper.is_waiting(session.id)
        return is_saved and session.is_at_rest and session.record() == kept

    async def _keep(self, sessions: list[Session]) -> dict[Session, SessionRecord]:
        """Save how they are now, and say how that was."""
        records = {session: session.record() for session in sessions}
        for record in records.values():
            self._keeper.save(record)  # even without a word: its token must be known
        if records:
            await self._keeper.settle()
        return records

    def _send_on(self, sessions: Iterable[Session]) -> None:
        for session in sessions:
            self._manager.dismiss(session, self._manager.closed_for or ServiceLeaving("Leaving."))
