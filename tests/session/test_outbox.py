"""The single door: numbering, pairing, and nothing of an older generation."""

import asyncio
import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.metrics import REGISTRY
from backend.protocol import Pong, TextChunk, TtsAudioChunk, TurnEnd
from backend.session import outbox as outbox_module
from backend.session.outbox import LineStalled, Outbox


class Socket:
    """Remembers what was sent; `gate` can hold the writer back."""

    def __init__(self) -> None:
        self.frames: list[dict[str, object] | bytes] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def send_text(self, data: str) -> None:
        await self.gate.wait()
        self.frames.append(json.loads(data))

    async def send_bytes(self, data: bytes) -> None:
        self.frames.append(data)


def meta(number: int, size: int = 3) -> TtsAudioChunk:
    return TtsAudioChunk(
        chunk_seq=number,
        sentence_index=0,
        part=0,
        is_last=True,
        text="",
        size=size,
        mime="audio/wav",
        duration_ms=1,
        sample_rate=16000,
        codec="pcm_s16le",
    )


END = TurnEnd(reason="interrupted", metrics={})


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


@pytest.fixture
async def wired() -> object:
    outbox, socket = Outbox("s"), Socket()
    writer = asyncio.create_task(outbox.run(socket))
    yield outbox, socket
    writer.cancel()
    with suppress(asyncio.CancelledError):
        await writer


async def test_numbers_without_a_gap_and_keeps_the_pair_together(wired) -> None:
    outbox, socket = wired
    generation = outbox.open_generation()
    outbox.post(Pong(t=1))
    await outbox.post_media(meta(0), b"abc", generation)
    outbox.post(Pong(t=2))
    await settle()
    assert [f["seq"] for f in socket.frames if isinstance(f, dict)] == [1, 2, 3]
    assert socket.frames[2] == b"abc"
    assert socket.frames[1]["generation_id"] == 1 and "generation_id" not in socket.frames[0]


async def test_what_was_sent_is_counted_in_bytes(wired) -> None:
    outbox, _ = wired

    def sent() -> float:
        return REGISTRY.get_sample_value("avatar_chat_sent_bytes_total", {"kind": "text"}) or 0.0

    sizes = []
    for words in ("ni hao", "你好"):
        before = sent()
        outbox.post(TextChunk(chunk=words))
        await settle()
        sizes.append(sent() - before)
    assert sizes[0] == sizes[1]  # two characters of three bytes each


async def test_after_a_cut_only_the_end_of_the_old_reply_passes(wired) -> None:
    outbox, socket = wired
    generation = outbox.open_generation()
    socket.gate.clear()
    outbox.post(Pong(t=0))
    await settle()  # the writer holds this one
    outbox.post(TextChunk(chunk="old"), generation)
    await outbox.post_media(meta(0), b"old", generation)
    outbox.cut_generation(END)
    outbox.post(TextChunk(chunk="older"), generation)
    socket.gate.set()
    await settle()
    kinds = [f["type"] for f in socket.frames]
    assert kinds == ["pong", "turn_end"]
    assert socket.frames[1]["generation_id"] == generation
    assert outbox.generation == generation + 1


async def test_media_wait_for_a_slow_client_and_a_cut_frees_the_waiter() -> None:
    outbox = Outbox("s", media_slots=1)
    generation = outbox.open_generation()
    await outbox.post_media(meta(0), b"1", generation)
    waiting = asyncio.create_task(outbox.post_media(meta(1), b"2", generation))
    await settle()
    assert not waiting.done()
    outbox.cut_generation(END)
    await asyncio.wait_for(waiting, 1)
    socket = Socket()
    await outbox.drain(socket)
    assert [f["type"] for f in socket.frames] == ["turn_end"]


async def test_a_finished_reply_still_says_that_it_ended(wired) -> None:
    outbox, socket = wired
    generation = outbox.open_generation()
    outbox.post(TurnEnd(reason="completed", metrics={}), generation)
    outbox.open_generation()
    await settle()
    assert [f["type"] for f in socket.frames] == ["turn_end"]


async def test_nothing_follows_the_end_of_a_reply_not_even_another_end(wired) -> None:
    outbox, socket = wired
    generation = outbox.open_generation()
    outbox.post(TurnEnd(reason="completed", metrics={}), generation)
    assert outbox.live_generation is None
    outbox.post(TextChunk(chunk="late"), generation)
    assert not await outbox.post_media(meta(0), b"abc", generation)
    outbox.cut_generation(END)
    await settle()
    assert [f["type"] for f in socket.frames] == ["turn_end"]
    assert outbox.live_generation == generation + 1


async def test_the_writer_finishes_a_pair_and_the_last_words_before_it_goes() -> None:
    outbox, socket = Outbox("s"), Socket()
    writer = asyncio.create_task(outbox.run(socket))
    socket.gate.clear()
    await outbox.post_media(meta(0), b"abc", outbox.open_generation())
    await settle()  # the writer is in the middle of the pair
    outbox.post(Pong(t=1))
    outbox.finish()
    socket.gate.set()
    await asyncio.wait_for(writer, 1)
    assert socket.frames[1] == b"abc" and socket.frames[2]["type"] == "pong"


