"""How the figure's points move in the picture when the head turns and the chest breathes.

A pose becomes a displacement field over the still (`fields`): each pixel's place in space is
turned about the neck as much as it belongs to the head, and projected again. Inside the mouth box
the field is affine, so that a mouth drawn for the still can be laid into any frame and fits
exactly.
"""

from __future__ import annotations

import cv2
import numpy as np

from training.puppet.fields import Float32, centres, filled, sampled, smooth
from training.puppet.motion import Pose
from training.puppet.stills import Stills

CELLS = 256
_SMOOTH_PX = 10.0
"""Where hair hangs before a shoulder the field would jump, and tear."""
_OUTSIDE_PX = 44.0
"""Over this distance from the mouth box the affine field goes over into the true one."""
_RISE_CM, _SPREAD, _HEAD_SHARE = 0.16, 0.004, 0.75
"""How far the chest rises with a breath and the shoulders part, and what the head takes part."""
_BODY_SHARE = 0.25
"""The torso goes along with the head's lean and slide by this much."""

Affine = tuple[float, float, float, float, float, float]


class Poser:
    """Fields of one figure."""

    def __init__(self, stills: Stills) -> None:
        self._size, self._pivot = stills.size, stills.pivot
        self._projection = stills.projection
        side = (CELLS, CELLS)
        there = np.isfinite(stills.position).all(-1)
        share = cv2.resize(there.astype(np.float32), side, interpolation=cv2.INTER_AREA)
        summed = cv2.resize(
            np.where(there[..., None], stills.position, 0), side, interpolation=cv2.INTER_AREA
        )
        known = share > 0.5
        position = filled(summed / np.maximum(share, 1e-6)[..., None], known)
        weight = cv2.resize(stills.head_weight * there, side, interpolation=cv2.INTER_AREA)
        weight = filled((weight / np.maximum(share, 1e-6))[..., None], known)
        self._position = position
        self._weight = smooth(weight, _SMOOTH_PX * CELLS / self._size)[..., None]
        self._at_rest = self._projected(position)
        self._box = stills.mouth_box
        self._in_box = _inside(centres(self._size, CELLS), self._box)[..., None]

    def field(self, pose: Pose) -> Float32:
        """(CELLS, CELLS, 2) pixels of the still."""
        change = self._projected(self._moved(pose)) - self._at_rest
        change = smooth(change, _SMOOTH_PX * CELLS / self._size)
        return change + self._in_box * (self._affine(change) - change)

    def place(self, field: Float32, side_px: int) -> Affine:
        """Where the mouth box lies in a frame of `side_px` that was drawn by a field: the matrix
        from the box's unit square (right, down) to pixels, row by row."""
        x0, y0, x1, y1 = self._box
        corners = np.array([[x0, y0], [x1, y0], [x0, y1]], np.float32)
        origin, right, down = (corners + sampled(field, corners, self._size)) * (
            side_px / self._size
        )
        (a, d), (b, e), (c, f) = right - origin, down - origin, origin
        return float(a), float(b), float(c), float(d), float(e), float(f)

    def _moved(self, pose: Pose) -> Float32:
        """The pixels' places in space, (CELLS, CELLS, 3) cm."""
        p, w = self._position, self._weight
        turned = (p - self._pivot) @ _rotation(pose).T + self._pivot
        slide = np.array([pose.slide_cm, 0, pose.lean_cm], np.float32)
        inhaled = np.empty_like(p)
        inhaled[..., 0] = p[..., 0] * _SPREAD * pose.breath * (1 - w[..., 0])
        inhaled[..., 1] = _RISE_CM * pose.breath * (1 - (1 - _HEAD_SHARE) * w[..., 0])
        inhaled[..., 2] = 0
        return p + w * (turned - p) + (_BODY_SHARE + (1 - _BODY_SHARE) * w) * slide + inhaled

    def _projected(self, points: Float32) -> Float32:
        x, y, depth = np.moveaxis(
            points @ self._projection[:, :3].T + self._projection[:, 3], -1, 0
        )
        return np.stack([x / depth, y / depth], axis=-1)

    def _affine(self, field: Float32) -> Float32:
        """The affine field closest to `field` in the middle of the mouth box."""
        at = centres(self._size, CELLS)
        x0, y0, x1, y1 = self._box
        middle = np.array([x0 + x1, y0 + y1]) / 2
        apart = (at - middle) / (np.array([x1 - x0, y1 - y0]) / 2)
        weight = np.exp(-2.0 * np.square(apart).sum(-1))
        near = np.abs(apart).max(-1) < 1
        design = np.concatenate([apart, np.ones_like(apart[..., :1])], -1)
        root = np.sqrt(weight[near])[:, None]
        found, *_ = np.linalg.lstsq(design[near] * root, field[near] * root, rcond=None)
        return (design @ found).astype(np.float32)


def _inside(points: Float32, box: tuple[float, float, float, float]) -> Float32:
    """1 in the box, 0 at `_OUTSIDE_PX` from it and farther, smooth between."""
    x0, y0, x1, y1 = box
    x, y = points[..., 0], points[..., 1]
    away_x = np.maximum(np.maximum(x0 - x, x - x1), 0)
    away_y = np.maximum(np.maximum(y0 - y, y - y1), 0)
    t = np.clip(1 - np.hypot(away_x, away_y) / _OUTSIDE_PX, 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


def _rotation(pose: Pose) -> Float32:
    """Roll about +z first, then pitch about +x, then yaw about +y; y is up, z to the viewer."""
    angles = np.radians([pose.yaw_deg, pose.pitch_deg, pose.roll_deg])
    (cy, cp, cr), (sy, sp, sr) = np.cos(angles), np.sin(angles)
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_x = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    about_z = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    return (about_y @ about_x @ about_z).astype(np.float32)
