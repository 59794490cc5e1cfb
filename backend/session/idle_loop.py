"""Which frame of its idle loop a page shows, between its reports of it. Pure: time comes in."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class IdleLoop:
    """The loop stood at `position_ms` at the second `at_s`, and runs on at its own pace."""

    position_ms: float
    at_s: float

    def frame(self, now_s: float, fps: int, loop_frames: int) -> int:
        """The frame shown at `now_s`."""
        elapsed_s = self.position_ms / 1000 + now_s - self.at_s
        return int(elapsed_s * fps) % loop_frames
