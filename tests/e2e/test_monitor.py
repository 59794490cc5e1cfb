"""What an operator sees: the page at /monitor of a real service that has talked."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from bench.service import Running, kept_port, running_service
from tests.conftest import Serve
from tests.e2e.conftest import OpenPage
from tests.monitoring.prometheus_server import prometheus_of
from tests.ws_client import WsClient, joined

SECRET = "xylophone"
ADMIN = "open-sesame"
ANSWERS = re.compile("good|warning")
"""On a machine that is busy with other things, it may well be slow."""
SOON = re.compile(r"\d m?s\s*$")
"""How soon the last reply began, at the end of a session's line."""
THROUGH_A_PROXY = {"X-Forwarded-For": "203.0.113.9"}


def monitor(service: Running) -> str:
    return f"http://127.0.0.1:{service.port}/monitor"


async def one_reply(client: WsClient) -> str:
    """Has the avatar answer; the first eight characters of the session's id."""
    await client.send("text", text=f"My {SECRET} sings.")
    await client.until("turn_end", reason="completed")
    return str(client.ready["session_id"])[:8]


async def drawn_stages(page: Page) -> set[str]:
    return set(
        await page.get_by_test_id("bar").evaluate_all("bars => bars.map(one => one.dataset.stage)")
    )


async def test_a_session_appears_its_reply_is_drawn_and_its_trouble_is_logged(
    embedded: Running, open_page: OpenPage
) -> None:
    async with open_page(monitor(embedded)) as page:
        assert page.url.endswith("/monitor/")
        await expect(page.get_by_test_id("source")).to_have_attribute("data-source", "service")
        async with joined(embedded.ws_url) as client:
            mine = await one_reply(client)
            session = page.get_by_test_id("session").filter(has_text=mine)
            await session.click()
            await expect(session).to_have_attribute("aria-pressed", "true")
            await expect(session).to_contain_text(SOON)
            await expect(page.get_by_test_id("waterfall")).to_contain_text(mine)
            await expect(page.get_by_test_id("bar").first).to_be_visible()
            await page.get_by_role("button", name="Whole reply").click()
            assert await drawn_stages(page) == {"llm", "tts", "avatar", "send"}
            await client.socket.send(f'{{"type": "{SECRET}"}}')
            line = page.get_by_test_id("log-line").filter(has_text=mine)
            await expect(line.first).to_contain_text("session.error")
        await expect(session).to_have_count(0, timeout=60_000)
        assert SECRET not in await page.content()


async def test_the_figures_tell_who_is_in_and_how_soon_they_are_answered(
    embedded: Running, open_page: OpenPage
) -> None:
    async with joined(embedded.ws_url) as client, open_page(monitor(embedded)) as page:
        await one_reply(client)
        await expect(page.get_by_test_id("people")).to_contain_text("of 8")
        await expect(page.get_by_test_id("first-picture")).to_contain_text("95 % in")
        active = page.get_by_test_id("provider").filter(has_text="espeak")
        await expect(active).to_have_attribute("data-active", "true")
        # The course is drawn as soon as a minute has a reply in it.
        await page.reload()
        await expect(page.get_by_test_id("course").locator("svg path").first).to_be_attached()


async def test_who_may_not_watch_is_asked_for_the_token(serve: Serve, open_page: OpenPage) -> None:
    async with (
        serve(server={"admin_token": ADMIN}) as base,
        open_page(f"http://{base}/monitor", extra_http_headers=THROUGH_A_PROXY) as page,
    ):
        await expect(page.get_by_test_id("verdict")).to_have_attribute("data-level", ANSWERS)
        await expect(page.get_by_test_id("people")).to_contain_text("of 8")
        await page.get_by_test_id("token").fill("wrong")
        await page.get_by_test_id("enter").click()
        await expect(page.get_by_role("alert")).to_contain_text("does not open")
        await page.get_by_test_id("token").fill(ADMIN)
        await page.get_by_test_id("enter").click()
        await expect(page.get_by_test_id("gate")).to_have_count(0)
        await expect(page.get_by_test_id("waterfall")).to_be_visible()
        await page.reload()
        await expect(page.get_by_test_id("waterfall")).to_be_visible()
        await page.get_by_role("button", name="Sign out").click()
        await expect(page.get_by_test_id("gate")).to_be_visible()


@pytest.fixture
def port() -> Iterator[int]:
    """Where the service will be."""
    with kept_port() as kept:
        yield kept


async def test_a_service_that_is_gone_is_said_so_and_found_again(
    port: int, open_page: OpenPage
) -> None:
    with running_service(port=port) as service:
        async with open_page(monitor(service)) as page:
            verdict = page.get_by_test_id("verdict")
            await expect(verdict).to_have_attribute("data-level", ANSWERS)
            service.process.terminate()
            service.process.wait(30)
            await expect(verdict).to_contain_text("No answer", timeout=20_000)
            with running_service(port=port):
                await expect(verdict).to_have_attribute("data-level", ANSWERS, timeout=40_000)


async def test_a_real_prometheus_feeds_the_page(
    port: int, tmp_path: Path, open_page: OpenPage
) -> None:
    with prometheus_of(f"127.0.0.1:{port}", tmp_path) as prometheus:
        if prometheus is None:
            pytest.skip("prometheus is not installed")
        env = {"AVATAR_CHAT_MONITOR__PROMETHEUS_URL": prometheus.base}
        with running_service(env, port=port) as service:
            async with joined(service.ws_url) as client, open_page(monitor(service)) as page:
                source = page.get_by_test_id("source")
                await expect(source).to_have_attribute("data-source", "prometheus")
                await page.get_by_role("button", name="6 h").click()
                course = page.get_by_test_id("course")
                async with asyncio.timeout(60):  # a rate needs a scrape before the reply counts
                    while "First picture" not in await course.inner_text():
                        await one_reply(client)
                await expect(course.locator("svg path").first).to_be_attached()


async def test_a_page_that_was_not_built_is_said_so(
    tmp_path: Path, serve: Serve, open_page: OpenPage
) -> None:
    async with (
        serve(wait=False, monitor={"page_dir": tmp_path / "none"}) as base,
        open_page(f"http://{base}/monitor") as page,
    ):
        assert "make page" in await page.content()
