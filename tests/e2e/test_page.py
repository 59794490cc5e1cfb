"""What a visitor does: type, speak, stop, lose the line."""

from __future__ import annotations

import asyncio
import re
import wave
from pathlib import Path

import numpy as np
from playwright.async_api import Locator, Page, expect

from backend.handlers.tts.espeak_native import Manner, espeak
from bench.service import Running
from tests.conftest import Serve
from tests.e2e.conftest import SOUND_ALLOWED, OpenPage
from tests.e2e.wire import wire_of

# Whatever a driven browser does counts as a gesture, so the policy is played by hand: no sound
# before a real press of the Start button.
REFUSE_AUTOPLAY = """
    const play = HTMLMediaElement.prototype.play;
    let allowed = false;
    addEventListener('pointerdown', (event) => {
        allowed ||= event.isTrusted && !!event.target.closest('[data-testid=start-button]');
    }, true);
    HTMLMediaElement.prototype.play = function () {
        const refused = !this.muted && !allowed;
        return refused
            ? Promise.reject(new DOMException('no gesture', 'NotAllowedError'))
            : play.call(this);
    };
"""
NO_LINE = re.compile("Connecting|Reconnecting|Offline")
CHUNK_TIMES = (
    """() => [...document.querySelectorAll("video.chunk")].map(video => video.currentTime)"""
)
SILENT = """() => [...document.querySelectorAll("video.chunk")]
    .every(video => video.paused || video.ended)"""


def url(service: Running) -> str:
    return f"http://127.0.0.1:{service.port}/"


async def ask(page: Page, text: str) -> None:
    """As soon as there is a line to ask over."""
    await expect(page.get_by_test_id("status")).not_to_contain_text(NO_LINE)
    await page.get_by_test_id("chat-input").fill(text)
    await page.get_by_test_id("send").click()


def answer_to(page: Page, text: str) -> Locator:
    asked = page.get_by_test_id("message-user").filter(has_text=text)
    return asked.locator("xpath=following-sibling::*[@data-testid='message-assistant'][1]")


async def chunk_time_moves(page: Page) -> None:
    """A chunk video plays: its time is seen to grow."""
    await page.wait_for_function(f"({CHUNK_TIMES})().some(time => time > 0.2)")


async def test_type_and_the_face_answers(embedded: Running, open_page: OpenPage) -> None:
    async with open_page(url(embedded), SOUND_ALLOWED) as page:
        idle = page.get_by_test_id("idle-video")
        await page.wait_for_function(
            "() => document.querySelector('[data-testid=idle-video]').currentTime > 0.1"
        )
        assert await idle.evaluate("video => video.loop && video.muted")
        await ask(page, "Hello, who are you?")
        await chunk_time_moves(page)
        await expect(page.get_by_test_id("status")).to_contain_text("Speaking")
        await expect(page.get_by_test_id("message-user").last).to_contain_text("who are you")
        await expect(page.get_by_test_id("message-assistant").last).not_to_be_empty()


async def test_stop_brings_silence(embedded: Running, open_page: OpenPage) -> None:
    async with open_page(url(embedded), SOUND_ALLOWED) as page:
        await ask(page, "What can you do? Please explain this service to me.")
        await chunk_time_moves(page)
        await page.get_by_test_id("stop").click()
        await page.wait_for_function(SILENT)
        await asyncio.sleep(0.6)  # as long as pieces of the reply may still be on their way
        assert await page.evaluate(SILENT)
        await expect(page.get_by_test_id("message-assistant").last).to_have_attribute(
            "data-state", "interrupted"
        )


async def test_a_refused_autoplay_asks_for_one_click(
    embedded: Running, open_page: OpenPage
) -> None:
    async with open_page(url(embedded), SOUND_ALLOWED, init_script=REFUSE_AUTOPLAY) as page:
        await ask(page, "Hello!")
        await page.get_by_test_id("start-button").click()
        await chunk_time_moves(page)


async def test_speech_through_the_microphone_is_answered(
    embedded: Running, open_page: OpenPage, tmp_path: Path
) -> None:
    spoken = tmp_path / "hello.wav"
    write_question(spoken)
    flags = microphone(spoken)
    async with open_page(url(embedded), *flags, permissions=["microphone"]) as page:
        await page.get_by_test_id("mic").click()
        await expect(page.get_by_test_id("message-user")).to_have_count(1, timeout=30_000)
        await expect(page.get_by_test_id("message-user").last).not_to_be_empty()
        await chunk_time_moves(page)
        await expect(page.get_by_test_id("message-assistant").last).not_to_be_empty()


async def test_a_lost_line_heals_by_itself(open_page: OpenPage, serve: Serve) -> None:
    async with serve() as base, open_page("about:blank", SOUND_ALLOWED) as page:
        wire = await wire_of(page)
        await page.goto(f"http://{base}/")
        await ask(page, "Hello!")
        await chunk_time_moves(page)
        await wire.cut()
        await expect(page.get_by_test_id("status")).to_contain_text("Reconnecting")
        field, send = page.get_by_test_id("chat-input"), page.get_by_test_id("send")
        await field.fill("Are you still there?")
        await send.click()
        await expect(page.get_by_test_id("error")).to_be_visible()
        await expect(field).to_have_value("Are you still there?")
        wire.mend()
        await expect(page.get_by_test_id("status")).to_contain_text("Ready")
        await send.click()
        await expect(answer_to(page, "Are you still there?")).not_to_be_empty()


async def test_the_page_fits_a_phone(embedded: Running, open_page: OpenPage) -> None:
    phone = {"width": 390, "height": 844}
    async with open_page(url(embedded), SOUND_ALLOWED, viewport=phone) as page:
        await expect(page.get_by_test_id("chat-input")).to_be_in_viewport()
        await expect(page.get_by_test_id("mic")).to_be_in_viewport()
        await expect(page.get_by_test_id("face")).to_be_in_viewport()
        overflow = await page.evaluate("() => document.documentElement.scrollWidth > innerWidth")
        assert not overflow


def write_question(path: Path, text: str = "Hello, who are you?", quiet_s: float = 2) -> None:
    """Some quiet, then a spoken question, then quiet: what a microphone would hear."""
    spoken = espeak().speak(text, Manner(voice="en-us"))
    before, after = (np.zeros(int(s * spoken.rate_hz), np.int16) for s in (quiet_s, 4))
    with wave.open(str(path), "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(2)
        wav.setframerate(spoken.rate_hz)
        wav.writeframes(np.concatenate([before, spoken.pcm, after]).tobytes())


def microphone(spoken: Path) -> tuple[str, ...]:
    """A browser whose microphone hears a file, once, from the moment it is opened."""
    return (
        SOUND_ALLOWED,
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-audio-capture={spoken}%noloop",
    )
