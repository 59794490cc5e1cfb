"""Speaking to it over a real WebSocket: microphone frames in, transcript and answer out."""

from __future__ import annotations

import base64

import numpy as np
import pytest
import soxr

from backend.handlers.messages import SAMPLE_RATE, Pcm
from backend.handlers.tts.espeak_native import Manner, espeak
from bench.service import Running
from tests.ws_client import WsClient, joined

FRAME_SAMPLES = SAMPLE_RATE // 50


@pytest.fixture(scope="module")
def question() -> Pcm:
    """A spoken question with quiet around it."""
    spoken = espeak().speak("Hello, how are you today?", Manner(voice="en-us"))
    sound = soxr.resample(spoken.pcm.astype(np.float32), spoken.rate_hz, SAMPLE_RATE)
    quiet = np.zeros(SAMPLE_RATE)
    return np.concatenate([quiet, sound, quiet]).astype(np.int16)


async def speak(client: WsClient, pcm: Pcm) -> None:
    for start in range(0, len(pcm), FRAME_SAMPLES):
        await client.socket.send(pcm[start : start + FRAME_SAMPLES].astype("<i2").tobytes())


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
