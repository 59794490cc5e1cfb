"""Speaking to it over a real WebSocket: microphone frames in, transcript and answer out."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
import pytest
import soxr

from backend import clock
from backend.handlers.messages import SAMPLE_RATE, Pcm
from backend.handlers.tts.espeak_native import Manner, espeak
from bench.service import Running
from tests.ws_client import WsClient, joined

FRAME_SAMPLES = SAMPLE_RATE // 50


FRAME_S = FRAME_SAMPLES / SAMPLE_RATE
STORY = "Let me tell you a very long story about the sea and the ships. " * 4


def say(text: str) -> Pcm:
    spoken = espeak().speak(text, Manner(voice="en-us"))
    sound = soxr.resample(spoken.pcm.astype(np.float32), spoken.rate_hz, SAMPLE_RATE)
    return sound.astype(np.int16)


def quiet(seconds: float) -> Pcm:
    return np.zeros(round(seconds * SAMPLE_RATE), np.int16)


@pytest.fixture(scope="module")
def question() -> Pcm:
    """A spoken question with quiet around it."""
    return np.concatenate([quiet(1), say("Hello, how are you today?"), quiet(1)])


async def speak(client: WsClient, *sounds: Pcm, paced: bool = False) -> None:
    """Send microphone frames, as fast as they are taken or, `paced`, as a microphone would."""
    pcm, began_s = np.concatenate(sounds), clock.now()
    for number, start in enumerate(range(0, len(pcm), FRAME_SAMPLES)):
        await client.socket.send(pcm[start : start + FRAME_SAMPLES].astype("<i2").tobytes())
        if paced:
            await asyncio.sleep(began_s + number * FRAME_S - clock.now())


@asynccontextmanager
async def microphone(client: WsClient, **options: Any) -> AsyncIterator[None]:
    await client.send("start_listen", **options)
    await client.until("state_update", state="listening")
    yield
    await client.send("stop_listen")


async def test_a_spoken_question_is_read_and_answered(embedded: Running, question: Pcm) -> None:
    async with joined(embedded.ws_url) as client:
        await client.send("start_listen")
        await client.until("state_update", state="listening")
        await speak(client, question)
        heard = await client.until("asr_final")
        assert heard["text"] and heard["language"] == "en"
        end = await client.until("turn_end")
        assert end["reason"] == "completed" and client.media
        await client.until("state_update", state="listening")
        await speak(client, question)
        await client.until("asr_final")


async def test_stop_listen_ends_the_utterance_at_once(embedded: Running, question: Pcm) -> None:
    spoken = question[:-SAMPLE_RATE]  # no silence behind it
    async with joined(embedded.ws_url, output="text") as client:
        await client.send("start_listen")
        for start in range(0, len(spoken), FRAME_SAMPLES):
            frame = spoken[start : start + FRAME_SAMPLES].astype("<i2").tobytes()
            await client.send("audio_chunk", data=base64.b64encode(frame).decode())
        await client.send("stop_listen")
        assert (await client.until("asr_final"))["text"]
        await client.until("turn_end", reason="completed")
        await client.until("state_update", state="idle")
        await client.quiet()


async def test_silence_is_not_answered(embedded: Running) -> None:
    noise = np.random.default_rng(0).normal(0, 40, 2 * SAMPLE_RATE).astype(np.int16)
    async with joined(embedded.ws_url) as client:
        await client.send("start_listen")
        await client.until("state_update", state="listening")
        await speak(client, noise)
        await client.send("stop_listen")
        await client.until("state_update", state="idle")
        await client.quiet(0.5)


async def test_opening_the_microphone_takes_the_floor(embedded: Running) -> None:
    async with joined(embedded.ws_url, reports=False) as client:
        await client.send("say", text="Let me tell you a very long story about the sea. " * 5)
        await client.until("video_chunk_meta")
        await client.send("start_listen")
        await client.until("turn_end", reason="interrupted")
        await client.until("state_update", state="listening")


async def test_a_pause_in_the_middle_of_a_sentence_cuts_nothing_off(embedded: Running) -> None:
    async with (
        joined(embedded.ws_url, output="text") as client,
        microphone(client, echo_cancellation=True),
    ):
        await speak(client, quiet(0.5), say("I want to"), quiet(0.9), paced=True)
        await speak(client, say("wait a minute"), quiet(1.5), paced=True)
        heard = await client.until("asr_final")
        assert heard["text"].startswith("i want to ")
        await client.until("turn_end", reason="completed")
        assert len(client.of("asr_final")) == 1


async def test_words_are_shown_while_they_are_spoken(embedded: Running) -> None:
    async with joined(embedded.ws_url, output="text") as client, microphone(client):
        await speak(client, say("one two three four five six seven eight nine"), paced=True)
        partial = await client.until("asr_partial")
        await client.send("stop_listen")
        final = await client.until("asr_final")
        assert len(final["text"]) > len(partial["text"]) > 0
        texts = [message["text"] for message in client.of("asr_partial")]
        assert len(texts) == len(set(texts)), "told only when it changes"


@asynccontextmanager
async def storytelling(embedded: Running) -> AsyncIterator[WsClient]:
    """The avatar tells a long story to a user with an open microphone and headphones."""
    async with (
        joined(embedded.ws_url, reports=False) as client,
        microphone(client, echo_cancellation=True),
    ):
        await client.send("say", text=STORY)
        await client.until("video_chunk_meta")
        await speak(client, quiet(0.5), paced=True)
        yield client


async def test_a_voice_pauses_the_avatar_then_interrupts_it_and_is_answered(
    embedded: Running,
) -> None:
    async with storytelling(embedded) as client:
        await speak(client, say("Please stop talking, wait a minute."), quiet(1), paced=True)
        paused = await client.until("playback_control", action="pause")
        end = await client.until("turn_end", reason="interrupted")
        assert end["generation_id"] == paused["generation_id"]
        assert (await client.until("asr_final"))["text"]
        assert (await client.until("turn_end"))["generation_id"] > end["generation_id"]
        assert client.of("playback_control") == [paused], "nothing resumes what is over"


@pytest.mark.parametrize(
    "sound",
    [
        pytest.param(say("ah")[: SAMPLE_RATE // 10], id="a short noise"),
        pytest.param(say("Yeah."), id="a backchannel"),
    ],
)
async def test_what_is_no_turn_pauses_the_avatar_only_for_a_moment(
    embedded: Running, sound: Pcm
) -> None:
    async with storytelling(embedded) as client:
        await speak(client, sound, quiet(1), paced=True)
        paused = await client.until("playback_control", action="pause")
        resumed = await client.until("playback_control", action="resume")
        assert resumed["generation_id"] == paused["generation_id"]
        assert not client.of("turn_end") and not client.of("asr_final")
        await client.send("interrupt")
        await client.until("turn_end", reason="interrupted")


async def test_without_echo_cancellation_the_avatars_own_voice_stops_nothing(
    embedded: Running,
) -> None:
    async with joined(embedded.ws_url, reports=False) as client, microphone(client):
        await client.send("say", text=STORY)
        await client.until("video_chunk_meta")
        await speak(client, say(STORY[: len(STORY) // 4]), quiet(1), paced=True)
        await client.send("interrupt")
        end = await client.until("turn_end")
        assert end["reason"] == "interrupted"
        assert not client.of("playback_control") and not client.of("asr_final")
