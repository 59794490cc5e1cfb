"""What each mouth control does to the lines of the lips, the corners and the chin.

Lengths are in mouth widths of the face at rest, y down. The amounts were read off one head in the
open (ICT-FaceKit, moved as `training/controls.py` says), by landmarks; those of pucker, press and
fv are larger than measured, because a warp rolls no lip inward and must say the same otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from backend.avatar.lips.mouth import CONTROLS
from backend.avatar.pictures.colour import Float32

_MOVES = ("inward", "corner", "upper_outer", "upper_inner", "lower_inner", "lower_outer", "chin")
_AMOUNTS = {
    "jaw": (0.024, 0.150, 0.040, -0.019, 0.470, 0.440, 0.250),
    "wide": (-0.068, -0.055, 0.000, -0.020, -0.020, -0.043, -0.012),
    "pucker": (0.085, -0.005, -0.030, -0.004, -0.003, 0.035, 0.005),
    "funnel": (0.065, 0.030, -0.042, -0.057, 0.109, 0.115, 0.026),
    "lower_down": (0.027, 0.018, 0.005, -0.019, 0.104, 0.084, 0.026),
    "upper_up": (0.018, -0.045, -0.105, -0.140, 0.035, 0.003, 0.002),
    "press": (0.000, -0.008, 0.022, 0.000, 0.000, -0.055, -0.010),
    "fv": (0.010, 0.006, -0.012, -0.040, -0.006, -0.062, -0.004),
}
_TABLE = np.array([_AMOUNTS[name] for name in CONTROLS], np.float32)
_JAW = CONTROLS.index("jaw")
_JAW_DROP = _AMOUNTS["jaw"][_MOVES.index("lower_inner")]


@dataclass(frozen=True, slots=True)
class MouthShape:
    """How far everything is from rest. `inward` is each corner's way to the middle; the rest moves
    down, the lines in their middle. `jaw_drop` is what the lower teeth do."""

    inward: float
    corner: float
    upper_outer: float
    upper_inner: float
    lower_inner: float
    lower_outer: float
    chin: float
    jaw_drop: float

    @property
    def lines(self) -> tuple[float, float, float, float]:
        """The moves of the four lip lines, from above."""
        return self.upper_outer, self.upper_inner, self.lower_inner, self.lower_outer


def mouth_shape(controls: Float32) -> MouthShape:
    """controls: (8,) in 0..1, in the order of `mouth.CONTROLS`. Linear in them."""
    moves = {name: float(move) for name, move in zip(_MOVES, controls @ _TABLE, strict=True)}
    return MouthShape(**moves, jaw_drop=_JAW_DROP * float(controls[_JAW]))
