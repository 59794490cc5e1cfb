"""Which of the face mesh's points mean what: to the 68 of `facebox` and to the 48 of `marks`.

Indices are those of the MediaPipe face mesh (478 points, iris included), whose numbering is part of
its published model.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from backend.avatar.packages.marks import Marks

POINTS = 478

Mesh = npt.NDArray[np.float32]
"""(478, 2): x and y in pixels of the picture, y down."""

# fmt: off
_MULTI_PIE = (
    162, 234, 93, 58, 172, 136, 149, 148, 152, 377, 378, 365, 397, 288, 323, 454, 389,  # jaw
    71, 63, 105, 66, 107, 336, 296, 334, 293, 301,  # brows
    168, 197, 5, 4, 75, 97, 2, 326, 305,  # nose
    33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380,  # eyes
    61, 39, 37, 0, 267, 269, 291, 405, 314, 17, 84, 181,  # outer lips
    78, 82, 13, 312, 308, 317, 14, 87,  # inner lips
)
_MARKS = (
    61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291,  # upper outer
    78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308,  # upper inner
    78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308,  # lower inner
    61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291,  # lower outer
    2, 152, 172, 397,  # nose base, chin, jaw
)
_LID_LINES = (
    ((33, 246, 161, 160, 159, 158, 157, 173, 133), (33, 7, 163, 144, 145, 153, 154, 155, 133)),
    ((362, 398, 384, 385, 386, 387, 388, 466, 263), (362, 382, 381, 380, 374, 373, 390, 249, 263)),
)
# fmt: on
_LEFT_EYE, _RIGHT_EYE = (33, 133), (362, 263)
_UPPER_LIP, _LOWER_LIP, _CORNERS = 13, 14, (61, 291)
# Outer corner, inner corner, two points of the upper lid, two of the lower.
_LIDS = ((33, 133, (160, 158), (144, 153)), (263, 362, (385, 387), (380, 373)))
_CHEEKS, _NOSE_TIP = (234, 454), 4


def multi_pie(mesh: Mesh) -> Mesh:
    """(68, 2), as `facebox.face_box` takes them."""
    return mesh[list(_MULTI_PIE)]


def marks_of(meshes: Mesh) -> Marks:
    """(n, 478, 2) to (n, 48, 2)."""
    return np.asarray(meshes[:, list(_MARKS)], np.float32)


def eye_distance(mesh: Mesh) -> float:
    """Between the middles of the eyes, in pixels."""
    left, right = (mesh[list(eye)].mean(0) for eye in (_LEFT_EYE, _RIGHT_EYE))
    return float(np.linalg.norm(right - left))


def roll_degrees(mesh: Mesh) -> float:
    """How far the head leans to one shoulder."""
    x, y = mesh[list(_RIGHT_EYE)].mean(0) - mesh[list(_LEFT_EYE)].mean(0)
    return float(np.degrees(np.arctan2(y, x)))


def turn(mesh: Mesh) -> float:
    """How far the nose is off the middle between the cheeks: 0 frontal, 1 full profile."""
    left, right = (float(np.hypot(*(mesh[_NOSE_TIP] - mesh[c]))) for c in _CHEEKS)
    return abs(left - right) / max(left + right, 1e-6)


def mouth_gap(mesh: Mesh) -> float:
    """Between the inner lips, in mouth widths."""
    width = float(np.hypot(*(mesh[_CORNERS[0]] - mesh[_CORNERS[1]])))
    gap = float(np.hypot(*(mesh[_UPPER_LIP] - mesh[_LOWER_LIP])))
    return gap / max(width, 1e-6)


def eye_openness(mesh: Mesh) -> float:
    """Mean of lid distance over eye width (the eye aspect ratio of Soukupová & Čech, 2016)."""
    ratios = []
    for outer, inner, upper, lower in _LIDS:
        gap = np.linalg.norm(mesh[list(upper)] - mesh[list(lower)], axis=1).mean()
        ratios.append(float(gap / np.linalg.norm(mesh[outer] - mesh[inner])))
    return sum(ratios) / len(ratios)


def eyes(mesh: Mesh) -> list[tuple[Mesh, Mesh]]:
    """Per eye the upper and the lower lid, (9, 2) each, from the picture's left to its right."""
    return [(mesh[list(upper)], mesh[list(lower)]) for upper, lower in _LID_LINES]


def smoothed(meshes: Mesh, sigma_frames: float = 1.5) -> Mesh:
    """Without the finder's own tremble. (n, 478, 2), taken as a loop."""
    reach = min(int(3 * sigma_frames), (len(meshes) - 1) // 2)
    steps = np.arange(-reach, reach + 1)
    weights = np.exp(-0.5 * np.square(steps / sigma_frames))
    weights /= weights.sum()
    rolled = (w * np.roll(meshes, -step, axis=0) for step, w in zip(steps, weights, strict=True))
    return np.asarray(sum(rolled), np.float32)
