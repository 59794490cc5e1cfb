"""Brows: hairs grown in numpy, or strips of clay; in head coordinates (centimetres)."""

from __future__ import annotations

import numpy as np

from training.render.complexion import Complexion
from training.render.geometry import Array, catmull_rom, unit
from training.render.head import FACE_END, Head
from training.render.look import Look
from training.render.skull import Skull

_BROW_STEPS = 5


def model(head: Head, skin: Complexion, look: Look) -> Array:
    """One thick strip of clay per brow, (2, 24, 3), inner end first."""
    skull = Skull(head, FACE_END)
    strips = []
    for line in skin.brow_lines:
        curve = catmull_rom(line[::-1], 30, closed=False)
        points = curve[np.linspace(0, len(curve) - 1, 24).astype(int)]
        normal, height = skull.above(points)
        strips.append(points + normal * (0.05 - height)[:, None])
    return np.stack(strips).astype(np.float32)


def grow(head: Head, skin: Complexion, look: Look) -> Array:
    """Brow hairs (N, 5, 3): dense in the middle, thinning to a soft inner end and a fine tail."""
    rng = np.random.RandomState(3)
    skull = Skull(head, FACE_END)
    return np.concatenate([_brow(line, skull, look, rng) for line in skin.brow_lines]).astype(
        np.float32
    )


def _brow(line: Array, skull: Skull, look: Look, rng: np.random.RandomState) -> Array:
    n = look.brow_hairs
    curve = np.concatenate([catmull_rom(line, 12, closed=False), line[-1:]])
    t = rng.beta(1.1, 1.05, n)
    at = t * (len(curve) - 1)
    i = at.astype(int).clip(0, len(curve) - 2)
    root = curve[i] + (curve[i + 1] - curve[i]) * (at - i)[:, None]
    outward = -unit(curve[i + 1] - curve[i])
    width = np.interp(t, [0, 0.25, 0.7, 0.9, 1], [0.07, 0.17, 0.24, 0.25, 0.17]) * look.brow_width
    offset = rng.uniform(-1, 1, n) * width
    up = np.array([0.0, 1.0, 0.0])
    root = root + up * offset[:, None]
    lean = np.interp(t, [0, 0.5, 0.85, 1], [-0.25, 0.15, 0.75, 1.2]) - offset / width * 0.35
    direction = unit(outward + up * (lean + rng.randn(n) * 0.12)[:, None])
    length = np.interp(t, [0, 0.5, 1], [0.5, 0.75, 0.5]) * rng.uniform(0.7, 1.1, n)
    normal, height = skull.above(root)
    root = root - normal * height[:, None]
    hairs = []
    for u in np.linspace(0, 1, _BROW_STEPS):
        point = root + direction * (length * u)[:, None] + normal * (0.04 + 0.12 * np.sin(2.2 * u))
        point[:, 1] -= offset / width.clip(0.1) * 0.10 * u * u  # hairs close towards the line
        out, above = skull.above(point)
        hairs.append(point + out * np.clip(0.05 - above, 0, None)[:, None])
    return np.stack(hairs, 1)
