"""One reply from its first word to its last sound, in virtual time."""

from __future__ import annotations

import asyncio
import gc
import json
from collections.abc import Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
import pytest

from backend import clock, virtual_time
from backend.config import Settings, load_settings
from backend.errors import UnknownAvatar
from backend.handlers.messages import SAMPLE_RATE, Sentence, SpokenAudio, TextDelta
from backend.protocol import IdlePosition, Playback, Text
from backend.session import playout
from backend.session.idle_loop import IdleLoop
from backend.session.session import Session
from backend.session.turn import Turn
from tests.fakes.stages import FAILS, WELL, FakeAvatar, fake_stages

SENTENCE_S = 2
"""What each of the three sentences of a fake reply takes to say."""


class Page:
    """Notes what comes and when; reports nothing."""

    def __init__(self) -> None:
        self.said: list[tuple[float, dict[str, Any]]] = []

    async def send_text(self, data: str) -> None:
        self.said.append((clock.now(), json.loads(data)))

    async def send_bytes(self, data: bytes) -> None: ...

    def at(self, type_: str) -> list[float]:
        return [round(at, 3) for at, message in self.said if message["type"] == type_]

    def of(self, type_: str) -> list[dict[str, Any]]:
        return [message for _, message in self.said if message["type"] == type_]


class Desk:
    """A session whose sentences take `SENTENCE_S` seconds to say and no time to make."""

    def __init__(self, settings: Settings, mood: Callable[[], str] = lambda: WELL) -> None:
        self.page = Page()
        self.session = Session("s", settings, lambda *_: fake_stages(settings, lambda: 0, mood))
        self.stages: Any = self.session.stages
        self.stages.avatar.seconds = SENTENCE_S
        self.stages.tts.outputs = _sound

    async def ask(self, seconds: float) -> None:
        """A question, and so long a look at what becomes of it."""
        await self.session.text(Text(text="Hello?"))
        await asyncio.sleep(seconds)

    def report(self, event: Any, chunk_seq: int, position_ms: float | None = None) -> None:
        generation = self.page.of("video_chunk_meta")[-1]["generation_id"]
        self.session.playback(
            Playback(
                generation_id=generation, chunk_seq=chunk_seq, event=event, position_ms=position_ms
            )
        )


def _sound(sentence: Sentence) -> list[SpokenAudio]:
    pcm = np.ones(SENTENCE_S * SAMPLE_RATE, np.int16)
    return [SpokenAudio(sentence.stamp, sentence, pcm, is_last=True)]


def in_virtual_time(test: Callable[[Desk], Coroutine[Any, Any, None]], **sections: Any) -> None:
    @asynccontextmanager
    async def opened() -> Any:
        desk = Desk(load_settings(**sections))
        writer = asyncio.create_task(desk.session.outbox.run(desk.page))
        yield desk
        await desk.session.close("closed")
        writer.cancel()

    async def run() -> None:
        async with opened() as desk:
            await test(desk)

    virtual_time.run(run())


def test_a_turn_ends_when_its_sound_ends() -> None:
    async def test(desk: Desk) -> None:
        await desk.ask(20)
        assert desk.page.at("turn_end") == [3 * SENTENCE_S + playout.MARGIN_S]
        assert (
            desk.session.history.items()[-1].text == "This is one. And here is two. Three at last."
        )

    in_virtual_time(test)


@pytest.mark.parametrize("seconds", [1, 20], ids=["interrupted", "completed"])
def test_a_turn_that_is_over_holds_no_memory(seconds: float) -> None:
    async def test(desk: Desk) -> None:
        gc.collect()
        gc.disable()
        try:
            for _ in range(5):
                await desk.ask(seconds)
            left = [it for it in gc.get_objects() if isinstance(it, Turn)]
            assert len(left) <= 1  # that which is on
        finally:
            gc.enable()

    in_virtual_time(test)


