"""The idle performance: a seamless five-second loop of sway, breath and blinks.

Frame numbers only; nothing here knows about meshes or rendering. Every motion is a sum of sines
with whole periods, so the frame after the last equals the first.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

FRAMES = 125
FPS = 25
KEY_STEP = 4

_BLINK_STARTS = (30, 96)
_BLINK_CURVE = (0.30, 0.85, 1.0, 1.0, 0.72, 0.42, 0.18, 0.05)


@dataclass(frozen=True, slots=True)
class Pose:
    """Head angles in degrees (positive yaw turns to the sitter's left, positive pitch nods down).

    `lift_cm` raises head and shoulders with the breath; `slide_cm` moves the head sideways.
    """

    yaw_deg: float
    pitch_deg: float
    roll_deg: float
    slide_cm: float
    lift_cm: float


def _wave(frame: float, *terms: tuple[float, int, float]) -> float:
    """Sum of amplitude × sin(2π (periods × frame / FRAMES + phase))."""
    turn = 2 * math.pi * frame / FRAMES
    return sum(a * math.sin(periods * turn + 2 * math.pi * phase) for a, periods, phase in terms)


def pose(frame: float) -> Pose:
    """Head pose at a frame number (any real; the loop repeats every `FRAMES`)."""
    return Pose(
        yaw_deg=_wave(frame, (1.7, 1, 0.05), (0.7, 2, 0.40), (0.25, 3, 0.7)),
        pitch_deg=_wave(frame, (0.8, 1, 0.30), (0.6, 2, 0.85), (0.2, 3, 0.15)),
        roll_deg=_wave(frame, (0.9, 1, 0.62), (0.35, 2, 0.10)),
        slide_cm=_wave(frame, (0.22, 1, 0.12), (0.06, 2, 0.5)),
        lift_cm=_wave(frame, (0.11, 1, 0.25), (0.02, 2, 0.45)),
    )


def blink(frame: int) -> float:
    """How far the eyelids are closed at a frame, 0..1."""
    for start in _BLINK_STARTS:
        offset = (frame - start) % FRAMES
        if offset < len(_BLINK_CURVE):
            return _BLINK_CURVE[offset]
    return 0.0


def sway_keys() -> list[int]:
    """Every fourth frame: enough to interpolate the sway of the head."""
    return list(range(0, FRAMES - KEY_STEP // 2, KEY_STEP))


def blink_keys() -> list[int]:
    """Every frame of a blink and one on either side: interpolation cannot follow an eyelid."""
    return sorted(s + k for s in _BLINK_STARTS for k in range(-1, len(_BLINK_CURVE) + 1))
