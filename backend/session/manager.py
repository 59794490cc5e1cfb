"""Who is in: admission, coming back, the idle and memory watch, and the clean end of everybody.

A session has a place. While a line leads to it, it is attached; when the line is lost it waits in
its place for `grace_s`, and gives way first where room is short. Whoever brings its resume token
gets it back, from an older line that may not know yet that it is dead, or from the store.
"""

from __future__ import annotations

import asyncio
import secrets
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Literal
from weakref import WeakValueDictionary

import structlog

from backend import clock, metrics
from backend.config import SessionSettings
from backend.errors import (
    SessionBusy,
    SessionError,
    SessionExpired,
    SessionLimitReached,
    SessionShed,
    SessionTakenOver,
)
from backend.memory import private_bytes_of_tree
from backend.session.session import Session
from backend.session.store.keeper import RecordKeeper
from backend.session.store.record import SessionRecord

HANDOVER_BOUND_S = 5.0  # an old line that does not let go in this time keeps its session

log = structlog.get_logger()


class Hold:
    """A line's hold on its session. `on_end` tells the line to let go, and why.

    `is_ending` says that it lets go already; `released` is set when it has.
    """

    def __init__(self, on_end: Callable[[SessionError], None]) -> None:
        self.end = on_end
        self.is_ending = False
        self.released = asyncio.Event()


@dataclass(slots=True)
class _Place:
    """`hold` is `None` while the session waits for its client to come back. `number` is the least
    that was free."""

    session: Session
    hold: Hold | None
    number: int
    lost_at: float = 0.0
    grace: asyncio.TimerHandle | None = None


@dataclass(frozen=True, slots=True)
class Seat:
    """Who sits where, for those who watch the house."""

    number: int
    session: Session
    attached: bool


@dataclass(frozen=True, slots=True)
class Admission:
    """`forgotten`: the client wanted to come back, and nobody knows its conversation."""

    session: Session
    outcome: Literal["fresh", "resumed", "forgotten"]