def test_a_named_mood_lasts_until_another_and_is_never_shown() -> None:
    async def test(desk: Desk) -> None:
        words = ["[ha", "ppy] We won it. ", "You helped us. ", "[sad] Now it is over. ", "See [1]."]
        desk.stages.llm.outputs = lambda item: [TextDelta(item.stamp, word) for word in words]
        await desk.ask(20)
        moods = [sentence["emotion"] for sentence in desk.page.of("sentence")]
        assert moods == ["happy", "happy", "sad", "sad"]
        shown = "We won it. You helped us. Now it is over. See [1]."
        assert "".join(m["chunk"] for m in desk.page.of("text_chunk")) == shown
        assert desk.session.history.items()[-1].text == shown

    in_virtual_time(test)


def test_what_might_be_interrupted_is_not_drawn() -> None:
    async def test(desk: Desk) -> None:
        await desk.ask(20)
        assert desk.page.at("video_chunk_meta") == [0, 1, 3]  # each no sooner than it must

    in_virtual_time(test, session={"ahead_s": 1})


def test_nothing_more_is_drawn_in_a_pause() -> None:
    async def test(desk: Desk) -> None:
        await desk.ask(0.5)
        desk.session._floor.pause()
        await asyncio.sleep(30)
        assert desk.page.at("video_chunk_meta") == [0] and not desk.page.of("turn_end")
        desk.session._floor.resume()
        await asyncio.sleep(30)
        assert desk.page.at("video_chunk_meta") == [0, 31, 33]
        assert [m["action"] for m in desk.page.of("playback_control")] == ["pause", "resume"]

    in_virtual_time(test, session={"ahead_s": 1})


def test_an_interrupted_reply_is_remembered_up_to_the_last_word_heard() -> None:
    async def test(desk: Desk) -> None:
        await desk.ask(SENTENCE_S + 0.9)
        await desk.session.interrupt()
        (_, answered) = desk.session.history.items()
        assert answered.interrupted and answered.text.startswith("This is one. And")
        assert len(answered.text) < len("This is one. And here is two.")

    in_virtual_time(test)


def test_the_clients_word_on_where_it_stopped_corrects_the_memory() -> None:
    async def test(desk: Desk) -> None:
        kept: list[str] = []
        desk.session._on_change = lambda session: kept.append(session.record().history[-1].text)
        await desk.ask(2 * SENTENCE_S + 1)
        await desk.session.interrupt()
        await asyncio.sleep(0.2)
        desk.report("stopped", 0, SENTENCE_S * 1000)
        assert desk.session.history.items()[-1].text == "This is one."
        await asyncio.sleep(0.2)
        desk.report("stopped", 0, 0)  # too late, and said already
        assert desk.session.history.items()[-1].text == "This is one."
        assert kept[-2:] == ["This is one. And here is two. Three", "This is one."], kept

    in_virtual_time(test, session={"report_wait_s": 0.3})


def test_a_word_that_comes_too_late_changes_nothing() -> None:
    async def test(desk: Desk) -> None:
        await desk.ask(2 * SENTENCE_S + 1)
        await desk.session.interrupt()
        before = desk.session.history.items()
        await asyncio.sleep(0.4)
        desk.report("stopped", 0, 0)
        assert desk.session.history.items() == before

    in_virtual_time(test, session={"report_wait_s": 0.3})


def test_a_line_that_drops_ends_the_reply_and_keeps_the_rest() -> None:
    async def test(desk: Desk) -> None:
        await desk.ask(SENTENCE_S + 0.5)
        generation = desk.session.outbox.generation
        await desk.session.detach()
        await desk.session.detach()
        assert desk.session.state == "idle"
        assert desk.session.history.items()[-1].interrupted
        again = Session("s", desk.session.settings, lambda *_: desk.stages)
        again.restore(desk.session.record())
        assert again.history.items() == desk.session.history.items()
        assert again.outbox.generation > generation
        assert again.resume_token == desk.session.resume_token

    in_virtual_time(test)


