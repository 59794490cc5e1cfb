"""Interruptions of every kind, at any moment, under any delays: the old reply is silent at once,
and whatever is asked afterwards is answered."""

from __future__ import annotations

import asyncio
import random
import threading

import pytest
from structlog.testing import capture_logs

from backend import clock, virtual_time
from backend.config import Settings, load_settings
from backend.handlers.messages import SAMPLE_RATE
from backend.protocol import AnyServerMessage, Hello, Interrupt, StartListen, Text
from backend.replay.page import Manner, OnMessage, Page
from tests.scenarios import schema
from tests.scenarios.house import House
from tests.scenarios.soundscape import FRAME_SAMPLES, Soundscape
from tests.scenarios.wire import Wire

RUNS = 1000
PER_RUN = 2
"""Interruptions of one session, one after the other."""

FRAME_S = FRAME_SAMPLES / SAMPLE_RATE
PATIENCE_S = 60.0
WORDS = "No wait please tell me something else"


class SlowPage(Page):
    """Its line takes a while for everything, so that much is on its way when it is too late."""

    def __init__(self, rng: random.Random, manner: Manner, on_message: OnMessage) -> None:
        super().__init__(manner, on_message)
        self._slow_s = rng.choice((0.0, 0.02, 0.1))
        self._rng = rng

    async def send_text(self, data: str) -> None:
        await asyncio.sleep(self._rng.random() * self._slow_s)
        await super().send_text(data)

    async def send_bytes(self, data: bytes) -> None:
        await asyncio.sleep(self._rng.random() * self._slow_s)
        await super().send_bytes(data)


class Guest:
    """One session, and a user who interrupts it at random. Everything follows from the seed."""

    def __init__(self, seed: int, settings: Settings) -> None:
        self._rng = random.Random(seed)
        self._sound = Soundscape()
        self._house = House(settings, self._script(), self._sound)
        self._page = SlowPage(self._rng, self._manner(), self._take)
        self._has_changed = asyncio.Event()
        self.wire = Wire()
        self._microphone: asyncio.Task[None] | None = None

    async def run(self) -> None:
        async with self._house.open(), asyncio.timeout(1000):
            self._house.connect(self._page, Hello())
            try:
                for _ in range(PER_RUN):
                    await self._ask("Tell me a long story")
                    await asyncio.sleep(self._rng.uniform(0, 5))
                    await self._rng.choice(
                        (self._type, self._interrupt, self._speak_up, self._start_listen)
                    )()
                    await asyncio.sleep(self._rng.uniform(0, 1))
                await self._must_be_answered()
            finally:
                if self._microphone is not None:
                    self._microphone.cancel()
                self._page.hang_up()
        left = asyncio.all_tasks() - {asyncio.current_task()}
        assert not left, f"left behind: {left}"

    # ------------------------------------------------------------------ what is checked

    def _take(self, message: AnyServerMessage) -> None:
        self.wire.take(message)
        self._has_changed.set()

    async def _must_be_answered(self) -> None:
        """Never mute, never stuck: the next words are answered to their end."""
        await self._ask("Are you there?")
        before = self.wire.newest
        async with asyncio.timeout(PATIENCE_S):
            while (
                self.wire.newest <= before or self.wire.ended.get(self.wire.newest) != "completed"
            ):
                self._has_changed.clear()
                await self._has_changed.wait()

    # ------------------------------------------------------------------ what the user does

    async def _ask(self, text: str) -> None:
        self._page.say(Text(text=text))

    async def _type(self) -> None:
        await self._ask("Something else, please")

    async def _interrupt(self) -> None:
        self._page.say(Interrupt())

    async def _start_listen(self) -> None:
        self._page.say(StartListen(echo_cancellation=self._rng.random() < 0.7))

    async def _speak_up(self) -> None:
        await self._start_listen()
        if self._microphone is None:
            self._microphone = asyncio.create_task(self._listen())
        await self._ask("Go on")
        await asyncio.sleep(self._rng.uniform(0, 3))
        for_s = self._rng.uniform(0.2, 2)
        self._sound.speak(WORDS, clock.now(), for_s)
        await asyncio.sleep(for_s)

    async def _listen(self) -> None:
        number = round(clock.now() / FRAME_S)
        while True:
            number += 1
            await asyncio.sleep(number * FRAME_S - clock.now())
            self._page.speak(self._sound.frame((number - 1) * FRAME_SAMPLES))

    # ------------------------------------------------------------------ what is random about it

    def _script(self) -> schema.Stages:
        some = self._rng.uniform
        return schema.Stages(
            llm=schema.LlmScript(first_token_ms=some(0, 1500), token_ms=some(0, 80)),
            asr=schema.AsrScript(delay_ms=some(0, 800)),
            tts=schema.TtsScript(first_ms=some(0, 900), ms_per_char=some(20, 80)),
            avatar=schema.AvatarScript(first_ms=some(0, 500), pace=some(0.8, 12)),
        )

    def _manner(self) -> Manner:
        some = self._rng.uniform
        return Manner(some(0, 400), some(0, 100), reports=self._rng.random() < 0.8)


@pytest.mark.parametrize("block", range(4))
def test_an_interruption_is_final_and_harms_nothing(block: int) -> None:
    settings = load_settings(timeline={"dir": None})
    before = set(threading.enumerate())

    async def main(seed: int) -> None:
        guest = Guest(seed, settings)
        await guest.run()
        assert not guest.wire.wrong, guest.wire.wrong[0]

    sessions = RUNS // PER_RUN
    for seed in range(block * sessions // 4, (block + 1) * sessions // 4):
        try:
            with capture_logs():
                virtual_time.run(main(seed))
        except BaseException as error:
            error.add_note(f"seed {seed}")
            raise
    assert set(threading.enumerate()) <= before, "a thread was left behind"
