"""A real nginx with the shipped configuration, on free loopback ports, before real backends."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from bench.service import end, kept_port
from tests.conftest import ROOT


@dataclass(frozen=True, slots=True)
class FrontDoor:
    https_port: int
    monitor_port: int
    process: subprocess.Popen[bytes]
    tls: ssl.SSLContext
    folder: Path

    @property
    def https(self) -> str:
        return f"https://localhost:{self.https_port}"

    @property
    def wss(self) -> str:
        return f"wss://localhost:{self.https_port}"

    def reload(self) -> None:
        self.process.send_signal(signal.SIGHUP)


@contextmanager
def front_door(folder: Path, backend_ports: Sequence[int]) -> Iterator[FrontDoor]:
    """The repository's `nginx/` with its ports, its backends and its certificate exchanged."""
    program = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
    if program is None:
        pytest.skip("nginx is not installed")
    shutil.copytree(ROOT / "nginx", folder, dirs_exist_ok=True)
    servers = [f"server 127.0.0.1:{port} max_fails=2 fail_timeout=2s;" for port in backend_ports]
    (folder / "backends.conf").write_text("\n".join(servers))
    tls = _certificate(folder)
    with ExitStack() as stack:
        ports = [stack.enter_context(kept_port()) for _ in range(3)]
        _listen_at(ports, folder / "listen.conf")
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [
                    program,
                    "-p",
                    str(folder),
                    "-c",
                    "nginx.conf",
                    "-g",
                    f"daemon off; {same_user()}",
                ],
                stdout=log,
                stderr=log,
            )
        try:
            _wait_for(ports[0], process, folder / "log")
            yield FrontDoor(ports[1], ports[2], process, tls, folder)
        finally:
            end(process, signal.SIGTERM, within_s=30)


def _listen_at(ports: Sequence[int], conf: Path) -> None:
    """Instead of the ports that are shipped."""
    listen = conf.read_text()
    for shipped, port in zip(("80", "443 ssl", "3001 ssl"), ports, strict=True):
        assert listen.count(f"listen {shipped}") == 1
        tail = shipped.partition(" ")[2]
        listen = listen.replace(f"listen {shipped}", f"listen 127.0.0.1:{port} {tail}".rstrip())
    conf.write_text(listen)


def same_user() -> str:
    """Workers of a root's nginx are nobody otherwise, who may not enter a test's folder."""
    return f"user {pwd.getpwuid(0).pw_name};" if os.geteuid() == 0 else ""


def _certificate(folder: Path) -> ssl.SSLContext:
    key, certificate = folder / "tls.key", folder / "tls.crt"
    wanted = [
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "1",
        "-subj",
        "/CN=localhost",
    ]
    files = ["-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", certificate]
    subprocess.run(["openssl", *wanted, *files], check=True, capture_output=True)
    return ssl.create_default_context(cafile=str(certificate))


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    """Until it answers: it listens before it would hear a signal."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise AssertionError(log.read_text())
        try:
            with socket.create_connection(("127.0.0.1", port), 1) as asking:
                asking.sendall(b"GET / HTTP/1.0\r\n\r\n")
                if asking.recv(1):
                    return
        except OSError:
            time.sleep(0.02)
    raise TimeoutError("nginx did not answer")
