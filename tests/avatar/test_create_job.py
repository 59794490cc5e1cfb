"""How the making of an avatar ends, whoever ends it and when; what makes it is a stand-in."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import psutil
import pytest

from backend.avatar.create.atelier import Atelier
from backend.avatar.create.job import Job
from backend.config import AvatarSettings
from tests.avatar.faces import POSTER, write_finder

SLOW_TO_GO = """
def clear_up(*_):
    time.sleep(0.3)
    sys.exit()
signal.signal(signal.SIGTERM, clear_up)
print('{"step": "find", "part": 0.5}', flush=True)
time.sleep(60)
"""
DONE_AND_STILL_THERE = """
print('{"made": "anna"}', flush=True)
time.sleep(60)
"""
KILLED_AT_WORK = """
import os, pathlib
place = pathlib.Path(__file__).with_name(".making-1")
place.mkdir()
(place / "poster.jpg").write_bytes(b"a face")
os.kill(os.getpid(), signal.SIGKILL)
"""

Making = Callable[[str], Atelier]


@pytest.fixture
def making(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Making:
    """`making(script)`: an atelier in which this does the work."""

    def make(script: str) -> Atelier:
        program = tmp_path / "stand-in"
        program.write_text(f"#!{sys.executable}\nimport signal, sys, time\n{script}")
        program.chmod(0o755)
        monkeypatch.setattr(sys, "executable", str(program))
        return Atelier(AvatarSettings(dir=tmp_path, finder_python=finder))

    finder = write_finder(tmp_path)
    return make


async def begun(atelier: Atelier) -> Job:
    """One of which something was heard."""

    async def photo() -> AsyncIterator[bytes]:
        yield POSTER.read_bytes()

    job = await atelier.take("Anna", photo())
    assert (await job.after(0, wait_s=30)).number
    return job


def at_work(folder: Path) -> list[psutil.Process]:
    children = psutil.Process().children()
    return [child for child in children if str(folder / "stand-in") in child.cmdline()]


async def test_who_cancels_what_is_being_cancelled_waits_for_its_end_too(
    making: Making, tmp_path: Path
) -> None:
    atelier = making(SLOW_TO_GO)
    job = await begun(atelier)
    assert len(at_work(tmp_path)) == 1
    first = asyncio.create_task(atelier.cancel())
    for _ in range(5):
        await asyncio.sleep(0)  # until the program has been told to go
    await atelier.cancel()
    assert not at_work(tmp_path)
    await first
    assert job.progress.state == "cancelled"


async def test_what_is_done_stays_done_though_its_program_is_ended(making: Making) -> None:
    atelier = making(DONE_AND_STILL_THERE)
    job = await begun(atelier)
    assert job.progress.state == "done"
    await atelier.cancel()
    assert (job.progress.state, job.progress.avatar) == ("done", "anna")


async def test_what_a_killed_program_leaves_is_removed_though_the_service_runs_on(
    making: Making, tmp_path: Path
) -> None:
    job = await begun(making(KILLED_AT_WORK))
    assert (job.progress.state, job.progress.code) == ("refused", "internal")
    async with asyncio.timeout(30):
        while True:
            if not (tmp_path / ".making-1").exists():
                return
            await asyncio.sleep(0.01)
