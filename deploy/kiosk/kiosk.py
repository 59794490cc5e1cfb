#!/usr/bin/env python3
"""Keeps a browser on the screen of a lobby: starts it, watches over it, starts it again.

`kiosk.py` shows the page until it is stopped; `kiosk.py screen` turns the screen and keeps it lit.
It needs nothing but Python 3.11 and Chromium. Settings come from the environment, see
`kiosk.env.example`.

The browser is held by its DevTools pipe, which nobody else can reach. Over it the page gets its
microphone and reports its heartbeat; a browser that ends, or whose page reports none, is replaced.
Until the service answers, a page that comes with this file is shown instead of the browser's error.
"""

from __future__ import annotations

import asyncio
import fcntl
import http.client
import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

HERE = Path(__file__).resolve().parent
BROWSERS = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
PERMISSIONS = ["audioCapture", "videoCapture", "wakeLockScreen"]
FLAGS = (
    "--kiosk",
    "--window-position=0,0",
    "--remote-debugging-pipe",
    "--autoplay-policy=no-user-gesture-required",
    "--no-first-run",
    "--no-default-browser-check",
    "--noerrdialogs",
    "--hide-crash-restore-bubble",
    "--disable-pinch",
    "--overscroll-history-navigation=0",
    "--disable-features=Translate,GlobalMediaControls",
    "--disable-component-update",
    "--disable-background-networking",
    "--password-store=basic",
)
FIRST_BEAT_S = 40.0  # a slow computer loads and decodes for a while
HUNG_S = 12.0  # the page beats every two seconds
ANSWER_S = 10.0  # the browser answers a command at once, or never will
PROBE_S = 1.0  # pace and patience of the question whether the service is there
AGAIN_S = 1.0  # between the end of one browser and the start of the next


@dataclass(frozen=True, slots=True)
class Settings:
    """`flags` are added to ours. `rotate`: normal, left, right or inverted."""

    url: str
    browser: str
    flags: tuple[str, ...]
    output: str
    rotate: str

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> Settings:
        browser = environ.get("KIOSK_BROWSER") or next(
            filter(None, map(shutil.which, BROWSERS)), ""
        )
        if not browser:
            raise SystemExit("No Chromium is installed, and KIOSK_BROWSER names none.")
        url = environ.get("KIOSK_URL", "http://localhost:8000/?kiosk=1")
        if urlsplit(url).scheme not in ("http", "https"):
            raise SystemExit(f"KIOSK_URL must begin with http:// or https://, and is {url}")
        return cls(
            url=url,
            browser=browser,
            flags=tuple(shlex.split(environ.get("KIOSK_FLAGS", ""))),
            output=environ.get("KIOSK_OUTPUT", ""),
            rotate=environ.get("KIOSK_ROTATE", "normal"),
        )

    @property
    def origin(self) -> str:
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}"


class BrowserLost(Exception):
    """The browser has ended, hangs, or its page does."""


# ---------------------------------------------------------------------- the browser


