"""The page of a lobby screen in a real browser: woken, greeting, forgetting, loading anew."""

from __future__ import annotations

import asyncio
import base64
import json
import re
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import cv2
import httpx
import numpy as np
import pytest
from playwright.async_api import Page, Route, WebSocketRoute, expect

from bench.service import Running, running_service
from tests.conftest import ROOT
from tests.e2e.conftest import SOUND_ALLOWED, OpenPage, open_page
from tests.e2e.wire import wire_of
from tests.kiosk.course import COURSE, until_inviting, until_said, until_stage

__all__ = ["open_page"]

FLAGS = (
    SOUND_ALLOWED,
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
)
# Chromium takes every question of a test for a touch; this one is as strict as it is to strangers.
TOUCH_FIRST = """
const play = HTMLMediaElement.prototype.play
let isTouched = false
addEventListener('pointerdown', (event) => (isTouched ||= event.isTrusted), true)
HTMLMediaElement.prototype.play = function () {
  if (isTouched || this.muted) return play.call(this)
  return Promise.reject(new DOMException('touch it first', 'NotAllowedError'))
}
"""
# Longer than any test lets pass but by its clock; a clock that jumps further has slept.
SILENCE_S, FAREWELL_S = 60, 20
COUNT_LOOKS = """
window.looks = 0
const read = OffscreenCanvasRenderingContext2D.prototype.getImageData
OffscreenCanvasRenderingContext2D.prototype.getImageData = function (...place) {
  looks += 1
  return read.apply(this, place)
}
"""
GOODBYES = re.compile(r'avatar_chat_sessions_ended_total\{reason="goodbye"\} (\S+)')


@pytest.fixture(scope="module")
def service() -> Iterator[Running]:
    settings = {
        "AVATAR_CHAT_KIOSK__SILENCE_S": str(SILENCE_S),
        "AVATAR_CHAT_KIOSK__FAREWELL_S": str(FAREWELL_S),
        "AVATAR_CHAT_KIOSK__RESTART_AT": "04:00",
    }
    with running_service(settings) as running:
        yield running


def url(service: Running, **query: str) -> str:
    return str(httpx.URL(f"http://127.0.0.1:{service.port}/", params={"kiosk": "1", **query}))


def ffmpeg(*words: object) -> None:
    subprocess.run(["ffmpeg", "-v", "error", *map(str, words)], check=True)


async def serve(page: Page, **changes: object) -> None:
    """The service's `kiosk` settings, with changes."""

    async def answer(route: Route) -> None:
        served = await route.fetch()
        await route.fulfill(json={**await served.json(), **changes})

    await page.route("**/api/kiosk", answer)


async def goodbyes(service: Running) -> float:
    """How many visits the service has forgotten."""
    async with httpx.AsyncClient() as http:
        metrics = await http.get(f"http://127.0.0.1:{service.port}/metrics")
    found = GOODBYES.search(metrics.text)
    return float(found[1]) if found else 0.0


async def test_a_visit_by_touch_ends_and_is_forgotten(
    service: Running, open_page: OpenPage, tmp_path: Path
) -> None:
    quiet = tmp_path / "quiet.wav"
    ffmpeg("-f", "lavfi", "-i", "anullsrc", "-t", "2", quiet)
    flags = (*FLAGS, f"--use-file-for-fake-audio-capture={quiet}")
    tall = {"width": 540, "height": 960}
    async with open_page("about:blank", *flags, init_script=COURSE, viewport=tall) as page:
        await page.clock.install()
        await page.goto(url(service, languages="en", keyboard="1"))
        await until_inviting(page)
        await page.mouse.click(200, 200)
        await until_said(page, "Hello")
        await until_stage(page, "visit")
        await page.get_by_test_id("kiosk-write").click()
        await page.set_viewport_size({"width": 1280, "height": 720})
        for name in ("kiosk-keyboard", "kiosk-write"):
            await expect(page.get_by_test_id(name)).to_be_in_viewport(ratio=1)
        for key in ("h", "i", "{enter}"):
            await page.locator(f'[data-skbtn="{key}"]').click()
        await expect(page.get_by_test_id("kiosk-asked")).to_have_text("hi")
        await expect(page.locator(".kiosk")).to_have_attribute("data-state", "listening")
        before = await goodbyes(service)
        await page.clock.fast_forward(SILENCE_S * 1000)
        await expect(page.get_by_test_id("kiosk-ending")).to_be_visible()
        await page.clock.fast_forward(FAREWELL_S * 1000)
        await until_stage(page, "attract")
        await page.mouse.click(200, 200)
        await until_stage(page, "greeting")
        await expect(page.get_by_test_id("kiosk-asked")).to_have_count(0)
        while await goodbyes(service) == before:
            await page.wait_for_timeout(100)
        assert await goodbyes(service) == before + 1


