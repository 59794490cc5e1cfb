"""Where the face crop lies: one rule for training, for packing avatars and for serving.

Only landmark geometry; cutting and pasting pixels belongs to the compositor.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FaceBox = tuple[float, float, float, float]
"""Left, top, right, bottom in pixels; right and bottom are exclusive edges, not last pixels."""

_ABOVE_BROW = 0.22
_BELOW_CHIN = 0.15  # room for the chin of an open mouth
_HALF_WIDTH = 0.52
_JAW_LINE = slice(0, 17)
_BROWS = slice(17, 27)
_CHIN = 8


def face_box(landmarks: NDArray[np.floating]) -> FaceBox:
    """Face box from 68 Multi-PIE landmarks, shape (68, 2), pixels, y down.

    With h = chin − mean brow height, the box spans from 0.22 h above the brows to 0.15 h below the
    chin, and 1.04 jaw widths across. Raises ValueError for another shape or when the chin is not
    below the brows.
    """
    points = np.asarray(landmarks, np.float64)
    if points.shape != (68, 2):
        raise ValueError(f"68 two-dimensional landmarks expected, got shape {points.shape}")
    brow, chin = points[_BROWS, 1].mean(), points[_CHIN, 1]
    height = chin - brow
    if height <= 0:
        raise ValueError("the chin is not below the brows")
    left, right = points[_JAW_LINE, 0].min(), points[_JAW_LINE, 0].max()
    centre, reach = (left + right) / 2, _HALF_WIDTH * (right - left)
    return (
        float(centre - reach),
        float(brow - _ABOVE_BROW * height),
        float(centre + reach),
        float(chin + _BELOW_CHIN * height),
    )
