"""Fine detail of skin as pictures: pores, blotches and freckles, drawn once in numpy.

As shader noise the same detail would double the time of every render. The pictures are wrapped
around the head like a label around a jar: u is the angle times `RADIUS_CM`, v the height.
"""

from __future__ import annotations

import cv2
import numpy as np
from scipy.spatial import cKDTree

from training.render.geometry import Array

RADIUS_CM = 8.0
_HALF_WIDTH_CM, _BOTTOM_CM, _TOP_CM = 14.0, -18.0, 17.0
_PIXELS_PER_CM = 40


def wrap(base: Array) -> Array:
    """Picture coordinates (N, 2) in 0..1 of head points, v up."""
    x, y, z = base.T
    u = np.arctan2(x, np.maximum(z + 2.0, 0.3)) * RADIUS_CM
    width, height = 2 * _HALF_WIDTH_CM, _TOP_CM - _BOTTOM_CM
    return np.stack([u / width + 0.5, (y - _BOTTOM_CM) / height], 1)


def skin_pictures(relief: float) -> tuple[Array, Array]:
    """`tint` (H, W, 4): what skin colour is multiplied by, and in alpha where freckles may be;
    `height` (H, W) about 0..1. `relief` 0 gives smooth, even skin. Row 0 is the bottom."""
    rng = np.random.RandomState(77)
    pit = np.clip(1 - _cells(rng, 0.15)[0] / 0.055, 0, 1)
    tint = np.ones((*_shape(), 3))
    for strength, factor in (
        (0.60 * _ramp(_noise(rng, 1.1, 4), 0.42, 0.68), (1.0, 0.84, 0.80)),
        (0.35 * _ramp(_noise(rng, 0.5, 3), 0.45, 0.70), (0.90, 0.90, 0.92)),
        (0.34 * pit, (0.80, 0.70, 0.66)),
    ):
        tint *= 1 - relief * strength[..., None] * (1 - np.array(factor))
    freckles = np.zeros(_shape())
    for size_cm, radius_cm in ((0.55, 0.095), (0.33, 0.07)):
        away, cell = _cells(rng, size_cm)
        has_one = rng.rand(cell.max() + 1) > 0.5
        freckles = np.maximum(freckles, _ramp(-away, -radius_cm, -radius_cm * 0.4) * has_one[cell])
    height = _noise(rng, 0.28, 4) - 0.45 * relief * pit
    return np.concatenate([tint, freckles[..., None]], -1), height


def _shape() -> tuple[int, int]:
    width, height = 2 * _HALF_WIDTH_CM, _TOP_CM - _BOTTOM_CM
    return int(height * _PIXELS_PER_CM), int(width * _PIXELS_PER_CM)


def _noise(rng: np.random.RandomState, size_cm: float, octaves: int) -> Array:
    """Smooth noise around 0.5 with features of about `size_cm`, each octave half as large."""
    rows, columns = _shape()
    total, weight = np.zeros((rows, columns)), 0.0
    for octave in range(octaves):
        cell_px = size_cm * _PIXELS_PER_CM / 2**octave
        grid = rng.rand(int(rows / cell_px) + 2, int(columns / cell_px) + 2)
        total += cv2.resize(grid, (columns, rows), interpolation=cv2.INTER_CUBIC) * 0.5**octave
        weight += 0.5**octave
    return 0.5 + (total / weight - 0.5) * 1.3


def _cells(rng: np.random.RandomState, size_cm: float) -> tuple[Array, Array]:
    """Distance in cm to the nearest of scattered points, and that point's number, per pixel."""
    rows, columns = _shape()
    size_px = size_cm * _PIXELS_PER_CM
    grid = np.stack(np.mgrid[0:rows:size_px, 0:columns:size_px], -1).reshape(-1, 2)
    points = grid + rng.rand(*grid.shape) * size_px
    pixels = np.stack(np.mgrid[:rows, :columns], -1).reshape(-1, 2)
    away, cell = cKDTree(points).query(pixels)
    return away.reshape(rows, columns) / _PIXELS_PER_CM, cell.reshape(rows, columns)


def _ramp(value: Array, low: float, high: float) -> Array:
    return np.clip((value - low) / (high - low), 0, 1)
