"""What carries frames between one client and the service, whatever it is made of.

A line knows no messages: a WebSocket (`ws.py`) and a channel over plain HTTP (`channel.py`) are
lines, and `connection.py` treats them alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


class LineLost(Exception):
    """The client cannot be reached any more."""


class SaidGoodbye(Exception):
    """The client goes for good, and wants to be forgotten."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A WAV file that was sent as one whole utterance."""

    wav: bytes


Frame = str | bytes | Upload
"""JSON, microphone samples, or a recording."""


class Line(Protocol):
    """Every method raises `LineLost` once the client is gone."""

    @property
    def is_open(self) -> bool:
        """As far as is known here; a line can be dead long before anybody notices."""

    async def receive(self) -> Frame: ...

    async def send_text(self, data: str) -> None: ...

    async def send_bytes(self, data: bytes) -> None: ...

    async def close(self, code: int) -> None:
        """The last that the client hears; it knows the code as WebSocket close codes."""
