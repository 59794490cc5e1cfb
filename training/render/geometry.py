"""Small numpy geometry used while building the scene. Nothing here knows about Blender."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]


def smoothstep(low: float, high: float, x: Array | float) -> Array:
    """0 at `low`, 1 at `high`, cubic between; `low` may be above `high`."""
    t = np.clip((np.asarray(x) - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def unit(v: Array) -> Array:
    """Vectors (..., 3) scaled to length one; a zero vector stays (nearly) zero."""
    return v / (np.linalg.norm(v, axis=-1, keepdims=True) + 1e-6)


def dot(a: Array, b: Array) -> Array:
    """Row-wise dot product of (..., 3) arrays."""
    return (a * b).sum(-1)


def signed_distance(points: Array, polygon: Array) -> Array:
    """Distance of 2-D points (N, 2) to a closed polygon (M, 2), negative inside."""
    distance = np.full(len(points), np.inf)
    inside = np.zeros(len(points), bool)
    for a, b in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
        edge = b - a
        t = np.clip(((points - a) @ edge) / (edge @ edge + 1e-12), 0, 1)
        distance = np.minimum(distance, np.linalg.norm(points - (a + t[:, None] * edge), axis=1))
        crosses = (a[1] > points[:, 1]) != (b[1] > points[:, 1])
        at_x = edge[0] * (points[:, 1] - a[1]) / (edge[1] + 1e-12) + a[0]
        inside ^= crosses & (points[:, 0] < at_x)
    return np.where(inside, -distance, distance)


def catmull_rom(points: Array, steps: int, closed: bool) -> Array:
    """Catmull-Rom curve through (N, D) points, `steps` samples per span."""
    n = len(points)
    t = np.linspace(0, 1, steps, endpoint=False)[:, None]
    out = []
    for i in range(n if closed else n - 1):
        at = [(i + k) % n if closed else min(max(i + k, 0), n - 1) for k in (-1, 0, 1, 2)]
        p0, p1, p2, p3 = points[at]
        out.append(
            0.5
            * (
                2 * p1
                + (p2 - p0) * t
                + (2 * p0 - 5 * p1 + 4 * p2 - p3) * t**2
                + (3 * p1 - p0 - 3 * p2 + p3) * t**3
            )
        )
    return np.concatenate(out)


def wave_noise(points: Array, frequency: float, seed: int) -> Array:
    """Smooth noise of about unit variance: 24 random plane waves over (N, 3) points."""
    rng = np.random.RandomState(seed)
    total = np.zeros(len(points))
    for _ in range(24):
        direction = rng.randn(3) * frequency
        total += np.sin(points @ direction + rng.rand() * 2 * np.pi)
    return total / np.sqrt(12)
