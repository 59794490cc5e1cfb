"""What a client may send, in virtual time."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from backend import virtual_time
from backend.api.intake import SOUND_BURST_S, SOUND_PER_S, Intake, is_longer
from backend.config import ServerSettings, load_settings
from backend.errors import AvatarChatError
from backend.handlers.messages import Pcm
from backend.protocol import MAX_MIC_FRAME_BYTES, ServerMessage

SECOND = bytes(MAX_MIC_FRAME_BYTES)


class Listening:
    """A session that only counts."""

    def __init__(self) -> None:
        self.frames = 0
        self.refusals: list[str] = []

    def hear(self, pcm: Pcm) -> None:
        self.frames += 1

    def report(self, error: AvatarChatError) -> None:
        self.refusals.append(error.code)


def test_sound_may_be_late_but_not_endless() -> None:
    async def flood() -> None:
        session: Any = Listening()
        intake = Intake(session, load_settings().server)
        for _ in range(int(SOUND_BURST_S) + 2):
            await intake.take(SECOND)
        assert session.frames == SOUND_BURST_S and session.refusals == ["rate_limited"] * 2
        await asyncio.sleep(1)
        for _ in range(int(SOUND_PER_S) + 1):
            await intake.take(SECOND)
        assert session.frames == SOUND_BURST_S + SOUND_PER_S and len(session.refusals) == 3

    virtual_time.run(flood())


def test_nobody_who_just_speaks_is_refused() -> None:
    async def speak() -> None:
        session: Any = Listening()
        intake = Intake(session, load_settings().server)
        for _ in range(50 * 300):
            await intake.take(SECOND[:640])
            await asyncio.sleep(0.02)
        assert session.frames == 50 * 300 and not session.refusals

    virtual_time.run(speak())


class Deaf(Listening):
    """One for whom every message is a surprise."""

    timeline: Any = SimpleNamespace(received=lambda message: None)

    def post(self, message: ServerMessage) -> None:
        self.frames += 1


def test_who_floods_waits_for_himself_and_is_told_once_a_second() -> None:
    async def flood() -> None:
        session: Any = Deaf()
        intake = Intake(session, ServerSettings(max_messages_per_s=100))
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        for _ in range(1000):
            await intake.take('{"type":"ping","t":1}')
        assert session.frames >= 200, "what may be said at once"
        assert loop.time() - began_s > 3
        assert 3 <= len(session.refusals) <= 9 and set(session.refusals) == {"rate_limited"}

    virtual_time.run(flood())


def test_a_second_hello_is_refused_with_all_that_it_consents_to() -> None:
    async def greet_again() -> None:
        session: Any = Deaf()
        kept: list[object] = []
        session.timeline = SimpleNamespace(received=kept.append)
        await Intake(session, ServerSettings()).take('{"type":"hello","record":true}')
        assert session.refusals == ["bad_message"] and not kept

    virtual_time.run(greet_again())


@pytest.mark.parametrize(
    ("frame", "is_too_long"), [("a" * 8, False), ("é" * 4, False), ("é" * 5, True)]
)
def test_the_size_of_a_message_is_in_bytes(frame: str, is_too_long: bool) -> None:
    assert is_longer(frame, 8) is is_too_long
