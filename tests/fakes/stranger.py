"""Something on a free loopback port that takes requests and answers each with the same bytes."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import takewhile

import pytest


@dataclass(slots=True)
class Stranger:
    address: str
    heard: list[str] = field(default_factory=list)
    """Heads of the requests that came."""


@contextmanager
def stranger(answer: bytes) -> Iterator[Stranger]:
    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            head = b"".join(takewhile(lambda line: line != b"\r\n", self.rfile))
            found.heard.append(head.decode())
            self.wfile.write(answer)

    with socketserver.TCPServer(("127.0.0.1", 0), Handler) as server:
        found = Stranger(f"http://127.0.0.1:{server.server_address[1]}")
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield found
        finally:
            server.shutdown()
            thread.join()


def everything_goes_by(proxy: Stranger, monkeypatch: pytest.MonkeyPatch) -> None:
    """As far as programs heed their environment."""
    monkeypatch.setenv("http_proxy", proxy.address)
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("urllib.request._opener", None)  # it remembers what it once read there


def answered(body: str, said_bytes: int | None = None) -> bytes:
    """A 200 with this body; `said_bytes` is what it claims to have."""
    content = body.encode()
    length = len(content) if said_bytes is None else said_bytes
    return f"HTTP/1.0 200 OK\r\nContent-Length: {length}\r\n\r\n".encode() + content