class Pipe:
    """Chromium's DevTools protocol: JSON messages with a zero byte after each."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._number = 0

    async def call(self, method: str, session: str | None = None, **params: Any) -> Any:
        """What a command answers. Events that come meanwhile are of no interest.

        Raises:
            BrowserLost: it refuses, or does not answer in `ANSWER_S`.
        """
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        if session is not None:
            message["sessionId"] = session
        try:
            async with asyncio.timeout(ANSWER_S):
                self._writer.write(json.dumps(message).encode() + b"\0")
                await self._writer.drain()
                while (answer := await self.receive()).get("id") != self._number:
                    pass
        except (TimeoutError, OSError) as error:
            raise BrowserLost(f"{method} was not answered") from error
        if "error" in answer:
            raise BrowserLost(f"{method}: {answer['error']['message']}")
        return answer["result"]

    async def receive(self) -> dict[str, Any]:
        """
        Raises:
            BrowserLost: nothing will come any more.
        """
        try:
            raw = await self._reader.readuntil(b"\0")
        except (asyncio.IncompleteReadError, OSError) as error:
            raise BrowserLost("the browser has ended") from error
        message: dict[str, Any] = json.loads(raw[:-1])
        return message


@asynccontextmanager
async def running_browser(settings: Settings) -> AsyncIterator[Pipe]:
    """A browser that remembers nothing of the one before it."""
    waiting = (HERE / "waiting.html").as_uri()
    secure = f"--unsafely-treat-insecure-origin-as-secure={settings.origin}"
    with tempfile.TemporaryDirectory(prefix="kiosk-", ignore_cleanup_errors=True) as profile:
        with _pipes() as (theirs, ours):
            process = await asyncio.create_subprocess_exec(
                settings.browser,
                f"--user-data-dir={profile}",
                *FLAGS,
                *([secure] if settings.url.startswith("http:") else []),
                *settings.flags,
                waiting,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                close_fds=False,  # Python's own are closed all the same; 3 and 4 must stay
                preexec_fn=lambda: [os.dup2(end, 3 + at) for at, end in enumerate(theirs)],
            )
        reader, writer = await _streams(*ours)
        say("browser.started", pid=process.pid)
        try:
            yield Pipe(reader, writer)
        finally:
            writer.close()
            _end(process.pid)
            await process.wait()


@contextmanager
def _pipes() -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """(what the browser reads, writes), (what we read, write). Its ends are closed here after."""
    (its_in, our_out), (our_in, its_out) = os.pipe(), os.pipe()
    # Above 3 and 4, so that one does not overwrite the other on its way there.
    theirs = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in (its_in, its_out)]
    try:
        yield (theirs[0], theirs[1]), (our_in, our_out)
    finally:
        for end in (its_in, its_out, *theirs):
            os.close(end)


async def _streams(fd_in: int, fd_out: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=2**24)
    protocol = asyncio.StreamReaderProtocol(reader)
    await loop.connect_read_pipe(lambda: protocol, os.fdopen(fd_in, "rb", 0))
    transport, flow = await loop.connect_write_pipe(
        asyncio.streams.FlowControlMixin, os.fdopen(fd_out, "wb", 0)
    )
    return reader, asyncio.StreamWriter(transport, flow, None, loop)


def _end(group: int) -> None:
    """The browser with all its processes; a hung one does not hear anything gentler."""
    with suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)


# ---------------------------------------------------------------------- watching over it


async def show(settings: Settings) -> None:
    """The page on the screen, for ever."""
    notify("READY=1")
    async with asyncio.TaskGroup() as group:
        group.create_task(keep_watched())
        while True:
            try:
                async with running_browser(settings) as pipe:
                    await watch(pipe, settings)
            except BrowserLost as error:
                say("browser.lost", why=str(error))
            await asyncio.sleep(AGAIN_S)


async def watch(pipe: Pipe, settings: Settings) -> None:
    """Bring the page up once the service is there, then listen to its heart.

    Raises:
        BrowserLost: it beats no more.
    """
    page = await attached(pipe)
    await pipe.call("Browser.grantPermissions", origin=settings.origin, permissions=PERMISSIONS)
    await pipe.call("Runtime.enable", page)
    await pipe.call("Runtime.addBinding", page, name="kioskHeartbeat")
    await service_there(pipe, settings.url)
    await pipe.call("Page.navigate", page, url=settings.url)
    before, patience_s = "", FIRST_BEAT_S
    while True:
        try:
            async with asyncio.timeout(patience_s):
                beat = await heartbeat(pipe)
        except TimeoutError:
            raise BrowserLost(f"no heartbeat for {patience_s:.0f} s") from None
        patience_s = patience_after(beat)
        if beat != before:
            before = beat
            say("page", **json.loads(beat))
            notify(f"STATUS={beat}")


async def service_there(pipe: Pipe, url: str) -> None:
    """Wait until the page could be loaded; whoever reads the journal learns why it cannot."""
    said = None
    while (why := await asyncio.to_thread(obstacle, url)) is not None:
        if why != said:
            said = why
            say("service.awaited", why=why)
        await asyncio.sleep(PROBE_S)
        await pipe.call("Browser.getVersion")  # is it still there?


def patience_after(beat: str) -> float:
    """How long the next may take, in seconds. A page that loads itself anew is silent meanwhile."""
    return FIRST_BEAT_S if json.loads(beat)["stage"] == "restarting" else HUNG_S


async def attached(pipe: Pipe) -> str:
    """The session that commands to the page are for."""
    await pipe.call("Target.setDiscoverTargets", discover=True)
    targets = (await pipe.call("Target.getTargets"))["targetInfos"]
    page = next(filter(is_page, targets), None) or await first_page(pipe)
    await pipe.call("Target.setDiscoverTargets", discover=False)
    session = await pipe.call("Target.attachToTarget", targetId=page["targetId"], flatten=True)
    return str(session["sessionId"])


async def first_page(pipe: Pipe) -> dict[str, Any]:
    """A browser may answer before it shows anything.

    Raises:
        BrowserLost: it does not show a page in `ANSWER_S`.
    """
    try:
        async with asyncio.timeout(ANSWER_S):
            while True:
                event = await pipe.receive()
                if event.get("method") == "Target.targetCreated":
                    target: dict[str, Any] = event["params"]["targetInfo"]
                    if is_page(target):
                        return target
    except TimeoutError as error:
        raise BrowserLost("it shows no page") from error


def is_page(target: dict[str, Any]) -> bool:
    return bool(target["type"] == "page")


async def heartbeat(pipe: Pipe) -> str:
    """The next one, as JSON.

    Raises:
        BrowserLost: the page has crashed, or the browser has ended.
    """
    while True:
        event = await pipe.receive()
        if event.get("method") in ("Inspector.targetCrashed", "Target.targetCrashed"):
            raise BrowserLost("the page has crashed")
        if event.get("method") == "Runtime.bindingCalled":
            return str(event["params"]["payload"])


def obstacle(url: str) -> str | None:
    """Why the page could not be loaded now; None when it could."""
    try:
        with urllib.request.urlopen(url, timeout=PROBE_S):
            return None
    except (OSError, http.client.HTTPException) as error:
        return str(error) or type(error).__name__


async def keep_watched() -> None:
    """Tell systemd, where it asks for it, that this program itself is alive."""
    if interval_us := int(os.environ.get("WATCHDOG_USEC", 0)):
        while True:
            notify("WATCHDOG=1")
            await asyncio.sleep(interval_us / 3e6)


def notify(words: str) -> None:
    """To systemd, where it started us."""
    if path := os.environ.get("NOTIFY_SOCKET"):
        address = f"\0{path[1:]}" if path.startswith("@") else path
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
            line.sendto(words.encode(), address)


def say(event: str, **facts: object) -> None:
    print(" ".join([event, *(f"{name}={value}" for name, value in facts.items())]), flush=True)


# ---------------------------------------------------------------------- the screen


def prepare_screen(settings: Settings) -> None:
    """Turned as it hangs, and never dark. X11; a Wayland compositor has settings of its own."""
    listed = subprocess.run(["xrandr", "--query"], check=True, capture_output=True, text=True)
    connected = re.findall(r"^(\S+) connected", listed.stdout, re.MULTILINE)
    for output in [settings.output] if settings.output else connected:
        subprocess.run(["xrandr", "--output", output, "--rotate", settings.rotate], check=True)
    for command in (["s", "off"], ["s", "noblank"], ["-dpms"]):
        subprocess.run(["xset", *command], check=False)  # a screen without DPMS stays lit anyhow


def main() -> None:
    settings = Settings.of(os.environ)
    if sys.argv[1:] == ["screen"]:
        prepare_screen(settings)
        return
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        asyncio.run(show(settings))
    except KeyboardInterrupt:
        say("stopped")


if __name__ == "__main__":
    main()
