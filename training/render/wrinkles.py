"""Where age has folded the skin: forehead, crow's feet, under the eyes, from nose to mouth.

A fold is a weight and a phase per vertex; the skin shader draws a narrow valley wherever the phase
is a whole number, so folds are far finer than the mesh.
"""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from training.render import head as ranges
from training.render.geometry import Array, catmull_rom, smoothstep, wave_noise
from training.render.head import Head


def creases(head: Head) -> tuple[Array, Array]:
    """Weight (N,) in 0..1 and phase (N,), placed relative to the landmarks."""
    wobble = wave_noise(head.base, 0.5, 21)
    weight, phase = _forehead(head, wobble)
    for outer, eye, outward in ((36, slice(36, 42), -1), (45, slice(42, 48), 1)):
        feet, feet_phase = _crows_feet(head, outer, outward, wobble)
        weight, phase = np.maximum(weight, feet), np.where(feet > 0, feet_phase, phase)
        bag, bag_phase = _under_eye(head, head.landmarks[eye].mean(0), wobble)
        weight, phase = np.maximum(weight, bag), np.where(bag > feet, bag_phase, phase)
    for nostril, corner, outward in ((31, 48, -1), (35, 54, 1)):
        fold, away = _laugh_line(head, nostril, corner, outward)
        weight, phase = np.where(fold > 0, fold, weight), np.where(fold > 0, away, phase)
    skin = (np.arange(len(head.base)) < ranges.HEAD_END) & (head.base[:, 2] > 0)
    return np.clip(weight, 0, 1) * skin, phase


def _forehead(head: Head, wobble: Array) -> tuple[Array, Array]:
    x, y, _ = head.base.T
    above = y - head.landmarks[17:27, 1].mean()
    weight = 0.55 * smoothstep(0.8, 1.8, above) * smoothstep(5.4, 3.6, above)
    return weight * smoothstep(6.0, 3.5, np.abs(x)), above / 0.95 + 0.10 * wobble - 0.015 * x**2


def _crows_feet(head: Head, corner: int, outward: int, wobble: Array) -> tuple[Array, Array]:
    """Rays from the outer corner of an eye."""
    x, y, _ = head.base.T
    dx = (x - head.landmarks[corner, 0]) * outward
    dy = y - head.landmarks[corner, 1] - 0.05
    away, angle = np.hypot(dx, dy), np.arctan2(dy, np.maximum(dx, 1e-3))
    weight = smoothstep(0.35, 0.7, away) * smoothstep(2.3, 1.1, away) * (dx > 0)
    weight *= smoothstep(1.0, 0.6, np.abs(angle + 0.1))
    return weight, angle / 0.33 + wobble * 0.06


def _under_eye(head: Head, eye: Array, wobble: Array) -> tuple[Array, Array]:
    """Arcs below the lower lid."""
    x, y, _ = head.base.T
    across, down = (x - eye[0]) / 1.9, eye[1] - 0.75 - y
    band = smoothstep(0.75, 0.45, np.abs(down + 0.1 - 0.6 * (across**2 - 0.3)))
    weight = 0.55 * band * smoothstep(1.05, 0.7, np.abs(across)) * (down > -0.35)
    return weight, (down - 0.55 * across**2) / 0.42 + 0.08 * wobble


def _laugh_line(head: Head, nostril: int, corner: int, outward: int) -> tuple[Array, Array]:
    """From the wing of the nose past the corner of the mouth; the phase is the distance to it."""
    mark = head.landmarks
    top = mark[nostril] + [0.75 * outward, 0.35, 0]
    low = mark[corner] + [0.95 * outward, -0.5, 0]
    middle = (top + low) / 2 + [0.35 * outward, 0.1, 0]
    line = catmull_rom(np.array([top, middle, low])[:, :2], 12, closed=False)
    away, at = cKDTree(line).query(head.base[:, :2])
    ends = np.interp(at, [0, 4, 17, 23], [0.4, 1, 0.8, 0.0])
    return 1.2 * smoothstep(0.55, 0.35, away) * ends, away
