"""A picture with its head moved: warped smoothly, most around the face, not at all at the borders.

The field is a small rigid motion (down, aside, a tilt about the neck) faded out by a window, so
hair and shoulders follow without an edge. Luma is read with cubic interpolation in float32, which
OpenCV has in SIMD (three times faster than in bytes) and which keeps hair and lashes as sharp as
those of the frames before and after that do not move; chroma, at half size, is read linearly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from backend.avatar.figure.head_motion import HeadPose
from backend.avatar.packages.card import Box
from backend.avatar.pictures.codecs import I420
from backend.avatar.pictures.colour import Float32
from backend.avatar.pictures.planes import split_planes

_STILL_PX = 1 / 64
"""No pixel changes visibly by less; pictures at rest are left as they are."""
_NECK = 0.45
"""How far below the face box the head turns, in heights of the box."""
# The window, in sizes of the face box around its centre: all of the motion inside, none outside.
_INSIDE, _OUTSIDE = 0.6, 1.25
_BORDER = 0.16
"""Of the picture's sides: over this much the motion fades out towards the borders."""
_NONE = 0.01
"""Where less than this of the motion is left, pixels are not touched."""

Plane = npt.NDArray[np.uint8]
Float64 = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Field:
    """The motion at the pixels of one plane's rectangle.

    The window is a product of one curve along each axis, and so every part of the motion is: a map
    is the product of two thin matrices. x, y: places of its columns and rows, and how far they lie
    from the neck; across, along: the window's curves.
    """

    rows: slice
    columns: slice
    x: Float32
    y: Float32
    from_neck_x: Float32
    from_neck_y: Float32
    across: Float32
    along: Float32
    map_x: Float32
    map_y: Float32
    """Written anew for every picture: fresh megabytes would cost more than what fills them."""

    def source(self, down: float, aside: float, tilt: float) -> tuple[Float32, Float32]:
        """Where each pixel comes from, in pixels of the plane; good until the next call."""
        aside_by_row = self.along * (tilt * self.from_neck_y - aside)
        down_by_column = self.across * (-tilt * self.from_neck_x - down)
        by_row = np.stack([aside_by_row, np.ones_like(self.y)], axis=1)
        np.matmul(by_row, np.stack([self.across, self.x]), out=self.map_x)
        by_column = np.stack([down_by_column, np.ones_like(self.x)])
        np.matmul(np.stack([self.along, self.y], axis=1), by_column, out=self.map_y)
        return self.map_x, self.map_y


class HeadWarp:
    """For pictures of one size with the face at one place: the mean of a loop's face boxes.

    Not for several threads at once.
    """

    def __init__(self, width: int, height: int, face_boxes: Sequence[Box]) -> None:
        self._box = np.mean(np.array(face_boxes, np.float64), axis=0)
        self._face_px = float(self._box[3] - self._box[1])
        self._luma = self._field(width, height, 1.0)
        self._chroma = self._field(width // 2, height // 2, 0.5)
        self._has_room = self._luma.map_x.size > 0 and self._chroma.map_x.size > 0
        self._floats = np.empty((height, width), np.float32)
        self._moved = np.empty_like(self._luma.map_x)
        self._bytes = np.empty(self._moved.shape, np.uint8)

    def is_still(self, pose: HeadPose) -> bool:
        moves = abs(pose.down), abs(pose.aside), abs(pose.tilt_rad)
        return not self._has_room or max(moves) * self._face_px < _STILL_PX

    def picture(self, picture: I420, pose: HeadPose) -> I420:
        """A new picture; the same one when nothing moves."""
        if self.is_still(pose):
            return picture
        out = picture.copy()
        (luma, *chroma), (luma_out, *chroma_out) = split_planes(picture), split_planes(out)
        field = self._luma
        x, y = self._places(field, pose, 1.0)
        np.copyto(self._floats, luma)
        cv2.remap(self._floats, x, y, cv2.INTER_CUBIC, self._moved, cv2.BORDER_REPLICATE)
        luma_out[field.rows, field.columns] = cv2.convertScaleAbs(self._moved, self._bytes)
        self._linearly(chroma, chroma_out, pose)
        return out

    def matte(self, matte: Plane, pose: HeadPose) -> Plane:
        """The same for a plane of half the picture's size."""
        if self.is_still(pose):
            return matte
        out = matte.copy()
        self._linearly([matte], [out], pose)
        return out

    def _linearly(self, source: Sequence[Plane], target: Sequence[Plane], pose: HeadPose) -> None:
        """Planes of half the picture's size."""
        field = self._chroma
        x, y = self._places(field, pose, 0.5)
        for here, there in zip(source, target, strict=True):
            moved = cv2.remap(here, x, y, cv2.INTER_LINEAR, None, cv2.BORDER_REPLICATE)
            there[field.rows, field.columns] = moved

    def _places(self, field: _Field, pose: HeadPose, scale: float) -> tuple[Float32, Float32]:
        size = self._face_px * scale
        return field.source(pose.down * size, pose.aside * size, pose.tilt_rad)

    def _field(self, width: int, height: int, scale: float) -> _Field:
        # A chroma sample lies in the middle of four luma samples.
        x: Float64 = (np.arange(width, dtype=np.float64) + 0.5) / scale - 0.5
        y: Float64 = (np.arange(height, dtype=np.float64) + 0.5) / scale - 0.5
        x0, y0, x1, y1 = self._box
        across = _window(x, (x0 + x1) / 2, x1 - x0)
        along = _window(y, (y0 + y1) / 2, y1 - y0)
        columns, rows = _extent(across), _extent(along)
        shape = len(y[rows]), len(x[columns])
        return _Field(
            rows,
            columns,
            x=_floats(np.arange(width)[columns]),
            y=_floats(np.arange(height)[rows]),
            from_neck_x=_floats((x[columns] - (x0 + x1) / 2) * scale),
            from_neck_y=_floats((y[rows] - y1 - _NECK * (y1 - y0)) * scale),
            across=_floats(across[columns]),
            along=_floats(along[rows]),
            map_x=np.empty(shape, np.float32),
            map_y=np.empty(shape, np.float32),
        )


def _window(places: Float64, centre: float, size: float) -> Float64:
    """1 in and around the face, 0 far from it and at the picture's borders."""
    near = _faded(np.abs(places - centre) / size, _INSIDE, _OUTSIDE)
    depth = np.minimum(places - places[0], places[-1] - places) / (places[-1] - places[0])
    return near * _faded(-depth, -_BORDER, 0.0)


def _faded(distance: Float64, begins: float, ends: float) -> Float64:
    """1 up to `begins`, 0 from `ends` on, with soft corners."""
    left = np.clip((ends - distance) / (ends - begins), 0.0, 1.0)
    return np.asarray(left * left * (3.0 - 2.0 * left))


def _extent(window: Float64) -> slice:
    """Empty for a small face at the border of a large picture, where all motion has faded out."""
    used = np.flatnonzero(window > _NONE)
    return slice(int(used[0]), int(used[-1]) + 1) if len(used) else slice(0, 0)


def _floats(values: npt.NDArray[np.number]) -> Float32:
    return np.ascontiguousarray(values, np.float32)
