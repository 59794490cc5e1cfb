"""Who is sent on when, before the process ends."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

import pytest

from backend import clock, virtual_time
from backend.errors import ServiceLeaving, SessionError
from backend.session.departure import LOOK_S, Departure


@dataclass(eq=False)
class Guest:
    id: str
    rests_after_s: float = 0.0
    flickers: bool = False
    talks_s: tuple[float, float] = (0.0, 0.0)

    @property
    def is_at_rest(self) -> bool:
        if self.flickers:
            return round(clock.now() / LOOK_S) % 2 == 0
        began_s, ended_s = self.talks_s
        return clock.now() >= self.rests_after_s and not began_s <= clock.now() < ended_s

    def record(self) -> str:
        has_talked = clock.now() >= self.talks_s[1] > 0
        return f"{self.id}, and a turn" if has_talked else self.id


@dataclass
class House:
    """What a departure knows of the manager and the keeper."""

    guests: list[Guest]
    settling_s: float = 0.0
    away_until_s: float = 0.0
    closed_for: SessionError | None = None
    saved: list[str] = field(default_factory=list)
    settled: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    """Who was sent on before their conversation was saved."""
    left: dict[str, float] = field(default_factory=dict)

    @property
    def attached(self) -> int:
        return len(self.guests)

    def sessions(self) -> list[Guest]:
        return list(self.guests)

    def dismiss(self, guest: Guest, why: SessionError) -> None:
        assert isinstance(why, ServiceLeaving)
        if guest.record() not in self.settled:
            self.lost.append(guest.id)
        self.guests.remove(guest)
        self.left[guest.id] = round(clock.now(), 3)

    def save(self, record: str) -> None:
        self.saved.append(record)

    def is_waiting(self, guest_id: str) -> bool:
        return guest_id not in self.settled

    async def settle(self) -> None:
        if clock.now() >= self.away_until_s:
            self.settled = list(self.saved)
        await asyncio.sleep(self.settling_s)


def leave(*guests: Guest, bound_s: float = 10.0, **of_the_house: float) -> tuple[House, int]:
    house = House(list(guests), **of_the_house)
    anybody: Any = house

    async def run() -> int:
        return await Departure(anybody, anybody).run(bound_s)

    cut_off = virtual_time.run(run())
    assert house.lost == [] or house.away_until_s > bound_s
    return house, cut_off


def test_the_quiet_go_at_once_and_the_others_when_they_are_done() -> None:
    house, cut_off = leave(Guest("quiet"), Guest("talks", rests_after_s=3.0))
    assert cut_off == 0 and house.closed_for is not None
    assert house.left["quiet"] == pytest.approx(LOOK_S, abs=0.01)
    assert 3.0 <= house.left["talks"] <= 3.0 + 3 * LOOK_S


def test_a_conversation_is_saved_before_its_client_moves() -> None:
    house, _ = leave(Guest("a"), Guest("b"))
    assert house.settled == ["a", "b"]


def test_while_the_store_is_away_nobody_moves_without_their_conversation() -> None:
    house, cut_off = leave(Guest("a"), away_until_s=3.0)
    assert cut_off == 0 and 3.0 <= house.left["a"] <= 3.0 + 2 * LOOK_S


def test_a_store_that_stays_away_keeps_nobody_longer_than_the_bound() -> None:
    house, cut_off = leave(Guest("a"), bound_s=5.0, away_until_s=99.0)
    assert cut_off == 1 and 5.0 <= house.left["a"] <= 5.0 + 2 * LOOK_S


def test_a_moment_between_hearing_and_answering_is_no_rest() -> None:
    house, cut_off = leave(Guest("between", flickers=True), bound_s=2.0)
    assert cut_off == 1 and house.left["between"] >= 2.0


def test_the_bound_holds_for_whoever_never_rests() -> None:
    house, cut_off = leave(Guest("endless", rests_after_s=99.0), bound_s=5.0)
    assert cut_off == 1 and 5.0 <= house.left["endless"] <= 5.0 + 2 * LOOK_S


@pytest.mark.parametrize("over_s", [0.9, 5.0], ids=["while it is saved", "long after"])
def test_who_begins_to_talk_while_the_store_takes_its_time_is_not_cut(over_s: float) -> None:
    house, cut_off = leave(Guest("a", talks_s=(0.5, over_s)), Guest("b"), settling_s=1.0)
    assert cut_off == 0 and house.left["b"] == pytest.approx(1.0 + LOOK_S, abs=0.01)
    assert house.left["a"] >= over_s + 1.0


def test_at_the_bound_a_slow_store_keeps_nobody() -> None:
    house, cut_off = leave(Guest("endless", talks_s=(0.5, 99.0)), bound_s=5.0, settling_s=1.0)
    assert cut_off == 1 and 6.0 <= house.left["endless"] <= 6.0 + 2 * LOOK_S
