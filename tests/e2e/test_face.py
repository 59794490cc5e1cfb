"""What a visitor makes of the face: another one, one of their own, another background."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from full_avatar import make_full_avatar
from playwright.async_api import Page, expect

from tests.avatar.faces import NORA, POSTER, write_finder
from tests.conftest import Serve
from tests.e2e.conftest import SOUND_ALLOWED, OpenPage
from tests.e2e.probes import OPEN_SOCKET
from tests.e2e.test_page import ask, chunk_time_moves

SOFTWARE_GL = ("--use-angle=swiftshader", "--enable-unsafe-swiftshader")
PHOTO = POSTER.read_bytes()
IN_SIGHT = """() => ['thinking', 'listening', 'idle'].find(name =>
    getComputedStyle(document.querySelector(`[data-testid=${name}-video]`)).opacity === '1')"""
# A canvas has its picture only in the frame that it was drawn in.
IS_CUT_OUT = """() => {
    const canvas = document.querySelector('[data-testid=figure]');
    const copy = Object.assign(document.createElement('canvas'), { width: 64, height: 64 });
    const context = copy.getContext('2d');
    context.drawImage(canvas, 0, 0, 64, 64);
    const at = (x, y) => context.getImageData(x, y, 1, 1).data[3];
    return at(2, 60) < 10 && at(32, 33) > 245;
}"""


@pytest.fixture
def avatars(tmp_path: Path) -> Path:
    """One that came with the service."""
    folder = tmp_path / "avatars"
    folder.mkdir()
    (folder / "nora").symlink_to(NORA)
    return folder


async def open_creation(page: Page) -> None:
    await page.get_by_test_id("settings-open").click()
    await page.get_by_test_id("create-open").click()


async def fill_in(page: Page, name: str, content: bytes) -> None:
    file = {"name": "me.jpg", "mimeType": "image/jpeg", "buffer": content}
    await page.get_by_test_id("create-file").set_input_files(file)
    await page.get_by_test_id("create-name").fill(name)
    await expect(page.get_by_test_id("create-make")).to_be_disabled()
    await page.get_by_test_id("create-consent").check()


@pytest.mark.timeout(300)  # a face takes some seconds, minutes where much else runs
async def test_a_photo_becomes_a_face_that_answers(
    avatars: Path, tmp_path: Path, serve: Serve, open_page: OpenPage
) -> None:
    settings = {"dir": avatars, "finder_python": write_finder(tmp_path)}
    async with (
        serve(avatar=settings) as base,
        open_page(f"http://{base}/", SOUND_ALLOWED) as page,
    ):
        await open_creation(page)
        await fill_in(page, "Anna", PHOTO)
        await page.get_by_test_id("create-make").click()
        await expect(page.get_by_test_id("create-done")).to_contain_text("Anna", timeout=150_000)
        await page.get_by_test_id("create-use").click()
        await expect(page.get_by_test_id("face")).to_have_attribute("aria-label", "Anna")
        await ask(page, "Hello!")
        await chunk_time_moves(page)
        await expect(page.get_by_test_id("status")).to_contain_text("Ready", timeout=30_000)
        await page.get_by_test_id("settings-open").click()
        await expect(page.get_by_test_id("face-card")).to_have_count(2)
        await page.get_by_test_id("face-delete").click()
        await page.get_by_role("button", name="Delete", exact=True).click()
        await expect(page.get_by_test_id("face-card")).to_have_count(1)
        await expect(page.get_by_test_id("face")).to_have_attribute("aria-label", "Nora")


async def test_what_will_not_do_is_refused_with_words_and_can_be_tried_again(
    avatars: Path, tmp_path: Path, serve: Serve, open_page: OpenPage
) -> None:
    settings = {"dir": avatars, "finder_python": write_finder(tmp_path)}
    async with (
        serve(avatar=settings) as base,
        open_page(f"http://{base}/", SOUND_ALLOWED) as page,
    ):
        await open_creation(page)
        await fill_in(page, "Anna", b"not a photo at all")
        await page.get_by_test_id("create-make").click()
        refusal = page.get_by_test_id("create-refusal")
        await expect(refusal).to_have_attribute("data-code", "unreadable")
        await expect(refusal).to_contain_text("Save a HEIC photo as JPEG")
        (tmp_path / "hold").touch()
        file = {"name": "me.jpg", "mimeType": "image/jpeg", "buffer": PHOTO}
        await page.get_by_test_id("create-file").set_input_files(file)
        await expect(refusal).to_have_count(0)
        await page.get_by_test_id("create-make").click()
        progress = page.get_by_test_id("create-progress")
        await expect(progress).to_have_attribute("data-step", "find", timeout=20_000)
        await page.get_by_test_id("create-cancel").click()
        await expect(page.get_by_test_id("create-make")).to_be_enabled(timeout=20_000)
        await expect(page.get_by_test_id("create-refusal")).to_have_count(0)


async def test_without_a_finder_the_page_says_what_to_run(
    avatars: Path, tmp_path: Path, serve: Serve, open_page: OpenPage
) -> None:
    settings = {"dir": avatars, "finder_python": tmp_path / "nothing"}
    async with (
        serve(avatar=settings) as base,
        open_page(f"http://{base}/", SOUND_ALLOWED) as page,
    ):
        await open_creation(page)
        await expect(page.get_by_test_id("create-refusal")).to_contain_text("make face-finder")
        await fill_in(page, "Anna", PHOTO)
        await expect(page.get_by_test_id("create-make")).to_be_disabled()


async def server_says(page: Page, state: str) -> None:
    message = {"type": "state_update", "session_id": "s", "seq": 1, "state": state, "reason": "-"}
    event = "text => socket.dispatchEvent(new MessageEvent('message', { data: text }))"
    await page.evaluate(event, json.dumps(message))


async def test_listening_and_thinking_look_different(
    tmp_path: Path, serve: Serve, open_page: OpenPage
) -> None:
    make_full_avatar(tmp_path / "avatars")
    async with (
        serve(avatar={"dir": tmp_path / "avatars"}) as base,
        open_page(f"http://{base}/", SOUND_ALLOWED, init_script=OPEN_SOCKET) as page,
    ):
        await expect(page.get_by_test_id("status")).to_contain_text("Ready")
        for state in ("thinking", "listening", "idle"):
            await server_says(page, state)
            await page.wait_for_function(f"({IN_SIGHT})() === '{state}'")


async def test_the_figure_stands_before_any_background(
    tmp_path: Path, serve: Serve, open_page: OpenPage
) -> None:
    make_full_avatar(tmp_path / "avatars")
    async with (
        serve(avatar={"dir": tmp_path / "avatars"}) as base,
        open_page(f"http://{base}/", SOUND_ALLOWED, *SOFTWARE_GL) as page,
    ):
        await page.get_by_test_id("settings-open").click()
        await page.get_by_test_id("background-dusk").click()
        face = page.get_by_test_id("face")
        await expect(face).to_have_attribute("data-free", "true", timeout=30_000)
        assert "linear-gradient" in await face.evaluate("face => face.style.background")
        await page.wait_for_function(IS_CUT_OUT)
        await page.get_by_test_id("background-studio").click()
        await expect(face).to_have_attribute("data-free", "false")