async def test_media_wait_for_room_in_bytes_but_one_is_always_taken() -> None:
    outbox = Outbox("s", media_slots=10, media_bytes=5)
    generation = outbox.open_generation()
    assert await outbox.post_media(meta(0), b"too large alone", generation)
    waiting = asyncio.create_task(outbox.post_media(meta(1), b"1", generation))
    await settle()
    assert not waiting.done() and outbox.waiting == (1, 15)
    await outbox.drain(Socket())
    assert await asyncio.wait_for(waiting, 1)


async def test_a_line_that_takes_nothing_for_too_long_is_given_up() -> None:
    outbox, socket = Outbox("s"), Socket()
    socket.gate.clear()
    outbox.post(Pong(t=1))
    with pytest.raises(LineStalled, match=r"0\.05 s"):
        await outbox.run(socket, stall_s=0.05)


async def test_a_line_that_is_too_far_behind_is_given_up_and_holds_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(outbox_module, "MAX_WAITING", 3)
    outbox, socket = Outbox("s"), Socket()
    socket.gate.clear()
    writer = asyncio.create_task(outbox.run(socket))
    for number in range(10):
        outbox.post(Pong(t=number))
        await settle()
    assert outbox.waiting == (0, 0)
    socket.gate.set()
    with pytest.raises(LineStalled, match="More than 3"):
        await writer


async def test_at_rest_nothing_is_kept_and_nobody_waits() -> None:
    outbox = Outbox("s", media_slots=1)
    generation = outbox.open_generation()
    await outbox.post_media(meta(0), b"1", generation)
    waiting = asyncio.create_task(outbox.post_media(meta(1), b"2", generation))
    await settle()
    outbox.rest()
    assert not await asyncio.wait_for(waiting, 1)
    outbox.post(Pong(t=1))
    assert outbox.waiting == (0, 0)


async def test_over_a_new_line_it_counts_from_one_with_a_new_generation() -> None:
    outbox, first, second = Outbox("s"), Socket(), Socket()
    generation = outbox.open_generation()
    outbox.post(Pong(t=1))
    outbox.post(Pong(t=2))
    await outbox.drain(first)
    outbox.post(Pong(t=3))
    waiting = asyncio.create_task(outbox.post_media(meta(0), b"1", generation))
    outbox.rest()
    outbox.restart()
    assert not await waiting
    writer = asyncio.create_task(outbox.run(second))
    outbox.post(TextChunk(chunk="old"), generation)
    outbox.post(TextChunk(chunk="new"), outbox.generation)
    outbox.finish()
    await asyncio.wait_for(writer, 1)
    assert [(f["seq"], f.get("generation_id")) for f in second.frames] == [(1, generation + 1)]


async def test_a_waiter_learns_of_a_restart_without_a_rest() -> None:
    outbox = Outbox("s", media_slots=1)
    generation = outbox.open_generation()
    await outbox.post_media(meta(0), b"1", generation)
    waiting = asyncio.create_task(outbox.post_media(meta(1), b"2", generation))
    await settle()
    outbox.restart()
    assert not await asyncio.wait_for(waiting, 1)


async def test_the_observer_is_told_what_was_sent_as_it_was_stamped() -> None:
    told: list[tuple[str, int, int | None, int]] = []
    outbox = Outbox(
        "s", on_sent=lambda m, size, _: told.append((m.type, m.seq, m.generation_id, size))
    )
    generation = outbox.open_generation()
    outbox.post(Pong(t=1))
    await outbox.post_media(meta(0), b"abc", generation)
    outbox.post(TextChunk(chunk="stale"), generation - 1)
    await outbox.drain(Socket())
    assert told == [("pong", 1, None, 0), ("tts_audio_chunk", 2, 1, 3)]


@given(st.lists(st.sampled_from(["text", "media", "open", "cut", "write"]), max_size=60))
def test_never_a_stale_byte_whatever_happens(steps: list[str]) -> None:
    async def play() -> None:
        outbox, socket = Outbox("s", media_slots=1000), Socket()
        for step in steps:
            match step:
                case "text":
                    outbox.post(TextChunk(chunk=""), outbox.generation)
                case "media":
                    await outbox.post_media(meta(0), b"xyz", outbox.generation)
                case "open":
                    outbox.open_generation()
                case "cut":
                    outbox.cut_generation(END)
                case "write":
                    before = len(socket.frames)
                    await outbox.drain(socket)
                    for frame in socket.frames[before:]:
                        if isinstance(frame, dict) and frame["type"] != "turn_end":
                            assert frame["generation_id"] == outbox.generation
        sequence = [f["seq"] for f in socket.frames if isinstance(f, dict)]
        assert sequence == list(range(1, len(sequence) + 1))
        for index, frame in enumerate(socket.frames):
            if isinstance(frame, bytes):
                assert socket.frames[index - 1]["type"] == "tts_audio_chunk"

    asyncio.run(play())
