"""Admission, coming back, and who has to go."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field

import pytest

from backend.config import SessionSettings
from backend.errors import (
    SessionBusy,
    SessionError,
    SessionLimitReached,
    SessionShed,
    SessionTakenOver,
)
from backend.handlers.base import Options
from backend.protocol import HistoryItem
from backend.session.manager import Admission, Hold, SessionManager
from backend.session.outbox import Outbox
from backend.session.store.keeper import RecordKeeper
from backend.session.store.memory import MemoryStore
from backend.session.store.record import SessionRecord

MIB = 1024 * 1024


@dataclass
class Guest:
    """The few things that the manager knows of a session."""

    id: str
    resume_token: str = ""
    last_sign: float = 0.0
    state: str = "idle"
    words: tuple[str, ...] = ()
    detached: int = 0
    ended: list[str] = field(default_factory=list)
    cannot_let_go: asyncio.Event | None = None

    def __post_init__(self) -> None:
        self.resume_token = f"token of {self.id}"
        self.outbox = Outbox(self.id)

    def idle_since(self) -> float:
        return self.last_sign

    async def detach(self) -> None:
        if self.cannot_let_go:
            await self.cannot_let_go.wait()
        self.detached += 1

    async def close(self, reason: str) -> None:
        self.ended.append(reason)

    def record(self) -> SessionRecord:
        return SessionRecord(
            session_id=self.id,
            resume_token=self.resume_token,
            generation=self.outbox.generation,
            output="text",
            options=Options(),
            history=tuple(HistoryItem(role="user", text=text) for text in self.words),
        )

    def restore(self, record: SessionRecord) -> None:
        self.words = tuple(item.text for item in record.history)
        self.outbox.generation = record.generation + 1


class House:
    """A manager, and lines that let go when they are told to."""

    def __init__(self, store: MemoryStore, **settings: float) -> None:
        self.keeper = RecordKeeper(store)
        self.manager = SessionManager(SessionSettings(**settings), Guest, self.keeper)
        self.told: dict[str, SessionError] = {}
        self.held: dict[str, Hold] = {}
        self._letting_go: set[asyncio.Task[None]] = set()

    async def admit(self, name: str, token: str | None = None, last_sign: float = 0.0) -> Guest:
        return (await self.let_in(name, token, last_sign)).session

    async def let_in(
        self, name: str, token: str | None = None, last_sign: float = 0.0
    ) -> Admission:
        hold = Hold(lambda error: self._told(guest, hold, error))
        admission = await self.manager.admit(name, token, hold)
        guest = admission.session
        guest.last_sign = last_sign
        self.held[name] = hold
        return admission

    async def lose(self, guest: Guest) -> None:
        await self.manager.detach(guest, self.held[guest.id])

    def _told(self, guest: Guest, hold: Hold, error: SessionError) -> None:
        self.told[guest.id] = error
        if isinstance(error, SessionTakenOver):
            task = asyncio.create_task(self.manager.detach(guest, hold))
            self._letting_go.add(task)


@pytest.fixture
async def store() -> MemoryStore:
    return MemoryStore(ttl_s=60)


@pytest.fixture
async def house(store: MemoryStore) -> AsyncIterator[House]:
    house = House(store, limit=2)
    yield house
    await house.manager.close()


async def test_admits_up_to_the_limit_and_a_leaver_makes_room(house: House) -> None:
    first = await house.admit("a")
    await house.admit("b")
    with pytest.raises(SessionLimitReached, match="2 places"):
        await house.admit("c")
    assert house.manager.is_full()
    await house.manager.leave(first, "failed")
    assert first.ended == ["failed"]
    await house.admit("c")


@pytest.mark.parametrize("token", [None, "wrong"])
async def test_one_line_per_id_unless_it_brings_the_token(house: House, token: str) -> None:
    guest = await house.admit("a")
    with pytest.raises(SessionBusy):
        await house.admit("a", token)
    assert not guest.ended and not house.told


async def test_who_leaves_twice_takes_nobody_along(house: House) -> None:
    first = await house.admit("a")
    await house.manager.leave(first, "shutdown")
    second = await house.admit("a")
    await house.manager.leave(first, "failed")
    await house.lose(first)
    assert house.manager.attached == 1 and not second.ended


async def test_a_lost_line_leaves_its_session_waiting(house: House) -> None:
    guest = await house.admit("a")
    await house.lose(guest)
    assert guest.detached == 1 and not guest.ended
    assert (house.manager.attached, house.manager.detached) == (0, 1)
    back = await house.let_in("a", guest.resume_token)
    assert back.session is guest and back.outcome == "resumed"
    assert (house.manager.attached, house.manager.detached) == (1, 0)


async def test_after_the_grace_it_ends_and_its_words_stay_in_the_store(store: MemoryStore) -> None:
    house = House(store, grace_s=0.05)
    guest = await house.admit("a")
    guest.words = ("hello",)
    house.manager.keep(guest)
    await house.lose(guest)
    await asyncio.sleep(0.1)
    assert guest.ended == ["not_back"] and not house.manager.detached
    back = await house.let_in("a", guest.resume_token)
    assert back.outcome == "resumed" and back.session is not guest
    assert back.session.words == ("hello",)


async def test_who_comes_back_in_time_is_not_ended_by_the_old_grace(store: MemoryStore) -> None:
    house = House(store, grace_s=0.05)
    guest = await house.admit("a")
    await house.lose(guest)
    await house.admit("a", guest.resume_token)
    await asyncio.sleep(0.1)
    assert not guest.ended


async def test_a_newcomer_with_the_token_takes_over_from_a_line_that_hangs_on(
    house: House,
) -> None:
    guest = await house.admit("a")
    back = await house.let_in("a", guest.resume_token)
    assert back.session is guest and guest.detached == 1
    assert isinstance(house.told["a"], SessionTakenOver)
    assert house.told["a"].close_code == 4001


async def test_who_comes_while_the_old_line_is_ending_waits_for_that(house: House) -> None:
    guest = await house.admit("a")
    house.held["a"].is_ending = True
    losing = asyncio.create_task(house.lose(guest))
    fresh = await house.admit("a")
    assert losing.done() and fresh is not guest and guest.ended == ["replaced"]


async def test_a_line_that_does_not_let_go_keeps_its_session(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backend.session.manager.HANDOVER_BOUND_S", 0.05)
    guest = await house.admit("a")
    guest.cannot_let_go = asyncio.Event()
    with pytest.raises(SessionBusy, match="Try again"):
        await house.admit("a", guest.resume_token)
    guest.cannot_let_go.set()


async def test_with_a_wrong_token_nobody_ends_a_waiting_session(house: House) -> None:
    guest = await house.admit("a")
    await house.lose(guest)
    with pytest.raises(SessionBusy):
        await house.admit("a", "wrong")
    assert not guest.ended


async def test_without_a_token_a_waiting_session_gives_way_to_a_fresh_one(house: House) -> None:
    guest = await house.admit("a")
    guest.words = ("secret",)
    house.manager.keep(guest)
    await house.lose(guest)
    fresh = await house.admit("a")
    assert guest.ended == ["replaced"]
    assert fresh is not guest and not fresh.words
    await house.lose(fresh)
    assert await house.keeper.load("a") is None


async def test_a_token_that_nobody_knows_begins_a_fresh_session(house: House) -> None:
    admission = await house.let_in("a", "token of yesterday")
    assert admission.outcome == "forgotten"
    assert (await house.let_in("b")).outcome == "fresh"


async def test_it_goes_on_from_the_store_where_it_went_on_elsewhere(
    house: House, store: MemoryStore
) -> None:
    guest = await house.admit("a")
    guest.words = ("one",)
    await house.lose(guest)
    elsewhere = guest.record().model_copy(
        update={"generation": 9, "history": (HistoryItem(role="user", text="one more"),)}
    )
    await store.save(elsewhere)
    back = await house.let_in("a", guest.resume_token)
    assert guest.ended == ["moved"]
    assert back.outcome == "resumed" and back.session.words == ("one more",)
    assert back.session.outbox.generation == 10


async def test_the_waiting_give_way_when_the_house_is_full_the_longest_first(house: House) -> None:
    first, second = await house.admit("a"), await house.admit("b")
    await house.lose(second)
    await asyncio.sleep(0.001)
    await house.lose(first)
    assert not house.manager.is_full()
    await house.admit("c")
    assert second.ended == ["gave_way"] and not first.ended


async def test_many_who_come_and_go_leave_nothing_behind(store: MemoryStore) -> None:
    house = House(store, limit=4, grace_s=0.05)
    before = len(asyncio.all_tasks())

    async def visit(number: int) -> None:
        with suppress(SessionLimitReached):  # most of them find the house full
            await house.lose(await house.admit(f"guest-{number}"))

    await asyncio.gather(*(visit(number) for number in range(500)))
    assert house.manager.attached == 0 and house.manager.detached <= 4
    await asyncio.sleep(0.1)
    assert house.manager.detached == 0
    assert len(asyncio.all_tasks()) == before


async def test_only_the_silent_expire_and_the_waiting_have_their_own_clock(
    store: MemoryStore,
) -> None:
    house = House(store, idle_timeout_s=60)
    await house.admit("quiet", last_sign=0.0)
    await house.admit("lively", last_sign=50.0)
    waiting = await house.admit("waiting", last_sign=0.0)
    await house.lose(waiting)
    house.manager.sweep(now=61.0, private_bytes=0)
    assert set(house.told) == {"quiet"} and not waiting.ended


async def test_above_the_ceiling_the_waiting_go_first_then_the_longest_idle(
    store: MemoryStore,
) -> None:
    house = House(store, memory_ceiling_mb=128, idle_timeout_s=1000)
    await house.admit("newer", last_sign=20.0)
    await house.admit("oldest", last_sign=10.0)
    waiting = await house.admit("waiting", last_sign=30.0)
    await house.lose(waiting)
    house.manager.sweep(now=30.0, private_bytes=128 * MIB)
    assert not house.told and house.manager.detached == 1
    house.manager.sweep(now=30.0, private_bytes=129 * MIB)
    assert not house.told and house.manager.detached == 0
    await asyncio.sleep(0)
    assert waiting.ended == ["shed"]
    house.manager.sweep(now=30.0, private_bytes=129 * MIB)
    house.manager.sweep(now=31.0, private_bytes=129 * MIB)  # it is still leaving: nobody else goes
    assert set(house.told) == {"oldest"} and isinstance(house.told["oldest"], SessionShed)


async def test_states_are_counted(house: House) -> None:
    (await house.admit("a")).state = "speaking"
    await house.lose(await house.admit("b"))
    assert house.manager.states() == {"speaking": 1}


async def test_closing_the_house_ends_everybody(store: MemoryStore) -> None:
    house = House(store)
    guests = [await house.admit(name) for name in "ab"]
    await house.lose(guests[0])
    await house.manager.close()
    assert [guest.ended for guest in guests] == [["shutdown"], ["shutdown"]]
