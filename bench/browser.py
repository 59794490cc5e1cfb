"""What somebody in front of the page feels: a real Chromium on a real service.

Text to the first moving lip comes from the page's own measures (`meter.ts`). How soon the avatar
falls silent when the user speaks is heard: one audio clock listens to the microphone, which is a
file, and to what the reply's element sounds.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import statistics
import tempfile
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from backend.handlers.tts.espeak_native import Manner, espeak
from bench.interruption import SPEECH
from bench.latency import QUESTION, percentile
from bench.service import Running, running_service

FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"),
    *("--autoplay-policy=no-user-gesture-required", "--use-fake-ui-for-media-stream"),
    "--use-fake-device-for-media-stream",
)
CALM_S, VOICE_AGAIN_S = 0.4, 1.0
"""Silence of the avatar that is no mere breath, and of the user before a new utterance."""

KEEP_LINES = """
    const RealSocket = WebSocket;
    window.WebSocket = class extends RealSocket {
        constructor(...address) { super(...address); window.line = this; }
    };
    const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    navigator.mediaDevices.getUserMedia = async (wish) => (window.microphone = await open(wish));
"""
LISTEN = """async () => {
    const code = `registerProcessor('ears', class extends AudioWorkletProcessor {
        process(inputs) {
            const loud = inputs.map(([samples]) => !!samples?.some((one) => Math.abs(one) > 0.02));
            this.port.postMessage([currentTime, ...loud]);
            return true;
        }
    })`;
    const context = new AudioContext();
    const url = URL.createObjectURL(new Blob([code], { type: 'text/javascript' }));
    await context.audioWorklet.addModule(url);
    const ears = new AudioWorkletNode(context, 'ears', { numberOfInputs: 2 });
    context.createMediaStreamSource(window.microphone).connect(ears, 0, 0);
    const video = document.querySelector('[data-testid=stream-video]');
    context.createMediaElementSource(video).connect(ears, 0, 1);
    ears.connect(context.destination);
    window.loud = { user: [], avatar: [] };
    ears.port.onmessage = ({ data: [time, user, avatar] }) => {
        if (user) window.loud.user.push(time);
        if (avatar) window.loud.avatar.push(time);
    };
}"""
ANSWERS = "() => performance.getEntriesByName('avatar-chat:answer').map(({ duration }) => duration)"
GAPS = """() => ['gap', 'stall']
    .flatMap((kind) => performance.getEntriesByName(`avatar-chat:${kind}`))
    .map(({ duration }) => duration)"""
PLAYED_S = "() => document.querySelector('[data-testid=stream-video]').currentTime"


def measure(turns: int = 20, interruptions: int = 10) -> dict[str, Any]:
    """Medians and extremes, in ms; or which program is missing."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        return {"skipped": "chromium is not installed"}
    if find_spec("playwright") is None:
        return {"skipped": "playwright is not installed: make .venv/.dev"}
    with running_service() as service:
        return {
            "text_to_first_lip": asyncio.run(_answers(chromium, service, turns)),
            "one_minute_reply": asyncio.run(_a_minute(chromium, service)),
            "speech_to_silence": asyncio.run(_silences(chromium, service, interruptions)),
        }


@asynccontextmanager
async def _page(chromium: str, service: Running, *flags: str) -> AsyncIterator[Any]:
    from playwright.async_api import async_playwright

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=[*FLAGS, *flags])
        page = await browser.new_page(locale="en-US", permissions=["microphone"])
        await page.add_init_script(KEEP_LINES)
        await page.goto(f"http://127.0.0.1:{service.port}/")
        await _until(page, "Ready")
        yield page
        await browser.close()


async def _until(page: Any, status: str, timeout_s: float = 120) -> None:
    await page.wait_for_function(
        "words => document.querySelector('[data-testid=status]')?.textContent.includes(words)",
        arg=status,
        timeout=timeout_s * 1000,
    )


async def _ask(page: Any, text: str) -> None:
    await page.get_by_test_id("chat-input").fill(text)
    await page.get_by_test_id("send").click()


