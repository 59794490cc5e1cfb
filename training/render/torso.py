"""The jumper: rings lofted from the neck down to below the picture."""

from __future__ import annotations

import numpy as np

from training.render.geometry import Array, smoothstep, unit
from training.render.head import HEAD_END, Head
from training.render.look import Look

_RINGS, _SIDES = 90, 160
_BAND_SIDES = 14

# Below the neck the rings are drawn by hand: (y, half width, half depth, centre z, roundness).
_SHOULDERS_AND_CHEST = [
    (-17.2, 15.3, 8.6, -2.2, 2.1),
    (-18.5, 17.6, 9.3, -2.0, 2.2),
    (-20.5, 20.0, 10.2, -1.8, 2.4),
    (-24, 21.5, 11.3, -1.6, 2.5),
    (-29, 21.8, 12.6, -1.3, 2.6),
    (-36, 21.3, 13.4, -1.3, 2.6),
    (-50, 20.5, 13.5, -1.3, 2.6),
]


def jumper(head: Head, look: Look) -> tuple[Array, list[tuple[int, ...]]]:
    """Vertices (N, 3) in head coordinates (centimetres) and quad faces."""
    rings = _smoothed(np.array(_collar_rings(head, look.collar_y_cm) + _SHOULDERS_AND_CHEST))
    angle = np.linspace(0, 2 * np.pi, _SIDES, endpoint=False)
    cos, sin = np.cos(angle), np.sin(angle)
    layers = []
    for y, width, depth, centre_z, roundness in rings:
        across = np.sign(cos) * np.abs(cos) ** (2 / roundness)
        along = np.sign(sin) * np.abs(sin) ** (2 / roundness)
        near_collar = np.clip(1 - (look.collar_y_cm - y) / 9, 0, 1)
        scoop = near_collar * look.collar_scoop_cm * (0.35 + 0.65 * sin) * (sin > -0.54)
        fold = 0.10 * np.sin(9 * angle + 0.9 * y) * smoothstep(-15, -24, y)
        layers.append(
            np.stack([across * (width + fold), y - scoop, along * (depth + fold) + centre_z], 1)
        )
    return np.concatenate(layers), _quads()


def neckband(head: Head, look: Look) -> tuple[Array, list[tuple[int, ...]]]:
    """The ribbed edge of the neckline: a soft tube along the jumper's first ring."""
    vertices, _ = jumper(head, look)
    edge, below = vertices[:_SIDES], vertices[4 * _SIDES : 5 * _SIDES]
    down = unit(below - edge)
    out = unit(np.cross(down, np.roll(edge, -1, 0) - np.roll(edge, 1, 0)))
    out *= np.sign((out * (edge - edge.mean(0))).sum(1, keepdims=True))
    turn = np.linspace(0, 2 * np.pi, _BAND_SIDES, endpoint=False)
    rings = [
        edge + down * (0.45 + 0.75 * np.cos(t)) + out * (0.12 + 0.26 * np.sin(t)) for t in turn
    ]
    faces = [
        (i * _SIDES + j, i * _SIDES + k, m * _SIDES + k, m * _SIDES + j)
        for i, m in zip(range(_BAND_SIDES), [*range(1, _BAND_SIDES), 0], strict=True)
        for j, k in zip(range(_SIDES), [*range(1, _SIDES), 0], strict=True)
    ]
    return np.concatenate(rings), faces


def _collar_rings(head: Head, top_y: float) -> list[tuple[float, ...]]:
    skin = head.base[:HEAD_END]
    rings = []
    for y in np.arange(top_y, -16.6, -0.5):
        slab = skin[np.abs(skin[:, 1] - y) < 0.45]
        widest = 8.4 + 1.5 * max(0.0, -12.6 - y)  # shoulders flare out below the neck
        width = min(np.abs(slab[:, 0]).max() + 0.25, widest)
        back, front = slab[:, 2].min() - 0.4, slab[:, 2].max() + 0.45
        rings.append((y, width, (front - back) / 2, (front + back) / 2, 2.0))
    return rings


def _smoothed(rings: Array) -> Array:
    at = np.linspace(0, len(rings) - 1, _RINGS)
    dense = np.stack([np.interp(at, np.arange(len(rings)), column) for column in rings.T], 1)
    for _ in range(40):
        dense[1:-1] = (dense[:-2] + 2 * dense[1:-1] + dense[2:]) / 4
    return dense


def _quads() -> list[tuple[int, ...]]:
    return [
        (i * _SIDES + j, i * _SIDES + k, (i + 1) * _SIDES + k, (i + 1) * _SIDES + j)
        for i in range(_RINGS - 1)
        for j, k in zip(range(_SIDES), [*range(1, _SIDES), 0], strict=True)
    ]