def test_speech_begins_with_the_frame_that_the_idle_loop_shows() -> None:
    async def test(desk: Desk) -> None:
        desk.session.idle_position(IdlePosition(position_ms=2000, clip="thinking"))
        await asyncio.sleep(4)
        await desk.ask(20)
        assert desk.stages.avatar.begun == [((6 * 25 + 3) % 125, "thinking")]

    in_virtual_time(test)


def test_a_reply_is_heard_when_its_avatar_has_been_deleted(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_: object) -> Any:
        raise UnknownAvatar("There is no such avatar.")

    monkeypatch.setattr(FakeAvatar, "loop_frames", property(gone))

    async def test(desk: Desk) -> None:
        desk.stages.avatar.outputs = gone
        desk.session.idle_position(IdlePosition(position_ms=0))
        await desk.ask(20)
        assert len(desk.page.of("tts_audio_chunk")) == 3
        assert [end["reason"] for end in desk.page.of("turn_end")] == ["completed"]

    in_virtual_time(test)


def test_a_sentence_that_finds_the_page_idle_joins_its_loop_again() -> None:
    async def test(desk: Desk) -> None:
        desk.session._idle_loop = IdleLoop(0, clock.now())
        slow = desk.stages.tts.outputs

        def outputs(sentence: Any) -> Any:
            desk.session._idle_loop = IdleLoop(0, clock.now() + 1e-6)
            return slow(sentence)

        desk.stages.tts.outputs = outputs
        desk.stages.avatar.seconds = 0
        await desk.ask(20)
        assert len(desk.stages.avatar.begun) == 3

    in_virtual_time(test)


def test_the_face_knows_that_a_reply_goes_on_as_long_as_it_does() -> None:
    async def test(desk: Desk) -> None:
        await desk.ask(20)
        # Three sentences, each of which is drawn as its sound comes; the words come at once.
        assert desk.stages.avatar.expected[-1] is False
        assert True in desk.stages.avatar.expected

    in_virtual_time(test)


@pytest.mark.parametrize("sentences", [1, 2])
def test_a_model_that_falls_silent_is_cut_and_apologises(sentences: int) -> None:
    async def test(desk: Desk) -> None:
        words = desk.stages.llm.outputs

        async def process(prompt: Any) -> Any:
            for delta in words(prompt)[: 2 * sentences]:
                yield delta
            await asyncio.sleep(1e6)

        desk.stages.llm.process = process
        await desk.ask(60)
        spoken = [message["text"] for message in desk.page.of("sentence")]
        apology = " ".join(spoken[sentences:])
        assert apology == "I am sorry, I lost my thread. Please ask me again."
        assert desk.page.of("error")[0]["code"] == "provider_timeout"
        assert desk.page.of("turn_end")[0]["reason"] == "failed"
        assert "sorry" in desk.session.history.items()[-1].text

    in_virtual_time(test)


def test_a_model_that_fails_in_a_text_only_session_apologises_in_text() -> None:
    async def test(desk: Desk) -> None:
        desk.session.choices.output = "text"
        desk.stages.llm._mood = lambda: FAILS
        await desk.ask(1)
        assert "sorry" in desk.page.of("sentence")[0]["text"]

    in_virtual_time(test)


def test_a_reply_that_breaks_in_a_pause_does_not_leave_the_page_silent() -> None:
    async def test(desk: Desk) -> None:
        await desk.ask(0.5)
        desk.session._floor.pause()
        turn = desk.session._floor.turn
        assert turn is not None
        desk.session._floor._fail(turn, RuntimeError("A defect."))
        await asyncio.sleep(1)
        assert [m["action"] for m in desk.page.of("playback_control")] == ["pause", "resume"]
        assert desk.page.of("turn_end")[0]["reason"] == "failed"
        assert desk.session.history.items()[-1].text  # what the page has, it plays

    in_virtual_time(test)
