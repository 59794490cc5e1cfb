"""A service in a process of its own: what does not start, or does not end, is told and is gone."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from bench import service
from bench.service import kept_port, running_service


@pytest.fixture
def deaf() -> Iterator[None]:
    """What is started now begins with an ear for no Ctrl-C."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    yield
    signal.signal(signal.SIGINT, before)


def stands_in(script: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    program = folder / "stand-in"
    program.write_text(f"#!{sys.executable}\n{script}")
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))
    return program


def test_what_ends_before_it_is_ready_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stands_in("raise SystemExit(3)", tmp_path, monkeypatch)
    with pytest.raises(ChildProcessError, match="ended with 3"), running_service():
        pass


def test_what_does_not_end_is_told_and_not_left_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, deaf: None
) -> None:
    program = stands_in("import time; time.sleep(60)", tmp_path, monkeypatch)
    monkeypatch.setattr(service, "END_WITHIN_S", 0.1)
    with pytest.raises(subprocess.TimeoutExpired), running_service(timeout_s=0.1):
        pass
    children = psutil.Process().children()
    assert not [child for child in children if str(program) in child.cmdline()]


def test_a_port_is_kept_for_who_listens_there_now_and_again() -> None:
    with kept_port() as port:
        for _ in range(2):
            with socket.create_server(("127.0.0.1", port)) as server:
                socket.create_connection(("127.0.0.1", port)).close()
                server.accept()[0].close()
        with socket.socket() as stranger, pytest.raises(OSError, match="in use"):
            stranger.bind(("127.0.0.1", port))
