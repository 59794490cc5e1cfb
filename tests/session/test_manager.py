"""Admission, and who has to go."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from backend.config import SessionSettings
from backend.errors import SessionBusy, SessionExpired, SessionLimitReached
from backend.session.manager import SessionManager, resident_bytes_of_tree

MIB = 1024 * 1024


@dataclass
class Guest:
    """The few things that the manager knows of a session."""

    id: str
    last_sign: float = 0.0
    state: str = "idle"
    ended: list[str] = field(default_factory=list)

    def idle_since(self) -> float:
        return self.last_sign

    async def close(self, reason: str) -> None:
        self.ended.append(reason)


class House:
    """A manager and what it told its guests."""

    def __init__(self, **settings: float) -> None:
        self.manager = SessionManager(SessionSettings(**settings), Guest)
        self.expired: dict[str, SessionExpired] = {}

    def admit(self, name: str, last_sign: float = 0.0) -> Guest:
        guest = self.manager.admit(name, lambda error: self.expired.update({name: error}))
        guest.last_sign = last_sign
        return guest


async def test_admits_up_to_the_limit_and_a_leaver_makes_room() -> None:
    house = House(limit=2)
    first = house.admit("a")
    house.admit("b")
    with pytest.raises(SessionLimitReached, match="2 places"):
        house.admit("c")
    await house.manager.leave(first, "closed")
    assert first.ended == ["closed"]
    house.admit("c")


def test_one_session_per_id() -> None:
    house = House()
    house.admit("a")
    with pytest.raises(SessionBusy):
        house.admit("a")


async def test_who_leaves_twice_takes_nobody_along() -> None:
    house = House()
    first = house.admit("a")
    await house.manager.leave(first, "shutdown")
    house.admit("a")
    await house.manager.leave(first, "closed")
    with pytest.raises(SessionBusy):
        house.admit("a")


def test_only_the_silent_expire() -> None:
    house = House(idle_timeout_s=60)
    house.admit("quiet", last_sign=0.0)
    house.admit("lively", last_sign=50.0)
    house.manager.sweep(now=61.0, resident_bytes=0)
    assert set(house.expired) == {"quiet"}


def test_above_the_ceiling_the_longest_idle_goes_first_and_one_at_a_time() -> None:
    house = House(memory_ceiling_mb=128, idle_timeout_s=1000)
    house.admit("newer", last_sign=20.0)
    oldest = house.admit("oldest", last_sign=10.0)
    house.manager.sweep(now=30.0, resident_bytes=128 * MIB)
    assert not house.expired
    house.manager.sweep(now=30.0, resident_bytes=129 * MIB)
    assert set(house.expired) == {"oldest"} and "memory" in house.expired["oldest"].message
    oldest.last_sign = 10.0  # still leaving: it is not told twice, and takes nobody along
    house.manager.sweep(now=31.0, resident_bytes=129 * MIB)
    assert set(house.expired) == {"oldest"}


def test_states_are_counted() -> None:
    house = House()
    house.admit("a").state = "speaking"
    house.admit("b")
    assert house.manager.states() == {"speaking": 1, "idle": 1}


async def test_closing_the_house_ends_everybody() -> None:
    house = House()
    guests = [house.admit(name) for name in "ab"]
    await house.manager.close()
    assert [guest.ended for guest in guests] == [["shutdown"], ["shutdown"]]


def test_resident_memory_counts_this_process() -> None:
    assert resident_bytes_of_tree() > 10 * MIB
