"""A mouth to warp: the sample avatar's marks, a little askew."""

from pathlib import Path

import numpy as np
from face_samples import FRAMES, SIZE

from backend.avatar.packages.marks import COUNT, POINTS_PER_LINE, write_marks

CENTRE, WIDTH, LEAN = np.array([95.0, 132.0]), 50.0, 0.06


def one_mouth(gap: float = 0.0) -> np.ndarray:
    """(48, 2); gap: between the inner lips, in mouth widths."""
    s = np.linspace(-0.5, 0.5, POINTS_PER_LINE)
    arch = 1 - np.square(2 * s)
    heights = (-0.12 * arch, -gap / 2 * arch, gap / 2 * arch, 0.2 * arch)
    lines = [np.stack([s, t], axis=1) for t in heights]
    anchors = np.array([[0, -0.32], [0, 0.8], [-0.92, 0.22], [0.92, 0.22]])
    local = np.concatenate([*lines, anchors])
    turn = np.array([[np.cos(LEAN), -np.sin(LEAN)], [np.sin(LEAN), np.cos(LEAN)]])
    return (CENTRE + WIDTH * local @ turn.T).astype(np.float32)


def mouths(frames: int = FRAMES) -> np.ndarray:
    """(frames, 48, 2), swaying by a pixel or two."""
    sway = np.sin(np.arange(frames) / frames * 2 * np.pi)
    moved = one_mouth() + np.stack([sway, 0.5 * sway], axis=1)[:, None]
    assert moved.shape[1:] == (COUNT, 2) and moved.max() < SIZE
    return moved.astype(np.float32)


def give_mouths(avatar: Path) -> Path:
    write_marks(avatar / "marks.json", mouths())
    return avatar