class SessionManager:
    """`make` builds a session for an id.

    private_bytes: how much memory all processes of the service hold that no file lends them.
    """

    def __init__(
        self,
        settings: SessionSettings,
        make: Callable[[str], Session],
        keeper: RecordKeeper,
        private_bytes: Callable[[], int] | None = None,
    ) -> None:
        self._settings = settings
        self._make = make
        self._keeper = keeper
        self._private_bytes = private_bytes or private_bytes_of_tree
        self._places: dict[str, _Place] = {}
        self._doors: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._closing: set[asyncio.Task[None]] = set()
        self.closed_for: SessionError | None = None
        """Why nobody is let in any more."""

    # ------------------------------------------------------------------ coming and going

    async def admit(self, session_id: str, resume_token: str | None, hold: Hold) -> Admission:
        """Give the line that `hold` stands for its session: the one it names, or a new one.

        Raises:
            SessionError: nobody is let in any more, for the reason of `closed_for`.
            SessionLimitReached: the house is full.
            SessionBusy: this id is connected already, or waits for its client, and the token is
                not the right one. Without any token a waiting session gives way.
        """
        if self.closed_for is not None:
            raise self.closed_for
        door = self._doors.setdefault(session_id, asyncio.Lock())
        async with door:
            place = await self._settled_place(session_id)
            if place is None:
                return await self._enter(session_id, resume_token, hold)
            if _is_right(resume_token, place.session.resume_token):
                return await self._come_back(place, resume_token, hold)
            if place.hold is not None or resume_token is not None:
                metrics.ADMISSIONS.labels("busy").inc()
                raise SessionBusy(
                    "This session is open elsewhere. Close the other tab or connect to /ws/new."
                )
            await self.leave(place.session, "replaced")
            self._keeper.forget(session_id)
            return await self._enter(session_id, None, hold)

    async def detach(self, session: Session, hold: Hold) -> None:
        """The line is lost: the session waits for its client."""
        place = self._place_of(session)
        try:
            session.outbox.rest()
            await session.detach()
        finally:
            if place is not None and place.hold is hold:
                self._wait_for_return(place)
            hold.released.set()

    async def leave(self, session: Session, reason: str) -> None:
        """End a session and give back what it held."""
        place = self._place_of(session)
        if place is not None:
            self._remove(place)
        try:
            await session.close(reason)
        finally:
            if place is not None and place.hold is not None:
                place.hold.released.set()

    async def forget(self, session: Session) -> None:
        """End a session whose client has gone for good; nobody can come back to it."""
        await self.leave(session, "goodbye")
        self._keeper.forget(session.id)

    def keep(self, session: Session) -> None:
        """Save the conversation as it is now, in the background; one without a word is not kept."""
        record = session.record()
        if record.history:
            self._keeper.save(record)

    def dismiss(self, session: Session, why: SessionError) -> None:
        """Ask the line of an attached session to let go of it."""
        place = self._place_of(session)
        if place is not None and place.hold is not None:
            place.hold.end(why)

    async def may_come_back(self, session_id: str) -> bool:
        """There is a conversation under this id that a resume token would bring back."""
        return session_id in self._places or await self._keeper.load(session_id) is not None

    async def close(self) -> None:
        """End everybody."""
        for place in list(self._places.values()):
            await self.leave(place.session, "shutdown")
        await asyncio.gather(*self._closing)

    # ------------------------------------------------------------------ what is known

    def is_full(self) -> bool:
        """No place is free, and none can be made free."""
        return self.attached >= self._settings.limit

    def sessions(self) -> list[Session]:
        """The attached ones."""
        return [place.session for place in self._places.values() if place.hold is not None]

    @property
    def attached(self) -> int:
        return sum(place.hold is not None for place in self._places.values())

    @property
    def detached(self) -> int:
        return len(self._places) - self.attached

    def states(self) -> Counter[str]:
        """How many attached sessions are in each state."""
        return Counter(place.session.state for place in self._places.values() if place.hold)

    def seats(self) -> list[Seat]:
        """Everybody, by place."""
        places = sorted(self._places.values(), key=lambda place: place.number)
        return [Seat(place.number, place.session, place.hold is not None) for place in places]

    def _free_number(self) -> int:
        taken = {place.number for place in self._places.values()}
        return next(number for number in count() if number not in taken)

    # ------------------------------------------------------------------ the watch

    async def watch(self) -> None:
        """Expire the silent and, above the memory ceiling, shed the longest idle. Runs forever."""
        while True:
            await asyncio.sleep(self._settings.watch_interval_s)
            private_bytes = await asyncio.to_thread(self._private_bytes)
            self.sweep(clock.now(), private_bytes)

    def sweep(self, now: float, private_bytes: int) -> None:
        """One look at the clock and the memory; at most one session is shed per look."""
        for place in list(self._places.values()):
            if place.hold and now - place.session.idle_since() > self._settings.idle_timeout_s:
                place.hold.end(
                    SessionExpired("Nothing happened for a while, so this session has ended.")
                )
        over = private_bytes - self._settings.memory_ceiling_mb * 1024 * 1024
        if over > 0 and self._places:
            log.warning("session.shed", private_mb=private_bytes >> 20)
            self._shed(self._longest_lost() or self._longest_idle())

    def _shed(self, place: _Place) -> None:
        """An attached session ends by way of its line, so that its client hears why."""
        if place.hold is None:
            self._leave_soon(place, "shed")
        else:
            place.hold.end(
                SessionShed("The server is short of memory and has ended idle sessions.")
            )

    def _longest_lost(self) -> _Place | None:
        lost = [place for place in self._places.values() if place.hold is None]
        return min(lost, key=lambda place: place.lost_at, default=None)

    def _longest_idle(self) -> _Place:
        return min(self._places.values(), key=lambda place: place.session.idle_since())

    # ------------------------------------------------------------------ admission

    async def _settled_place(self, session_id: str) -> _Place | None:
        """The place under this id, once a line that is ending has left it."""
        place = self._places.get(session_id)
        if place is not None and place.hold is not None and place.hold.is_ending:
            await self._until_released(place.hold)
        return self._places.get(session_id)

    async def _enter(self, session_id: str, token: str | None, hold: Hold) -> Admission:
        """A session that is not here: from the store, or a fresh one."""
        record = await self._recall(session_id, token) if token else None
        await self._make_room()
        session = self._make(session_id)
        if record is not None:
            session.restore(record)
        self._places[session_id] = _Place(session, hold, self._free_number())
        metrics.ADMISSIONS.labels("accepted").inc()
        if token is None:
            return Admission(session, "fresh")
        metrics.RESUMES.labels("store" if record else "nowhere").inc()
        return Admission(session, "resumed" if record else "forgotten")

    async def _recall(self, session_id: str, token: str) -> SessionRecord | None:
        record = await self._keeper.load(session_id)
        return record if record and _is_right(token, record.resume_token) else None

    async def _make_room(self) -> None:
        """Whoever waits without a line gives way, the longest-waiting first.

        Raises:
            SessionLimitReached: everybody is attached.
        """
        while len(self._places) >= self._settings.limit:
            lost = self._longest_lost()
            if lost is None:
                metrics.ADMISSIONS.labels("full").inc()
                raise SessionLimitReached(
                    f"All {self._settings.limit} places are taken. Please try again in a moment."
                )
            await self.leave(lost.session, "gave_way")

    async def _come_back(self, place: _Place, token: str | None, hold: Hold) -> Admission:
        """The session is here; its old line, if it still hangs on, has to let go first."""
        if place.hold is not None:
            await self._take_from(place.hold)
        session = place.session
        record = await self._recall(session.id, token) if token else None
        is_here = self._places.get(session.id) is place
        if not is_here or (record and record.generation > session.outbox.generation):
            await self.leave(session, "moved")  # it went on elsewhere, or ended meanwhile
            return await self._enter(session.id, token, hold)
        self._stop_waiting(place)
        place.hold = hold
        metrics.ADMISSIONS.labels("accepted").inc()
        metrics.RESUMES.labels("here").inc()
        return Admission(session, "resumed")

    async def _take_from(self, old: Hold) -> None:
        old.end(SessionTakenOver("This session goes on over a newer connection."))
        await self._until_released(old)

    async def _until_released(self, hold: Hold) -> None:
        try:
            async with asyncio.timeout(HANDOVER_BOUND_S):
                await hold.released.wait()
        except TimeoutError:
            raise SessionBusy("The older line of this session hangs on. Try again.") from None

    # ------------------------------------------------------------------ places

    def _place_of(self, session: Session) -> _Place | None:
        """Its own, and not that of whoever came after it under its id."""
        place = self._places.get(session.id)
        return place if place is not None and place.session is session else None

    def _wait_for_return(self, place: _Place) -> None:
        place.hold = None
        place.lost_at = clock.now()
        place.grace = asyncio.get_running_loop().call_later(
            self._settings.grace_s, self._leave_soon, place, "not_back"
        )

    def _stop_waiting(self, place: _Place) -> None:
        if place.grace is not None:
            place.grace.cancel()
            place.grace = None

    def _remove(self, place: _Place) -> None:
        self._stop_waiting(place)
        del self._places[place.session.id]

    def _leave_soon(self, place: _Place, reason: str) -> None:
        """Out at once, so that nobody comes back to it while it ends."""
        self._remove(place)
        task = asyncio.create_task(place.session.close(reason))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)


def _is_right(given: str | None, wanted: str) -> bool:
    return given is not None and secrets.compare_digest(given.encode(), wanted.encode())


def new_session_id() -> str:
    return uuid.uuid4().hex
