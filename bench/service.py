"""A real service in a process of its own, with the embedded chain, for the benches to talk to."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import psutil

EMBEDDED = {
    "AVATAR_CHAT_ASR__CHAIN": '["pocketsphinx"]',
    "AVATAR_CHAT_ASR__AUTO_PULL": "false",
    "AVATAR_CHAT_LLM__CHAIN": '["builtin"]',
    "AVATAR_CHAT_TTS__CHAIN": '["espeak"]',
    "AVATAR_CHAT_LOG__LEVEL": "warning",
}

END_WITHIN_S = 30.0


@dataclass(frozen=True, slots=True)
class Running:
    """A service that is ready. Times in seconds from its start."""

    port: int
    process: subprocess.Popen[bytes]
    listening_s: float
    ready_s: float

    @property
    def ws_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/ws/new"

    def resident_mb(self) -> dict[str, float]:
        """Resident memory of the service and of its workers, in MiB."""
        parent = psutil.Process(self.process.pid)
        children = parent.children(recursive=True)
        return {
            "service": parent.memory_info().rss / 2**20,
            "workers": sum(child.memory_info().rss for child in children) / 2**20,
        }


@contextmanager
def running_service(
    env: dict[str, str] | None = None,
    timeout_s: float = 90,
    log: Path = Path(os.devnull),
    port: int | None = None,
) -> Iterator[Running]:
    """Start, wait for `/readyz`, hand over, stop. What it logs goes to the file `log`.

    port: a free one unless it is named.

    Raises:
        TimeoutError: it did not get ready. ChildProcessError: it ended before it was.
        subprocess.TimeoutExpired: it did not end when it should; it is killed.
    """
    with nullcontext(port) if port else kept_port() as port:
        started = time.monotonic()
        with log.open("ab") as words:
            process = subprocess.Popen(
                [sys.executable, "-m", "backend", "run", "--port", str(port)],
                env={**os.environ, **EMBEDDED, **(env or {})},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,  # should we be killed, it holds no pipe of ours open
                stderr=words,
                process_group=0,  # Ctrl-C is for the bench, which then ends it in order
            )
        try:
            listening_s = _wait_for(process, port, "/health", started, timeout_s)
            ready_s = _wait_for(process, port, "/readyz", started, timeout_s)
            yield Running(port, process, listening_s, ready_s)
        finally:
            end(process, signal.SIGINT, END_WITHIN_S)


def end(process: subprocess.Popen[bytes], sign: signal.Signals, within_s: float) -> None:
    """Ask it to go, and leave nothing of it behind.

    Raises:
        subprocess.TimeoutExpired: it did not go by itself.
    """
    process.send_signal(sign)
    try:
        process.wait(within_s)
    finally:
        process.kill()  # nothing where it has ended
        process.wait()


def _wait_for(
    process: subprocess.Popen[bytes], port: int, path: str, started: float, timeout_s: float
) -> float:
    while (elapsed := time.monotonic() - started) < timeout_s:
        if process.poll() is not None:
            raise ChildProcessError(f"The service ended with {process.returncode}; see its log.")
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=2):
                return time.monotonic() - started
        except OSError:  # not there yet, or too busy to answer
            time.sleep(0.02)
    raise TimeoutError(f"{path} was not green after {elapsed:.0f} s")


@contextmanager
def kept_port() -> Iterator[int]:
    """A port that nobody else gets by chance, from before a server listens there until after it.

    Held by a socket that never listens; a server that reuses addresses, as all here do, may listen
    at the same port.
    """
    with socket.socket() as keeper:
        keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        keeper.bind(("127.0.0.1", 0))
        yield keeper.getsockname()[1]


def free_port() -> int:
    """Where nobody listens, just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
