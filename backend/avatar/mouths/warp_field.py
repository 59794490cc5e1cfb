"""Where each pixel of a talking mouth comes from: the geometry of the warp, and nothing else.

All of it in mouth coordinates of one frame: origin between the corners, s along the mouth to the
picture's right, t down, both in mouth widths. A column is cut where the lines of the face cross it
(nose base, four lip lines, chin, neck) and each piece is stretched or squeezed to where the lines
have gone; only the gap between the inner lines is new, and `warp_inside` paints it. Columns
themselves give way to the sides where the corners do.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from backend.avatar.mouths.warp_shape import MouthShape
from backend.avatar.packages.marks import (
    CHIN,
    LEFT_CORNER,
    LEFT_JAW,
    NOSE_BASE,
    RIGHT_CORNER,
    RIGHT_JAW,
    lines_of,
)
from backend.avatar.pictures.colour import Float32

REACH = 1.30
"""Columns further than this from the middle stay where they are."""

_HALF = 0.5
_NECK = 0.50  # below the chin; what the jaw pushes down is squeezed in here
_LEAST = 1e-4
_CHEEK = 1.15  # where a corner's move has faded out


@dataclass(frozen=True, slots=True)
class Pose:
    """One frame's mouth at rest. `to_frame` is the 2x3 matrix from (s, t) to pixels."""

    to_frame: Float32
    width_px: float
    lines: Float32
    """(4, 11, 2) in (s, t)."""
    top: float
    chin: float
    jaw: tuple[float, float]
    """The jaw's side, |s| and t, mean of both."""

    @classmethod
    def of(cls, marks: Float32) -> Pose:
        """marks: (48, 2) of one frame, as in `marks`."""
        left, right = marks[LEFT_CORNER], marks[RIGHT_CORNER]
        axis = right - left
        width = float(np.hypot(*axis))
        down = np.array([-axis[1], axis[0]], np.float32)
        turn = np.stack([axis, down], axis=1)
        middle = (left + right) / 2
        local = (marks - middle) @ turn / (width * width)
        sides = np.abs(local[[LEFT_JAW, RIGHT_JAW]]).mean(0)
        return cls(
            to_frame=np.column_stack([turn, middle]).astype(np.float32),
            width_px=width,
            lines=lines_of(local.astype(np.float32)),
            top=float(local[NOSE_BASE, 1]),
            chin=float(local[CHIN, 1]),
            jaw=(float(sides[0]), float(local[[LEFT_JAW, RIGHT_JAW], 1].mean())),
        )


@dataclass(frozen=True, slots=True)
class Field:
    """A grid over the lower face: `s` (columns,) and `t` (rows,) of its points, where each comes
    from, `source_s` and `source_t` (rows, columns), and per column where the inner lines of the
    lips have gone, `upper` and `lower`, and how wide their gap was at rest, `was_open`."""

    s: Float32
    t: Float32
    source_s: Float32
    source_t: Float32
    upper: Float32
    lower: Float32
    was_open: Float32
    corner_s: float
    """Half the mouth's width now."""


def grid_of(pose: Pose) -> tuple[Float32, Float32]:
    """(s, t) about a pixel apart."""
    bottom = pose.chin + _NECK
    columns = 2 * int(np.ceil(REACH * pose.width_px)) + 1
    rows = int(np.ceil((bottom - pose.top) * pose.width_px)) + 1
    s = np.linspace(-REACH, REACH, columns, dtype=np.float32)
    return s, np.linspace(pose.top, bottom, rows, dtype=np.float32)


def field(pose: Pose, shape: MouthShape) -> Field:
    """Where a mouth of this shape comes from."""
    s, t = grid_of(pose)
    from_s, sideways = _columns(s, t, shape)
    rest = _rest_lines(pose, from_s)
    moved = rest + _moves(shape, from_s)
    moved = np.maximum.accumulate(moved, axis=0)
    return Field(
        s=s,
        t=t,
        source_s=s + sideways,
        source_t=stretch(t, rest, moved),
        upper=moved[2],
        lower=moved[3],
        was_open=rest[3] - rest[2],
        corner_s=_HALF - shape.inward,
    )


def _columns(s: Float32, t: Float32, shape: MouthShape) -> tuple[Float32, Float32]:
    """The column at rest of each column at the height of the mouth, and how far each point's own is
    away, fading out above and below."""
    now = _HALF - shape.inward
    mirrored = np.interp(np.abs(s), (0.0, now, _CHEEK, REACH), (0.0, _HALF, _CHEEK, REACH))
    from_s = (np.sign(s) * mirrored).astype(np.float32)
    fade = np.exp(-np.square((t - 0.08) / 0.30)).astype(np.float32)
    return from_s, fade[:, None] * (from_s - s)


def _rest_lines(pose: Pose, s: Float32) -> Float32:
    """(7, columns): where the face's lines cross each column at rest, from above."""
    lips = [np.interp(s, line[:, 0], line[:, 1]) for line in pose.lines]
    side_s, side_t = pose.jaw
    bend = max(0.0, pose.chin - side_t) / max(side_s, _HALF) ** 2
    chin = np.maximum(pose.chin - bend * s * s, lips[3] + 0.12)
    flat = np.ones_like(s)
    rows = np.stack([pose.top * flat, *lips, chin, (pose.chin + _NECK) * flat])
    return np.maximum.accumulate(rows.astype(np.float32), axis=0)


def _moves(shape: MouthShape, s: Float32) -> Float32:
    """(7, columns): how far down each line goes there."""
    reach = np.abs(s)
    inside = np.clip(1.0 - np.square(s / _HALF), 0.0, 1.0)
    beyond = smoothstep((_CHEEK - reach) / (_CHEEK - _HALF))
    lips = [beyond * (shape.corner + (move - shape.corner) * inside) for move in shape.lines]
    chin = shape.chin * np.clip(1.0 - np.square(s / REACH), 0.0, 1.0)
    still = np.zeros_like(s)
    return np.stack([still, *lips, chin, still]).astype(np.float32)


def stretch(t: Float32, rest: Float32, moved: Float32) -> Float32:
    """(rows, columns): t at rest of each t (rows,) now, linear between the lines (n, columns) that
    went from `rest` to `moved`. What lies beyond the outermost lines comes from them."""
    lengths = np.maximum(np.diff(moved, axis=0), _LEAST)
    slopes = np.diff(rest, axis=0) / lengths
    column = t[:, None]
    source = np.repeat(rest[:1], len(t), axis=0)
    for begin, length, slope in zip(moved, lengths, slopes, strict=False):
        piece = np.subtract(column, begin)
        np.clip(piece, 0.0, length, out=piece)
        piece *= slope
        source += piece
    return source


def smoothstep(ramp: npt.NDArray[np.floating]) -> Float32:
    """From 0 below 0 to 1 above 1, level at both ends."""
    ramp = np.clip(ramp, 0.0, 1.0)
    return np.asarray(ramp * ramp * (3.0 - 2.0 * ramp), np.float32)
