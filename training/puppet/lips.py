"""From the 68 landmarks of a face to the 48 marks of `backend.avatar.packages.marks`."""

from __future__ import annotations

import numpy as np

from backend.avatar.packages.marks import POINTS_PER_LINE
from training.puppet.fields import Float32

# The picture's left to its right, as Multi-PIE numbers them.
_LINES = (
    (48, 49, 50, 51, 52, 53, 54),
    (60, 61, 62, 63, 64),
    (60, 67, 66, 65, 64),
    (48, 59, 58, 57, 56, 55, 54),
)
_ANCHORS = (33, 8, 4, 12)


def marks_of(landmarks: Float32) -> Float32:
    """(68, 2) to (48, 2), in the same pixels."""
    lines = [_spread(landmarks[list(line)]) for line in _LINES]
    return np.concatenate([*lines, landmarks[list(_ANCHORS)]]).astype(np.float32)


def _spread(points: Float32) -> Float32:
    """A line's points, anew at equal distances along it."""
    lengths = np.linalg.norm(np.diff(points, axis=0), axis=1)
    along = np.concatenate([[0.0], np.cumsum(lengths)])
    at = np.linspace(0, along[-1], POINTS_PER_LINE)
    return np.stack([np.interp(at, along, points[:, axis]) for axis in (0, 1)], axis=1)
