"""What one session promises, with stages that do exactly what the test says."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from structlog.testing import capture_logs

from backend import clock
from backend.config import load_settings
from backend.errors import NotListening
from backend.metrics import REGISTRY
from backend.protocol import (
    AvatarInfo,
    ConfigUpdate,
    Hello,
    Playback,
    Providers,
    Say,
    SessionReady,
    StartListen,
    Text,
)
from backend.session import floor, playout
from backend.session.ear import Ear
from backend.session.session import Session
from tests.fakes.stages import CRASHES, DEAF, FAILS, LOUD, QUIET, UNTIDY, WELL, fake_stages


class Desk:
    """A session and everything that it has said."""

    def __init__(self) -> None:
        settings = load_settings()
        self.ticks = 1
        self.mood = WELL
        self.said: list[dict[str, Any]] = []
        self.session = Session(
            "s", settings, lambda *_: fake_stages(settings, lambda: self.ticks, lambda: self.mood)
        )
        self.stages: Any = self.session.stages

    def greeting(self, resumed: bool) -> SessionReady:
        return SessionReady(
            resume_token=self.session.resume_token,
            avatar=AvatarInfo(
                id="a", name="A", width=2, height=2, fps=25, idle_url="/i", poster_url="/p"
            ),
            providers=Providers(vad="v", asr="a", llm="l", tts="t", avatar="a"),
            capabilities=(),
            resumed=resumed,
        )

    async def send_text(self, data: str) -> None:
        self.said.append(json.loads(data))

    async def send_bytes(self, data: bytes) -> None: ...

    def of(self, type_: str) -> list[dict[str, Any]]:
        return [message for message in self.said if message["type"] == type_]

    async def until(self, is_so: Callable[[], Any]) -> None:
        async with asyncio.timeout(5):
            while True:
                if is_so():
                    return
                await asyncio.sleep(0)

    async def ask(self, text: str = "Hello?") -> None:
        """A whole turn."""
        ends = len(self.of("turn_end"))
        await self.session.text(Text(text=text))
        await self.until(lambda: len(self.of("turn_end")) > ends)


@pytest.fixture
async def desk(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desk]:
    monkeypatch.setattr(playout, "MARGIN_S", 0.0)
    monkeypatch.setattr(floor, "CANCEL_BOUND_S", 0.01)
    desk = Desk()
    writer = asyncio.create_task(desk.session.outbox.run(desk))
    yield desk
    await desk.session.close("closed")
    writer.cancel()


async def test_nothing_of_a_reply_follows_its_end(desk: Desk) -> None:
    await desk.ask()
    await desk.until(lambda: desk.said[-1]["type"] == "state_update")
    assert desk.said[-1]["state"] == "idle" and "generation_id" not in desk.said[-1]


async def test_an_interruption_opens_a_new_generation(desk: Desk) -> None:
    desk.ticks = 1000
    await desk.session.text(Text(text="Hello?"))
    await desk.session.interrupt()
    await desk.until(lambda: desk.said[-1]["type"] == "state_update")
    assert [m["type"] for m in desk.said[-2:]] == ["turn_end", "state_update"]
    assert [m["generation_id"] for m in desk.said[-2:]] == [1, 2]


async def test_what_a_new_line_asks_for_outranks_what_the_old_one_did(desk: Desk) -> None:
    await desk.session.attach(Hello(voice="hers"), desk.greeting)
    await desk.session.config_update(ConfigUpdate(role="A pirate.", language="zh"))
    await desk.session.detach()
    await desk.session.attach(Hello(role="A nurse."), desk.greeting, resumed=True)
    await desk.ask()
    options = desk.stages.tts.options
    assert (options.voice, options.role, options.language) == ("hers", "A nurse.", "zh")


async def test_new_options_hold_from_the_very_next_turn(desk: Desk) -> None:
    await desk.session.config_update(ConfigUpdate(role="You are a pirate.", language="zh"))
    await desk.ask("123")
    (prompt,) = desk.stages.llm.asked
    assert prompt.messages[0].content.startswith("You are a pirate.") and prompt.language == "zh"
    await desk.session.config_update(ConfigUpdate(language="en"))
    await desk.session.say(Say(text="123"))
    await desk.until(lambda: len(desk.of("turn_end")) == 2)
    assert desk.stages.tts.asked[-1].language == "en"


async def test_a_reply_whose_stage_will_not_stop_does_not_end_twice(desk: Desk) -> None:
    desk.mood, desk.ticks = DEAF, 50
    await desk.session.text(Text(text="Hello?"))
    for _ in range(20):
        await asyncio.sleep(0)
    desk.mood, desk.ticks = WELL, 1
    await desk.ask()
    for _ in range(500):
        await asyncio.sleep(0)
    assert [(m["generation_id"], m["reason"]) for m in desk.of("turn_end")] == [
        (1, "interrupted"),
        (3, "completed"),
    ]
    assert [item.role for item in desk.session.history.items()] == ["user", "user", "assistant"]


async def test_an_interruption_reaches_a_turn_that_has_just_heard_from_the_client(
    desk: Desk,
) -> None:
    desk.stages.avatar.seconds = 60
    await desk.session.text(Text(text="Hello?"))
    await desk.until(lambda: desk.session.state == "speaking")
    for chunk_seq in range(3):
        desk.session.playback(Playback(generation_id=1, chunk_seq=chunk_seq, event="started"))
    await desk.session.interrupt()
    assert desk.session.state == "idle"
    await desk.until(lambda: desk.of("turn_end"))


def counted(component: str, to: str) -> float:
    """Replies that went on without that part."""
    labels = {"component": component, "to": to}
    return REGISTRY.get_sample_value("avatar_chat_fallbacks_total", labels) or 0.0


async def test_a_face_that_fails_leaves_the_voice(desk: Desk) -> None:
    desk.stages.avatar._mood = lambda: FAILS
    before = counted("avatar", "audio")
    with capture_logs() as logs:
        await desk.ask()
    assert counted("avatar", "audio") == before + 1
    assert desk.of("turn_end")[0]["reason"] == "completed"
    assert [m["sentence_index"] for m in desk.of("tts_audio_chunk")] == [0, 1, 2]
    lost = {(one["component"], one["to"]) for one in logs if one["event"] == "reply.part_lost"}
    assert lost == {("avatar", "audio")}
    assert {(m["component"], m["to"]) for m in desk.of("notice")} == {("avatar", "audio")}


async def test_a_voice_that_fails_leaves_the_text(desk: Desk) -> None:
    desk.stages.tts._mood = lambda: FAILS
    await desk.ask()
    assert desk.of("turn_end")[0]["reason"] == "completed"
    assert [m["index"] for m in desk.of("sentence")] == [0, 1, 2]
    assert {(m["component"], m["to"]) for m in desk.of("notice")} == {("tts", "text")}
    assert not desk.of("video_chunk_meta")


async def test_a_model_that_fails_apologises_aloud(desk: Desk) -> None:
    desk.stages.llm._mood = lambda: FAILS
    await desk.ask()
    assert desk.of("turn_end")[0]["reason"] == "failed" and desk.of("error")
    assert "sorry" in desk.of("sentence")[0]["text"] and desk.of("video_chunk_meta")


@pytest.mark.parametrize("stage", ["vad", "asr"])
async def test_a_defect_in_listening_does_not_leave_the_session_deaf(
    desk: Desk, stage: str
) -> None:
    await desk.session.start_listen(StartListen())
    ears = desk.session.stages.by_component()[stage]
    ears._mood = lambda: CRASHES  # type: ignore[attr-defined]  # the fakes have moods
    desk.session.hear(LOUD)
    desk.session.hear(QUIET)
    await desk.until(lambda: desk.of("error"))
    assert desk.of("error")[0]["code"] == "internal"
    ears._mood = lambda: WELL  # type: ignore[attr-defined]  # the fakes have moods
    desk.session.hear(LOUD)
    desk.session.hear(QUIET)
    await desk.until(lambda: desk.of("asr_final"))


@pytest.mark.parametrize("closes", [False, True])
async def test_an_utterance_that_a_reply_came_into_is_heard_whole(desk: Desk, closes: bool) -> None:
    await desk.session.start_listen(StartListen())
    desk.session.hear(LOUD)
    await desk.until(lambda: desk.stages.vad.asked)
    desk.ticks = 20
    await desk.session.text(Text(text="Hello?"))
    desk.session.hear(LOUD)  # its other half, while the avatar thinks
    if closes:
        desk.session.stop_listen()
    else:
        desk.session.hear(QUIET)
    await desk.until(lambda: len(desk.of("turn_end")) == 2)
    assert [m["text"] for m in desk.of("asr_final")] == ["640 samples"]
    assert [m["reason"] for m in desk.of("turn_end")] == ["interrupted", "completed"]


@pytest.mark.parametrize("stage", ["vad", "asr"])
async def test_a_stage_that_cannot_clean_up_does_not_keep_the_ear_open(
    desk: Desk, stage: str
) -> None:
    ears = desk.session.stages.by_component()[stage]
    ears._mood = lambda: UNTIDY  # type: ignore[attr-defined]  # the fakes have moods
    ears._ticks = lambda: 1000  # type: ignore[attr-defined]  # and take their time
    await desk.session.start_listen(StartListen())
    desk.session.hear(LOUD)
    desk.session.hear(QUIET)
    await desk.until(lambda: ears.running)  # type: ignore[attr-defined]
    async with asyncio.timeout(1):
        await desk.session.close("closed")
    assert not ears.running  # type: ignore[attr-defined]


async def test_a_closed_microphone_complains_once(desk: Desk) -> None:
    with pytest.raises(NotListening):
        desk.session.hear(LOUD)
    desk.session.hear(LOUD)
    await desk.session.start_listen(StartListen())
    desk.session.hear(LOUD)
    desk.session.stop_listen()
    with pytest.raises(NotListening):
        desk.session.hear(LOUD)


async def test_sound_that_is_not_heard_is_not_kept(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[object] = []
    monkeypatch.setattr(desk.session.timeline, "microphone", kept.append)
    with pytest.raises(NotListening):
        desk.session.hear(LOUD)
    desk.session.hear(LOUD)
    assert not kept
    await desk.session.start_listen(StartListen())
    desk.session.hear(LOUD)
    assert len(kept) == 1


async def test_who_speaks_is_not_idle(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.session.last_active -= 600
    assert clock.now() - desk.session.idle_since() >= 600
    monkeypatch.setattr(Ear, "is_hearing", True)
    assert clock.now() - desk.session.idle_since() < 60


async def test_one_stage_that_will_not_go_keeps_no_other(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse() -> None:
        raise RuntimeError("No.")

    monkeypatch.setattr(desk.stages.vad, "release", refuse)
    await desk.session.close("closed")
    assert desk.stages.avatar.released and desk.stages.tts.released


async def test_a_session_that_ends_says_how_its_reply_ended(desk: Desk) -> None:
    desk.ticks = 1000
    await desk.session.text(Text(text="Hello?"))
    await desk.session.close("expired")
    await desk.until(lambda: desk.of("turn_end"))
    await desk.session.text(Text(text="Still there?"))
    assert desk.session.state == "idle" and len(desk.of("turn_end")) == 1


def said_by_user(desk: Desk) -> list[str]:
    return [item.text for item in desk.session.history.items() if item.role == "user"]


async def test_a_turn_that_comes_again_is_answered_once(desk: Desk) -> None:
    question = Text(text="Hello?", message_id="one")
    await desk.session.text(question)
    await desk.session.text(question)  # while it is being answered
    await desk.until(lambda: desk.of("turn_end"))
    await desk.session.text(question)
    await desk.session.text(Text(text="Hello?", message_id="two"))
    await desk.until(lambda: len(desk.of("turn_end")) == 2)
    assert [end["reason"] for end in desk.of("turn_end")] == ["completed"] * 2
    assert said_by_user(desk) == ["Hello?", "Hello?"]
    assert desk.session.answered == "two"


async def test_a_turn_whose_answer_nobody_heard_is_answered_when_it_comes_again(
    desk: Desk,
) -> None:
    desk.ticks = 1000
    question = Text(text="Hello?", message_id="one")
    await desk.session.text(question)
    await desk.session.detach()  # before a word of the answer
    assert desk.session.answered is None
    other = Desk()
    other.session.restore(desk.session.record())
    writer = asyncio.create_task(other.session.outbox.run(other))
    await other.session.text(question)
    await other.until(lambda: other.of("turn_end"))
    await other.session.text(question)
    assert said_by_user(other) == ["Hello?"] and other.session.answered == "one"
    await other.session.close("closed")
    writer.cancel()


async def test_texts_without_a_name_are_turns_of_their_own(desk: Desk) -> None:
    await desk.ask()
    await desk.ask()
    assert said_by_user(desk) == ["Hello?"] * 2 and desk.session.answered is None
