"""Whatever happens to it, the screen is back and talks without a hand."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil
import pytest

from bench.service import kept_port, running_service
from tests.kiosk.lobby import lobby, screen

SERVICE = {"AVATAR_CHAT_KIOSK__LANGUAGES": '["en"]', "AVATAR_CHAT_SERVER__HOST": "0.0.0.0"}


@pytest.fixture
def display(chromium: Path) -> Iterator[str]:
    with screen() as name:
        yield name


@pytest.fixture
def port() -> Iterator[int]:
    """Where the service will be."""
    with kept_port() as kept:
        yield kept


async def test_browser_and_service_may_come_late_and_go(
    port: int, display: str, tmp_path: Path
) -> None:
    async with lobby(f"http://127.0.0.1:{port}/?kiosk=1", display, tmp_path) as place:
        await place.until("browser.started")
        await place.until("service.awaited", "refused")
        with running_service(SERVICE, port=port) as service:
            await place.until("page", "phase=ready")
            place.browser.kill()
            await place.until("browser.lost", "has ended")
            await place.until("browser.started")
            await place.until_talking()
            service.process.send_signal(signal.SIGKILL)
            await place.until("page", "phase=offline")
        before = place.browser.pid
        with running_service(SERVICE, port=port):
            await place.until_talking()
        assert place.browser.pid == before, "the page healed by itself"


async def test_a_page_that_hangs_is_replaced(port: int, display: str, tmp_path: Path) -> None:
    with running_service(SERVICE, port=port):
        async with lobby(f"http://127.0.0.1:{port}/?kiosk=1", display, tmp_path) as place:
            await place.until("page", "phase=ready")
            hung = place.pages
            for page in hung:
                page.suspend()
            await place.until("browser.lost", "no heartbeat")
            await place.until("page", "phase=ready")
            assert all(map(has_ended, hung))


def has_ended(process: psutil.Process) -> bool:
    """A zombie has, too: whoever inherited it takes its time to bury it."""
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


@pytest.fixture
def namespace() -> Iterator[str]:
    """A network of its own, whose one wire leads here: this end is 10.203.77.1."""
    if os.geteuid() != 0 or shutil.which("ip") is None:
        pytest.skip("a network namespace needs root and iproute2")
    name = f"lobby{os.getpid()}"
    here, there = f"lh{os.getpid()}", f"lt{os.getpid()}"
    with ExitStack() as stack:
        _ip("netns", "add", name)
        stack.callback(_ip, "netns", "del", name)
        _ip("link", "add", here, "type", "veth", "peer", "name", there, "netns", name)
        _ip("addr", "add", "10.203.77.1/30", "dev", here)
        _ip("link", "set", here, "up")
        _ip("-n", name, "addr", "add", "10.203.77.2/30", "dev", there)
        _ip("-n", name, "link", "set", there, "up")
        _ip("-n", name, "link", "set", "lo", "up")
        yield name


@contextmanager
def unplugged() -> Iterator[None]:
    _ip("link", "set", f"lh{os.getpid()}", "down")
    try:
        yield
    finally:
        _ip("link", "set", f"lh{os.getpid()}", "up")


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)


async def test_the_network_is_cut_and_heals(
    port: int, namespace: str, display: str, tmp_path: Path
) -> None:
    url = f"http://10.203.77.1:{port}/?kiosk=1"
    inside = ("ip", "netns", "exec", namespace)
    with running_service(SERVICE, port=port):
        async with lobby(url, display, tmp_path, within=inside) as place:
            await place.until("page", "phase=ready")
            before = place.browser.pid
            with unplugged():
                # A line that is only cut looks whole until a ping was not answered: 25 s at most.
                await place.until("page", "phase=offline", timeout_s=60)
            await place.until_talking()
            assert place.browser.pid == before, "the page healed by itself"
