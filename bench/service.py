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
from contextlib import contextmanager
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
        TimeoutError: it did not get ready.
    """
    port = port or free_port()
    started = time.monotonic()
    with log.open("ab") as words:
        process = subprocess.Popen(
            [sys.executable, "-m", "backend", "run", "--port", str(port)],
            env={**os.environ, **EMBEDDED, **(env or {})},
            stderr=words,
            process_group=0,  # Ctrl-C is for the bench, which then ends it in order
        )
    try:
        listening_s = _wait_for(port, "/health", started, timeout_s)
        ready_s = _wait_for(port, "/readyz", started, timeout_s)
        yield Running(port, process, listening_s, ready_s)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(15)


def _wait_for(port: int, path: str, started: float, timeout_s: float) -> float:
    while (elapsed := time.monotonic() - started) < timeout_s:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=2):
                return time.monotonic() - started
        except OSError:  # not there yet, or too busy to answer
            time.sleep(0.02)
    raise TimeoutError(f"{path} was not green after {elapsed:.0f} s")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
