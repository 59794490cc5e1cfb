"""How values come and go without a jump: pure machines that step once per frame."""

from __future__ import annotations

import math

FRAME_S = 0.04
EASE_FRAMES = 8


def smooth(level: float) -> float:
    """From 0 to 1 with level ends. `smooth(x) + smooth(1 - x)` is 1, so two that cross add up."""
    return level * level * (3.0 - 2.0 * level)


class Release:
    """1 while the reply goes on, 0 with its last frame.

    It takes `EASE_FRAMES`, or as many as are left when the end becomes known.
    """

    def __init__(self) -> None:
        self._level = 1.0

    def step(self, remaining: int | None) -> float:
        """remaining: frames until the end, this one counted; None while nobody knows."""
        if remaining is not None and remaining <= EASE_FRAMES:
            self._level *= (remaining - 1) / remaining
        return smooth(self._level)


class Spring:
    """A critically damped second-order follower: no overshoot, no corner, a lag of 2 / stiffness.

    Solved exactly over a frame in which its target stands still.
    """

    def __init__(self, stiffness_per_s: float) -> None:
        self._stiffness = stiffness_per_s
        self._fade = math.exp(-stiffness_per_s * FRAME_S)
        self.value = self._velocity = 0.0

    def step(self, target: float) -> float:
        off = self.value - target
        push = self._velocity + self._stiffness * off
        self.value = target + (off + push * FRAME_S) * self._fade
        self._velocity = (self._velocity - self._stiffness * push * FRAME_S) * self._fade
        return self.value
