"""Who is in: admission, the idle and memory watch, and the clean end of everybody."""

from __future__ import annotations

import asyncio
import uuid
from collections import Counter
from collections.abc import Callable

import psutil
import structlog

from backend import clock, metrics
from backend.config import SessionSettings
from backend.errors import SessionBusy, SessionExpired, SessionLimitReached
from backend.session.session import Session

log = structlog.get_logger()


class SessionManager:
    """`make` builds a session for an id; `resident_bytes` says how much memory all processes hold.

    Sessions are told to go through their `on_expired` callback, which closes the socket.
    """

    def __init__(
        self,
        settings: SessionSettings,
        make: Callable[[str], Session],
        resident_bytes: Callable[[], int] | None = None,
    ) -> None:
        self._settings = settings
        self._make = make
        self._resident_bytes = resident_bytes or resident_bytes_of_tree
        self._sessions: dict[str, Session] = {}
        self._on_expired: dict[str, Callable[[SessionExpired], None]] = {}

    def admit(self, session_id: str, on_expired: Callable[[SessionExpired], None]) -> Session:
        """Make room for one more.

        Raises:
            SessionLimitReached: the house is full.
            SessionBusy: this id is connected already.
        """
        if session_id in self._sessions:
            metrics.ADMISSIONS.labels("busy").inc()
            raise SessionBusy(
                "This session is open elsewhere. Close the other tab or connect to /ws/new."
            )
        if self.is_full():
            metrics.ADMISSIONS.labels("full").inc()
            raise SessionLimitReached(
                f"All {self._settings.limit} places are taken. Please try again in a moment."
            )
        metrics.ADMISSIONS.labels("accepted").inc()
        session = self._make(session_id)
        self._sessions[session_id] = session
        self._on_expired[session_id] = on_expired
        return session

    async def leave(self, session: Session, reason: str) -> None:
        """End a session and give back what it held."""
        if self._sessions.get(session.id) is session:  # not whoever came after it under its id
            del self._sessions[session.id]
            self._on_expired.pop(session.id, None)
        await session.close(reason)

    def is_full(self) -> bool:
        return len(self._sessions) >= self._settings.limit

    def states(self) -> Counter[str]:
        """How many sessions are in each state."""
        return Counter(session.state for session in self._sessions.values())

    async def watch(self) -> None:
        """Expire the silent and, above the memory ceiling, shed the longest idle. Runs forever."""
        while True:
            await asyncio.sleep(self._settings.watch_interval_s)
            resident = await asyncio.to_thread(self._resident_bytes)
            self.sweep(clock.now(), resident)

    def sweep(self, now: float, resident_bytes: int) -> None:
        """One look at the clock and the memory; at most one session is shed per look."""
        for session in list(self._sessions.values()):
            if now - session.idle_since() > self._settings.idle_timeout_s:
                self._expire(session, "Nothing happened for a while, so this session has ended.")
        over = resident_bytes - self._settings.memory_ceiling_mb * 1024 * 1024
        if over > 0 and self._sessions:
            longest_idle = min(self._sessions.values(), key=lambda session: session.idle_since())
            log.warning("session.shed", resident_mb=resident_bytes >> 20)
            self._expire(longest_idle, "The server is short of memory and has ended idle sessions.")

    def _expire(self, session: Session, why: str) -> None:
        callback = self._on_expired.pop(session.id, None)
        if callback is not None:
            callback(SessionExpired(why))

    async def close(self) -> None:
        for session in list(self._sessions.values()):
            await self.leave(session, "shutdown")


def new_session_id() -> str:
    return uuid.uuid4().hex


def resident_bytes_of_tree() -> int:
    """Resident memory of this process and its children, in bytes."""
    parent = psutil.Process()
    total = 0
    for process in (parent, *parent.children(recursive=True)):
        try:
            total += process.memory_info().rss
        except psutil.NoSuchProcess:  # it ended between the listing and the look
            continue
    return total