async def _say(page: Any, text: str) -> None:
    """The avatar speaks this, as the page has no button for."""
    words = json.dumps({"type": "say", "text": text})
    await page.evaluate("words => line.send(words)", words)


async def _answers(chromium: str, service: Running, turns: int) -> dict[str, float]:
    """The same question again and again, each time after the answer's end."""
    async with _page(chromium, service) as page:
        for number in range(turns + 1):
            await _ask(page, QUESTION)
            await page.wait_for_function(f"() => ({ANSWERS})().length > {number}")
            await page.get_by_test_id("stop").click()
            await _until(page, "Ready")
            await asyncio.sleep(0.5 + 0.13 * (number % 5))  # at any place of the idle loop
        answers = (await page.evaluate(ANSWERS))[1:]
    return {
        "turns": len(answers),
        "p50_ms": round(statistics.median(answers), 1),
        "p95_ms": round(percentile(answers, 95), 1),
    }


async def _a_minute(chromium: str, service: Running) -> dict[str, Any]:
    """Every standstill of picture or sound in a long reply."""
    async with _page(chromium, service) as page:
        await _say(page, SPEECH)
        await _until(page, "Speaking")
        played_s = 0.0
        while await page.get_by_test_id("status").get_attribute("data-state") == "speaking":
            played_s = max(played_s, await page.evaluate(PLAYED_S))
            await asyncio.sleep(0.2)
        gaps = await page.evaluate(GAPS)
    return {
        "played_s": round(played_s, 1),
        "gaps_over_40_ms": sum(gap > 40 for gap in gaps),
        "longest_gap_ms": round(max(gaps, default=0.0), 1),
    }


async def _silences(chromium: str, service: Running, interruptions: int) -> dict[str, float]:
    """The user speaks into a long reply, again and again."""
    with tempfile.TemporaryDirectory() as folder:
        voice = Path(folder) / "voice.wav"
        _write_voice(voice)
        flag = f"--use-file-for-fake-audio-capture={voice}"
        async with _page(chromium, service, flag) as page:
            await page.get_by_test_id("mic").click()
            await page.wait_for_function("() => window.microphone")
            await page.evaluate(LISTEN)
            delays_ms: list[float] = []
            async with asyncio.timeout(40 * interruptions):
                while len(delays_ms) < interruptions:
                    await _say(page, SPEECH)
                    await asyncio.sleep(8)
                    delays_ms = _delays_ms(await page.evaluate("() => window.loud"))
    return {
        "interruptions": len(delays_ms),
        "p50_ms": round(statistics.median(delays_ms), 1),
        "max_ms": round(max(delays_ms), 1),
    }


def _delays_ms(loud: dict[str, list[float]]) -> list[float]:
    """From each onset of the user over the sounding avatar to the avatar's last sound.

    An onset that falls into a breath of the avatar tells nothing, and is left out.
    """
    avatar = np.array(loud["avatar"])
    delays = []
    for onset in _onsets(loud["user"]):
        after = avatar[(avatar > onset) & (avatar < onset + 3)]
        if not len(after) or after[0] > onset + 0.05:
            continue
        breaks = np.flatnonzero(np.diff(after) > CALM_S)
        last = after[breaks[0]] if len(breaks) else after[-1]
        delays.append(float(last - onset) * 1000)
    return delays


def _onsets(times: list[float]) -> list[float]:
    return [
        now for before, now in pairwise([-VOICE_AGAIN_S, *times]) if now - before >= VOICE_AGAIN_S
    ]


def _write_voice(path: Path) -> None:
    """What a microphone hears, over and over: a user who waits, and then speaks."""
    spoken = espeak().speak("One two three four five.", Manner(voice="en-us"))
    before, after = np.zeros(3 * spoken.rate_hz, np.int16), np.zeros(4 * spoken.rate_hz, np.int16)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(spoken.rate_hz)
        file.writeframes(np.concatenate([before, spoken.pcm, after]).tobytes())