async def test_what_was_written_stays_while_the_line_is_down(
    service: Running, open_page: OpenPage
) -> None:
    async with open_page("about:blank", *FLAGS) as page:
        wire = await wire_of(page)
        await page.goto(url(service, languages="en", keyboard="1", voice="0"))
        await until_inviting(page)
        await page.mouse.click(200, 200)
        await page.get_by_test_id("kiosk-write").click()
        for key in ("h", "i"):
            await page.locator(f'[data-skbtn="{key}"]').click()
        await wire.cut()
        await page.locator('[data-skbtn="{enter}"]').click()
        await expect(page.get_by_test_id("kiosk-offline")).to_be_visible()
        await expect(page.get_by_test_id("kiosk-visit")).to_be_hidden()
        wire.mend()
        await expect(page.get_by_test_id("kiosk-visit")).to_be_visible()
        await page.locator('[data-skbtn="{enter}"]').click()
        await expect(page.get_by_test_id("kiosk-asked")).to_have_text("hi")


async def test_a_page_that_is_loaded_anew_knows_nobody(
    service: Running, open_page: OpenPage
) -> None:
    async with open_page(url(service, voice="0"), *FLAGS, init_script=COURSE) as page:
        await until_inviting(page)
        await page.mouse.click(200, 200)
        await until_stage(page, "greeting")
        async with page.expect_websocket() as line:
            await page.reload()
        assert (await line.value).url.endswith("/ws/new")


async def test_a_face_before_the_camera_wakes_it(
    service: Running, open_page: OpenPage, tmp_path: Path
) -> None:
    seen = tmp_path / "seen.mjpeg"
    poster = ROOT / "avatars/marcus/poster.jpg"
    shape = "scale=360:360,pad=640:480:140:60:gray"
    ffmpeg("-loop", "1", "-i", poster, "-vf", shape, "-t", "1", seen)
    flags = (*FLAGS, f"--use-file-for-fake-video-capture={seen}")
    address = url(service, camera="1", voice="0")
    async with open_page(address, *flags, init_script=COURSE) as page:
        await until_stage(page, "greeting")
        await until_said(page, "Hello")


async def test_where_the_browser_wants_a_touch_first_the_screen_asks_for_it(
    service: Running, open_page: OpenPage
) -> None:
    address = url(service, languages="en", voice="0")
    async with open_page(address, *FLAGS, init_script=COURSE + TOUCH_FIRST) as page:
        await until_inviting(page)
        await page.locator(".kiosk").dispatch_event("pointerdown")  # by no hand, as a face wakes it
        asks = page.get_by_test_id("kiosk-visit").get_by_text("Touch the screen")
        await expect(asks).to_be_visible()
        await page.mouse.click(200, 200)
        await until_said(page, "Hello")


async def test_a_face_whose_loop_could_not_be_fetched_moves_when_it_can(
    service: Running, open_page: OpenPage
) -> None:
    is_there = asyncio.Event()

    async def loop(route: Route) -> None:
        await (route.continue_() if is_there.is_set() else route.fulfill(status=502))

    async with open_page("about:blank", *FLAGS) as page:
        await page.route("**/avatars/*/idle.mp4*", loop)
        await page.goto(url(service, voice="0"))
        idle = page.get_by_test_id("idle-video")
        await expect(idle).not_to_have_js_property("error", None, timeout=20_000)
        is_there.set()
        await until_inviting(page)


