"""A real Chromium on the real page of a real service."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Page, async_playwright, expect

QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SOUND_ALLOWED = "--autoplay-policy=no-user-gesture-required"

expect.set_options(timeout=20_000)  # a machine that is busy with other things is not wrong

OpenPage = Callable[..., AbstractAsyncContextManager[Page]]


@pytest.fixture
def open_page(chromium: Path) -> OpenPage:
    """`async with open_page(url, *flags, **context_options) as page`."""

    @asynccontextmanager
    async def start(
        url: str, *flags: str, init_script: str | None = None, **options: object
    ) -> AsyncIterator[Page]:
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(
                executable_path=str(chromium), args=[*QUIET, *flags]
            )
            try:
                page = await browser.new_page(locale="en-US", **options)
                if init_script is not None:
                    await page.add_init_script(init_script)
                await page.goto(url)
                yield page
            finally:
                await browser.close()

    return start
