"""What a client may send: sound, in virtual time."""

from __future__ import annotations

import asyncio
from typing import Any

from backend import virtual_time
from backend.api.intake import SOUND_BURST_S, SOUND_PER_S, Intake
from backend.config import load_settings
from backend.errors import AvatarChatError
from backend.handlers.messages import Pcm
from backend.protocol import MAX_MIC_FRAME_BYTES

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
