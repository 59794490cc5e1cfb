"""How long a speaker pauses in the middle of what they say. Learns quickly that they take their
time, and forgets it slowly. Times are milliseconds."""

from __future__ import annotations

QUICKLY, SLOWLY = 0.5, 0.1
SHORTEST_MS = 150
"""Shorter silences are the gaps between words, and say nothing about anybody."""


class Patience:
    """`pause_ms` is what to expect of this speaker; 0 while nothing is known."""

    def __init__(self) -> None:
        self.pause_ms = 0.0

    def went_on_after(self, silence_ms: float) -> None:
        """They were silent for so long, and were not done."""
        if silence_ms >= SHORTEST_MS:
            weight = QUICKLY if silence_ms > self.pause_ms else SLOWLY
            self.pause_ms += weight * (silence_ms - self.pause_ms)