async def test_a_screen_whose_token_is_refused_tells_its_operator(
    service: Running, open_page: OpenPage
) -> None:
    refusal = {"type": "error", "session_id": "s", "seq": 1, "code": "unauthorized"}

    async def refuse(line: WebSocketRoute) -> None:
        line.send(json.dumps({**refusal, "message": "The token is wrong.", "recoverable": False}))
        await line.close(code=1008)

    async with open_page("about:blank", *FLAGS) as page:
        await page.route_web_socket("**/ws/*", refuse)
        await page.goto(url(service, voice="0"))
        await expect(page.get_by_test_id("kiosk-unwelcome")).to_contain_text(
            "#token", timeout=20_000
        )


async def test_an_empty_hall_wakes_nobody(
    service: Running, open_page: OpenPage, tmp_path: Path
) -> None:
    """The browser's own test picture: a pattern that moves, and no face."""
    address = url(service, camera="1", voice="0")
    async with open_page(address, *FLAGS, init_script=COURSE + COUNT_LOOKS) as page:
        await page.wait_for_function("looks > 8")  # twice as often as a face would need
        assert await page.evaluate("stages") == ["attract"]


async def test_the_page_loads_itself_anew_behind_its_own_picture(
    service: Running, open_page: OpenPage
) -> None:
    async with open_page("about:blank", *FLAGS) as page:
        await page.clock.install(time="2026-11-21T03:50:00")
        await page.goto(url(service, voice="0"))
        await until_inviting(page)
        async with presented(page) as pictures:
            async with page.expect_event("load", timeout=30_000):
                await page.clock.fast_forward("00:11:00")
            await until_inviting(page)
            while len(pictures) < 12:
                await page.wait_for_timeout(100)
        # The first is of before; Chromium may present one empty picture between two documents.
        contrasts = sorted(contrast(picture) for picture in pictures[1:])
        assert contrasts[1] > 0.5 * contrasts[-1]


async def test_a_closed_place_stays_dark_while_its_page_loads_anew(
    service: Running, open_page: OpenPage
) -> None:
    async with open_page("about:blank", *FLAGS, init_script=COURSE) as page:
        await serve(page, open_week=[[0, 60]], hours=["Mon 00:00-01:00"])
        await page.clock.install(time="2026-11-21T03:50:00")
        await page.goto(url(service, voice="0"))
        await until_stage(page, "asleep")
        await expect(page.get_by_test_id("idle-video")).to_have_js_property("paused", False)
        async with presented(page) as pictures:
            async with page.expect_event("load", timeout=30_000):
                await page.clock.fast_forward("00:11:00")
            await until_stage(page, "asleep")
            await expect(page.get_by_test_id("idle-video")).to_have_js_property("paused", False)
        assert max(brightness(picture) for picture in pictures) < 64


@asynccontextmanager
async def presented(page: Page) -> AsyncIterator[list[bytes]]:
    """What is brought to the screen meanwhile."""
    pictures: list[bytes] = []
    line = await page.context.new_cdp_session(page)

    async def keep(frame: dict[str, Any]) -> None:
        pictures.append(base64.b64decode(frame["data"]))
        await line.send("Page.screencastFrameAck", {"sessionId": frame["sessionId"]})

    line.on("Page.screencastFrame", keep)
    await line.send("Page.startScreencast", {"format": "png"})
    yield pictures
    line.remove_listener("Page.screencastFrame", keep)
    await line.send("Page.stopScreencast")


def grey(png: bytes) -> cv2.typing.MatLike:
    return cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_GRAYSCALE)


def contrast(png: bytes) -> float:
    return float(grey(png).std())


def brightness(png: bytes) -> float:
    return float(grey(png).mean())
