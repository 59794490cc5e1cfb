"""A typed conversation over a real WebSocket, with the embedded chain."""

from __future__ import annotations

import io

import av
import pytest
from websockets.asyncio.client import connect

from bench.service import Running
from tests.ws_client import WsClient, joined


def streams(data: bytes) -> tuple[int, float, float, float]:
    """Frames, seconds of sound, and the first time stamps of both, as a player would see them."""
    with av.open(io.BytesIO(data)) as container:
        video = [float(frame.time) for frame in container.decode(video=0)]
    with av.open(io.BytesIO(data)) as container:
        sounds = list(container.decode(audio=0))
    samples = sum(sound.samples for sound in sounds)
    return len(video), samples / sounds[0].sample_rate, video[0], float(sounds[0].time)


async def test_the_greeting_tells_everything_a_client_needs(embedded: Running) -> None:
    async with connect(embedded.ws_url) as socket:
        client = WsClient(socket)
        ready = await client.next()
        assert ready["type"] == "session_ready" and ready["protocol"] == 1
        # Which of a net's precisions draws is this host's matter.
        assert "lightlips" in ready["providers"].pop("avatar")
        assert ready["providers"] == {
            "vad": "silero",
            "asr": "pocketsphinx",
            "llm": "builtin",
            "tts": "espeak",
        }
        assert ready["avatar"]["fps"] == 25 and ready["avatar"]["idle_url"].endswith("idle.mp4")
        assert (await client.next())["state"] == "idle"


async def test_text_is_answered_with_talking_video(embedded: Running) -> None:
    async with joined(embedded.ws_url) as client:
        await client.send("text", text="Hello, who are you?")
        end = await client.until("turn_end")
    assert end["reason"] == "completed" and end["generation_id"] == 1
    assert end["metrics"]["first_chunk_ms"] > 0
    states = [message["state"] for message in client.of("state_update")]
    assert states[:3] == ["idle", "thinking", "speaking"]
    reply = "".join(message["chunk"] for message in client.of("text_chunk"))
    assert "".join(reply.split()) == "".join(
        "".join(m["text"] for m in client.of("sentence")).split()
    )
    assert [meta["chunk_seq"] for meta, _ in client.media] == list(range(len(client.media)))
    for meta, data in client.media:
        frames, seconds, video_start, audio_start = streams(data)
        assert frames == meta["frames"]
        assert meta["duration_ms"] == frames * 40
        assert abs(seconds - frames * 0.04) <= 0.04
        assert video_start == pytest.approx(0, abs=0.001)
        assert audio_start == pytest.approx(0, abs=0.001)
        assert 'codecs="avc1.' in meta["mime"]


async def test_a_second_text_interrupts_and_nothing_stale_follows(embedded: Running) -> None:
    async with joined(embedded.ws_url, reports=False) as client:
        await client.send("text", text="What can you do? Tell me about this service.")
        await client.until("video_chunk_meta")
        await client.send("text", text="What is 12 times 7?")
        cut = await client.until("turn_end")
        assert cut["reason"] == "interrupted" and cut["generation_id"] == 1
        sentence = await client.until("sentence")
        assert sentence["generation_id"] == 3 and "84" in sentence["text"]


async def test_interrupt_brings_silence_and_idle(embedded: Running) -> None:
    async with joined(embedded.ws_url, reports=False) as client:
        await client.send("say", text="One two three four five. " * 20)
        await client.until("video_chunk_meta")
        await client.send("interrupt")
        await client.until("turn_end", reason="interrupted")
        after = await client.next()
        assert (after["type"], after["state"]) == ("state_update", "idle")
        assert after["generation_id"] == 2
        await client.quiet()
        await client.send("say", text="Still here.")
        assert (await client.until("turn_end"))["reason"] == "completed"


@pytest.mark.parametrize(("output", "media"), [("audio", "tts_audio_chunk"), ("text", None)])
async def test_other_outputs(embedded: Running, output: str, media: str | None) -> None:
    async with joined(embedded.ws_url, output=output) as client:
        await client.send("text", text="Hello!")
        await client.until("turn_end", reason="completed")
        kinds = {meta["type"] for meta, _ in client.media}
        assert kinds == ({media} if media else set())
        if media:
            assert client.media[0][1][:4] == b"RIFF"


async def test_the_voices_phonemes_come_as_visemes(embedded: Running) -> None:
    async with joined(embedded.ws_url) as client:
        await client.send("say", text="Maybe Bob.")
        await client.until("turn_end")
        marks = [mark for message in client.of("viseme_timeline") for mark in message["marks"]]
    assert sum(mark[2] == "PP" for mark in marks) == 4
    assert all(start <= end for start, end, _, _ in marks)


async def test_language_model_is_not_asked_to_say(embedded: Running) -> None:
    async with joined(embedded.ws_url) as client:
        await client.send("say", text="Welcome to the museum.", emotion="happy")
        sentence = await client.until("sentence")
        assert (sentence["text"], sentence["emotion"]) == ("Welcome to the museum.", "happy")


async def test_a_hello_that_was_long_on_its_way_still_holds(embedded: Running) -> None:
    async with connect(embedded.ws_url, max_size=None) as socket:
        client = WsClient(socket)
        await client.until("state_update", state="idle")  # the service has stopped waiting
        await client.send("hello", protocol=1, output="text")
        await client.send("text", text="Hello!")
        await client.until("turn_end", reason="completed")
        assert not client.media and not client.of("error")
        await client.send("hello", protocol=1)
        assert (await client.until("error"))["code"] == "bad_message"


async def test_history_reaches_the_model(embedded: Running) -> None:
    async with joined(embedded.ws_url, output="text") as client:
        await client.send("text", text="My name is Ada.")
        await client.until("turn_end")
        await client.send("text", text="What is my name?")
        await client.until("turn_end")
        assert "Ada" in client.of("sentence")[-1]["text"]


async def test_chinese_is_answered_in_chinese(embedded: Running) -> None:
    async with joined(embedded.ws_url) as client:
        await client.send("text", text="你好,你是谁?")
        await client.until("turn_end", reason="completed")
        assert any("\u4e00" <= char <= "\u9fff" for char in client.of("sentence")[0]["text"])
        assert client.media


async def test_two_sessions_never_receive_each_others_bytes(embedded: Running) -> None:
    async with joined(embedded.ws_url) as one, joined(embedded.ws_url) as two:
        await one.send("say", text="Apples and oranges are in the basket.")
        await two.send("say", text="Trains and ships.")
        await one.until("turn_end", reason="completed")
        await two.until("turn_end", reason="completed")
        assert {m["session_id"] for m in one.messages} != {m["session_id"] for m in two.messages}
        for client, words in ((one, "Apples"), (two, "Trains")):
            assert len({message["session_id"] for message in client.messages}) == 1
            assert client.media[0][0]["text"].startswith(words)
        assert one.media[0][1] != two.media[0][1]
        assert sum(meta["frames"] for meta, _ in one.media) > sum(
            meta["frames"] for meta, _ in two.media
        )
