"""A lobby: a screen without glass, a microphone that hears a file, and the shipped watchdog."""

from __future__ import annotations

import asyncio
import os
import shlex
import shutil
import signal
import subprocess
import sys
import wave
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import psutil
import pytest

from backend.handlers.tts.espeak_native import Manner, espeak
from tests.conftest import ROOT

KIOSK = ROOT / "deploy/kiosk/kiosk.py"
SIZE = (540, 960)


@contextmanager
def screen() -> Iterator[str]:
    """An X server of its own; its display's name."""
    if shutil.which("Xvfb") is None:
        pytest.skip("Xvfb is not installed")
    said, hears = os.pipe()
    geometry = f"{SIZE[0]}x{SIZE[1]}x24"
    server = subprocess.Popen(
        [
            "Xvfb",
            "-displayfd",
            str(hears),
            "-screen",
            "0",
            geometry,
            "-nolisten",
            "tcp",
            "-noreset",
        ],
        pass_fds=[hears],
        stderr=subprocess.DEVNULL,
    )
    os.close(hears)
    try:
        with os.fdopen(said) as words:
            yield f":{words.readline().strip()}"
    finally:
        server.terminate()
        server.wait(10)


def write_visitor(path: Path) -> None:
    """Somebody who says the same again and again, with pauses between."""
    spoken = espeak().speak("Hello, who are you?", Manner(voice="en-us"))
    before, after = (np.zeros(int(s * spoken.rate_hz), np.int16) for s in (1, 3))
    with wave.open(str(path), "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(2)
        wav.setframerate(spoken.rate_hz)
        wav.writeframes(np.concatenate([before, spoken.pcm, after]).tobytes())


@dataclass
class Lobby:
    """What the watchdog says, line by line, and where its browser is."""

    process: asyncio.subprocess.Process
    heard: list[str] = field(default_factory=list)

    async def until(self, *words: str, timeout_s: float = 30) -> str:
        """The next line with all these words."""
        assert self.process.stdout is not None
        try:
            async with asyncio.timeout(timeout_s):
                while line := (await self.process.stdout.readline()).decode():
                    self.heard.append(line)
                    if all(word in line for word in words):
                        return line
        except TimeoutError:
            pass
        raise AssertionError(f"{words} did not come after:\n{''.join(self.heard)}")

    async def until_talking(self) -> None:
        await self.until("page", "phase=speaking")

    @property
    def browser(self) -> psutil.Process:
        started = next(line for line in reversed(self.heard) if "browser.started" in line)
        return psutil.Process(int(started.rpartition("=")[2]))

    @property
    def pages(self) -> list[psutil.Process]:
        """The processes in which pages run."""
        found = []
        for child in self.browser.children(recursive=True):
            with suppress(psutil.NoSuchProcess):  # some live but for a moment
                if "--type=renderer" in " ".join(child.cmdline()):
                    found.append(child)
        return found


@asynccontextmanager
async def lobby(
    url: str, display: str, folder: Path, within: Sequence[str] = ()
) -> AsyncIterator[Lobby]:
    """The watchdog at work. `within`: a command that it runs inside of."""
    visitor = folder / "visitor.wav"
    write_visitor(visitor)
    flags = [
        "--no-sandbox",  # the tests of continuous integration run as root
        "--disable-gpu",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-audio-capture={visitor}",
        f"--window-size={SIZE[0]},{SIZE[1]}",
    ]
    env = {"DISPLAY": display, "KIOSK_URL": url, "KIOSK_FLAGS": shlex.join(flags)}
    process = await asyncio.create_subprocess_exec(
        *within,
        sys.executable,
        str(KIOSK),
        env={**os.environ, **env, "TMPDIR": str(folder)},
        stdout=subprocess.PIPE,
    )
    try:
        yield Lobby(process)
    finally:
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(10):
            await process.wait()
