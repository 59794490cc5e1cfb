"""A real Redis on a free loopback port, that a test may stop, freeze and fill."""

from __future__ import annotations

import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis

from bench.service import kept_port


class RedisServer:
    """Keeps nothing on disk: after a restart it is empty."""

    def __init__(self, program: str, folder: Path, port: int) -> None:
        self._program = program
        self._folder = folder
        self.port = port
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    @property
    def client(self) -> redis.Redis:
        return redis.Redis(port=self.port, socket_timeout=5)

    def start(self) -> None:
        options = f"--port {self.port} --bind 127.0.0.1 --save --appendonly no".split()
        self._process = subprocess.Popen(
            [self._program, *options, "--dir", str(self._folder)], stdout=subprocess.DEVNULL
        )
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            assert self._process.poll() is None, "redis-server ended"
            try:
                with self.client as client:
                    client.ping()
                return
            except (redis.ConnectionError, redis.TimeoutError):
                time.sleep(0.02)
        raise TimeoutError("redis-server did not answer")

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)
            self._process = None

    def freeze(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def fill_up(self) -> None:
        """From now on it refuses every write."""
        with self.client as client:
            client.config_set("maxmemory-policy", "noeviction")
            client.config_set("maxmemory", "1")

    def make_room(self) -> None:
        with self.client as client:
            client.config_set("maxmemory", "0")


@contextmanager
def redis_server(folder: Path) -> Iterator[RedisServer]:
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("redis-server is not installed")
    with kept_port() as port:
        server = RedisServer(program, folder, port)
        try:
            server.start()
            yield server
        finally:
            server.kill()
