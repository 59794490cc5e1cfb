"""How long a reply's next chunk should be, and where it lies in the reply. Pure: time comes in."""

from __future__ import annotations

from dataclasses import dataclass

from backend.avatar.lips.hearing import BATCH_FRAMES
from backend.avatar.pictures.codecs import FPS
from backend.protocol import Chunking

BATCHES = (1, 2, 3, 4, 6)
"""Lengths of progressive chunks, in batches: the first one soon, later ones with less ado."""


@dataclass(slots=True)
class ReplyPlan:
    """The chunks of one reply, which plays each as soon as it can.

    Made anew for every reply. A worker that is lost in the middle does not change it.
    """

    chunking: Chunking
    frames_sent: int = 0
    _step: int = 0
    _plays_until_s: float = float("-inf")

    @property
    def start_ms(self) -> float:
        """Where the next chunk begins on the reply's own time line."""
        return self.frames_sent * 1000 / FPS

    def chunk_frames(self, now_s: float) -> int | None:
        """How many frames fill the next chunk; `None` leaves it open until the sentence ends.

        Once everything sent has been played, someone is waiting again: begin small.
        """
        if self.chunking == "sentence":
            return None
        if now_s >= self._plays_until_s:
            self._step = 0
        return BATCHES[min(self._step, len(BATCHES) - 1)] * BATCH_FRAMES

    def sent(self, frames: int, now_s: float) -> None:
        """A chunk is on its way."""
        self.frames_sent += frames
        self._plays_until_s = max(self._plays_until_s, now_s) + frames / FPS
        self._step += 1
