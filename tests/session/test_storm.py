"""Whatever a client does, in whatever order: nothing stale, every reply ends once, never stuck."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Iterator
from typing import Any

import pytest
from structlog.testing import capture_logs

from backend.config import Settings, load_settings
from backend.errors import NotListening
from backend.protocol import ConfigUpdate, Playback, Say, StartListen, Text
from backend.session import floor, playout
from backend.session.session import Session
from tests.fakes.stages import CRASHES, FAILS, LOUD, QUIET, UNTIDY, WELL, fake_stages

STORMS = 400
ACTIONS = 40
MOODS = [WELL] * 80 + [FAILS, CRASHES, UNTIDY]


class Wire:
    """A client that checks what it is sent while it is sent."""

    def __init__(self, rng: random.Random) -> None:
        self.ended: list[int] = []
        self.state = ""
        self.last_media = (0, 0)
        self._rng = rng
        self._newest = 0
        self._seq = 0
        self._owed: dict[str, Any] | None = None

    async def send_text(self, data: str) -> None:
        message = json.loads(data)
        self._seq += 1
        assert self._owed is None, "something came between a meta and its bytes"
        assert message["seq"] == self._seq
        generation = message.get("generation_id")
        if message["type"] == "turn_end":
            assert generation not in self.ended, "a reply ended twice"
            self.ended.append(generation)
        elif generation is not None:
            assert generation >= self._newest, f"stale: {message}"
            assert generation not in self.ended, f"after its end: {message}"
            self._newest = generation
        if message["type"] == "state_update":
            assert message["state"] != self.state, "a state update that changes nothing"
            self.state = message["state"]
        if message["type"] in ("video_chunk_meta", "tts_audio_chunk"):
            self._owed = message
            self.last_media = (generation, message["chunk_seq"])
        await self._linger()

    async def send_bytes(self, data: bytes) -> None:
        assert self._owed is not None
        if self._owed["type"] == "video_chunk_meta":
            assert data == str(self._owed["generation_id"]).encode(), "bytes of another reply"
        assert len(data) == self._owed["size"]
        self._owed = None
        await self._linger()

    async def _linger(self) -> None:
        for _ in range(self._rng.choice((0, 0, 1, 5))):
            await asyncio.sleep(0)


class Storm:
    """One session and a client that cannot make up its mind."""

    def __init__(self, seed: int, settings: Settings) -> None:
        self.rng = random.Random(seed)
        self.session = Session(
            "s",
            settings,
            lambda *_: fake_stages(
                settings, lambda: self.rng.randrange(4), lambda: self.rng.choice(MOODS)
            ),
        )
        self.wire = Wire(self.rng)
        self.begun: list[int] = []
        self.is_listening = False
        self._writer = asyncio.create_task(self.session.outbox.run(self.wire))
        self._watch_generations()

    async def rage(self) -> None:
        for _ in range(ACTIONS):
            await getattr(self, self.rng.choice(self._actions))()
            await self._pause()
            assert not self._writer.done(), self._writer.exception()

    async def calm(self) -> None:
        """Everything said and done; the session has to come to rest by itself."""
        async with asyncio.timeout(5):
            while not self._is_at_rest():
                assert not self._writer.done(), self._writer.exception()
                await asyncio.sleep(0.001)
        assert self.session.state == ("listening" if self.is_listening else "idle")
        assert sorted(self.wire.ended) == self.begun

    async def end(self) -> None:
        """The session closes in the middle of it all; what still comes in must not revive it."""
        await asyncio.gather(
            self.start_listen(), self.text(), self.session.close("closed"), self.say()
        )
        assert self.session.state in ("idle", "listening")
        self._writer.cancel()
        await asyncio.gather(self._writer, return_exceptions=True)
        others = asyncio.all_tasks() - {asyncio.current_task()}
        assert not others, f"left behind: {others}"
        stages = self.session.stages.by_component().values()
        assert not any(stage.running for stage in stages), "a stage still works"
        assert all(stage.released for stage in stages)

    # ------------------------------------------------------------------ what a client does

    _actions = (
        *("text", "say", "interrupt", "start_listen", "stop_listen", "configure", "report"),
        *("speak", "speak", "text_then_interrupt"),
    )

    async def text(self) -> None:
        await self.session.text(Text(text="Hello?", streaming=self.rng.random() < 0.8))

    async def say(self) -> None:
        await self.session.say(Say(text="One. Two. Three."))

    async def interrupt(self) -> None:
        await self.session.interrupt()

    async def text_then_interrupt(self) -> None:
        await self.text()
        await self._pause()
        await self.session.interrupt()

    async def start_listen(self) -> None:
        is_cancelled = self.rng.choice((None, False, True, True))
        await self.session.start_listen(StartListen(echo_cancellation=is_cancelled))
        self.is_listening = True

    async def stop_listen(self) -> None:
        self.session.stop_listen()
        self.is_listening = False

    async def configure(self) -> None:
        change = self.rng.choice(({"output": "text"}, {"output": "video"}, {"voice": "x"}))
        await self.session.config_update(ConfigUpdate(**change))

    async def report(self) -> None:
        generation, chunk_seq = self.wire.last_media
        event = self.rng.choice(("started", "ended", "underrun"))
        self.session.playback(Playback(generation_id=generation, chunk_seq=chunk_seq, event=event))

    async def speak(self) -> None:
        for sound in (LOUD, QUIET)[: self.rng.randrange(1, 3)]:
            try:
                self.session.hear(sound)
            except NotListening:
                assert not self.is_listening

    # ------------------------------------------------------------------ small things

    async def _pause(self) -> None:
        for _ in range(self.rng.choice((0, 0, 1, 2, 3, 5, 8, 20, 60))):
            await asyncio.sleep(0)

    def _is_at_rest(self) -> bool:
        works = any(stage.running for stage in self.session.stages.by_component().values())
        is_quiet = self.session.state in ("idle", "listening") and not works
        return is_quiet and self.wire.state in ("", self.session.state) and self._all_told()

    def _all_told(self) -> bool:
        return len(self.wire.ended) >= len(self.begun)

    def _watch_generations(self) -> None:
        opened = self.session.outbox.open_generation

        def remember() -> int:
            self.begun.append(opened())
            return self.begun[-1]

        self.session.outbox.open_generation = remember  # type: ignore[method-assign]  # watched from outside


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """Nobody waits long: neither for a client's word nor for a stage that will not stop."""
    monkeypatch.setattr(playout, "MARGIN_S", 0.002)
    monkeypatch.setattr(floor, "CANCEL_BOUND_S", 0.002)
    with capture_logs():  # formatting thousands of expected failures would take most of the time
        yield load_settings()


@pytest.mark.parametrize("block", range(5))
def test_a_storm_leaves_the_session_sound(settings: Settings, block: int) -> None:
    async def weather(seed: int) -> None:
        storm = Storm(seed, settings)
        await storm.rage()
        if storm.rng.random() < 0.7:
            await storm.calm()
        await storm.end()

    for seed in range(block * STORMS // 5, (block + 1) * STORMS // 5):
        try:
            asyncio.run(weather(seed))
        except BaseException as error:
            error.add_note(f"seed {seed}")
            raise
