"""Fixtures that everybody shares: a real service, and what a test needs from outside."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import httpx
import pytest
import structlog
import uvicorn

from backend.app import create_app
from backend.config import Settings, load_settings
from bench.service import END_WITHIN_S, Running, running_service
from tests.fakes.fixtures import edge, make_context, tiny_whisper

__all__ = ["edge", "make_context", "tiny_whisper"]

ROOT = Path(__file__).resolve().parent.parent
Serve = Callable[..., AbstractAsyncContextManager[str]]

READY_WITHIN_S = 90.0

EMBEDDED = {
    "asr": {"chain": ["pocketsphinx"], "auto_pull": False},
    "llm": {"chain": ["builtin"]},
    "tts": {"chain": ["espeak"]},
    "log": {"level": "warning"},
    # The process that tests run in holds more than a service does.
    "session": {"memory_ceiling_mb": 65536},
}


def embedded_settings(**sections: dict[str, object]) -> Settings:
    """Settings of the embedded chain, with sections added or changed."""
    merged = {
        name: {**EMBEDDED.get(name, {}), **sections.get(name, {})}
        for name in {*EMBEDDED, *sections}
    }
    return load_settings(**merged)


@pytest.fixture(scope="session")
def embedded() -> Iterator[Running]:
    """One real service in a process of its own, embedded chain, for all tests that only talk."""
    with running_service() as service:
        yield service


@pytest.fixture
def serve() -> Serve:
    """`async with serve(llm={…}) as base_url`: a real server with settings of the test's own."""

    @asynccontextmanager
    async def start(
        wait: bool = True, pings_s: float = 20, **sections: dict[str, object]
    ) -> AsyncIterator[str]:
        listener = socket.create_server(("127.0.0.1", 0))
        config = uvicorn.Config(
            create_app(embedded_settings(**sections)),
            log_level="error",
            ws_max_size=64 * 1024 * 1024,
            ws_ping_interval=pings_s,
            ws_ping_timeout=pings_s,
        )
        server = uvicorn.Server(config)
        task = asyncio.create_task(server.serve(sockets=[listener]))
        base = f"127.0.0.1:{listener.getsockname()[1]}"
        try:
            if wait:
                await _until_ready(f"http://{base}/readyz")
            yield base
        finally:
            server.should_exit = True
            async with asyncio.timeout(END_WITHIN_S):  # a server waits for every request to end
                await task

    return start


async def _until_ready(url: str) -> None:
    # It answers no sooner than it has loaded: libraries do not share the interpreter while they do.
    async with httpx.AsyncClient(timeout=READY_WITHIN_S) as client, asyncio.timeout(READY_WITHIN_S):
        while True:
            if (await client.get(url)).status_code == 200:
                return
            await asyncio.sleep(0.02)


@pytest.fixture(scope="session")
def chromium() -> Path:
    """The browser; a test that needs it says so where it is missing."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return Path(found)
    pytest.skip("chromium is not installed")


@pytest.fixture(autouse=True)
def plain_logs() -> None:
    """To the standard output of this test, whatever a command in another one has configured.

    The fashionable traceback, with every local, takes a second; some tests wait for no more.
    """
    console = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    structlog.reset_defaults()
    structlog.configure(processors=[structlog.contextvars.merge_contextvars, console])


def pytest_configure(config: pytest.Config) -> None:
    os.environ["AVATAR_CHAT_TIMELINE__DIR"] = ""  # a test that wants timelines says where
    config.stash[_CI] = os.environ.get("CI") == "true"


_CI = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """In CI everything must really run: a skip there is a failure."""
    report = yield
    if item.config.stash[_CI] and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped in CI: {report.longrepr[2]}"
    return report
