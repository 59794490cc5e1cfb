"""Where things lie in the canonical picture: the mouth box and the regions of the stills.

Pixels of the square picture, y down. Geometry only.
"""

from __future__ import annotations

import cv2
import numpy as np

from training.render.geometry import Array

SIZE = 768
PATCH_SIZE = 576
"""The whole picture's size when a patch is rendered: more than is ever shown of a mouth."""
Region = tuple[int, int, int, int]

_GRID = 4
_MOUTH_WIDTH = 1.0
"""Side of the mouth box, in widths of the jaw at the height of the mouth (landmarks 4 to 12)."""
_ABOVE_MOUTH = 0.38
"""Part of the mouth box above the middle of the lips."""


def mouth_region(landmarks: Array) -> Region:
    """The square that every mouth patch fills; landmarks (68, 2) in pixels.

    Its edges also lie on whole pixels of the `PATCH_SIZE` picture.
    """
    side = _GRID * round(_MOUTH_WIDTH * (landmarks[12, 0] - landmarks[4, 0]) / _GRID)
    middle = landmarks[48:68].mean(0)
    corner = middle - [side / 2, side * _ABOVE_MOUTH]
    left, top = (int(edge) * _GRID for edge in (corner / _GRID).round())
    return left, top, left + side, top + side


def face_region(landmarks: Array) -> Region:
    """The face with room above for raised brows."""
    x0, y0 = landmarks.min(0)
    x1, y1 = landmarks.max(0)
    width, height = x1 - x0, y1 - y0
    return _clipped(x0 + 0.01 * width, y0 - 0.24 * height, x1 - 0.01 * width, y1 + 0.06 * height)


def eye_region(landmarks: Array) -> Region:
    """Both eyes with their lids, brows and the skin that lids pull."""
    x0, x1 = landmarks[36, 0], landmarks[45, 0]
    width = x1 - x0
    y0, y1 = landmarks[17:27, 1].min(), landmarks[36:48, 1].max()
    return _clipped(x0 - 0.2 * width, y0 - 0.05 * width, x1 + 0.2 * width, y1 + 0.22 * width)


def pasted(base: Array, patch: Array, region: Region, feather_px: int) -> Array:
    """RGB `base` with `patch` laid over its region, softly at the edges."""
    x0, y0, x1, y1 = region
    rows, columns = (np.minimum(np.arange(n), np.arange(n)[::-1]) for n in (y1 - y0, x1 - x0))
    depth = np.minimum(rows[:, None], columns[None])
    weight = np.clip((depth + 0.5) / feather_px, 0, 1)[..., None]
    out = base.astype(float)
    out[y0:y1, x0:x1] += (patch - out[y0:y1, x0:x1]) * weight
    return out.round().astype(np.uint8)


def lifted(picture: Array, plate: Array, alpha: Array) -> Array:
    """RGBA, straight: the figure without the plate behind it; `alpha` (H, W) in 0..1.

    Over that plate it is the picture again. Where little is covered the colour is uncertain, and
    leans towards its surroundings.
    """
    a = alpha[..., None]
    colour = np.clip((picture - plate * (1 - a)) / np.maximum(a, 0.02), 0, 255)
    sure = np.clip((a - 0.15) / 0.35, 0, 1) + 1e-4
    near = cv2.GaussianBlur(colour * sure, (0, 0), 3) / cv2.GaussianBlur(sure, (0, 0), 3)[..., None]
    trust = np.clip(a / 0.5, 0, 1)
    colour = near + (colour - near) * trust
    return np.concatenate([colour, a * 255], -1).round().clip(0, 255).astype(np.uint8)


def _clipped(*edges: float) -> Region:
    x0, y0, x1, y1 = (int(np.clip(round(edge), 0, SIZE)) for edge in edges)
    return x0, y0, x1, y1
