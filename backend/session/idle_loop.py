"""Which frame of which loop a page shows, between its reports of it. Pure: time comes in."""

from __future__ import annotations

from dataclasses import dataclass

from backend.protocol import Clip


@dataclass(frozen=True, slots=True)
class IdleLoop:
    """The loop stood at `position_ms` at the second `at_s`, and runs on at its own pace. An
    avatar's loops share one clock: at any moment all of them are at the same frame."""

    position_ms: float
    at_s: float
    clip: Clip = "idle"

    def frame(self, now_s: float, fps: int, loop_frames: int) -> int:
        """The frame shown at `now_s`."""
        elapsed_s = self.position_ms / 1000 + now_s - self.at_s
        return int(elapsed_s * fps) % loop_frames
