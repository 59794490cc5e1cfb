"""A photo brought to life: five seconds in which it breathes, sways a little and blinks twice.

All of it is one warp per frame. Every movement has a whole number of periods in the loop, so the
last frame leads into the first.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from backend.avatar.create import mesh as m
from backend.avatar.create.finder import Image
from backend.avatar.create.mesh import Mesh
from backend.avatar.mouths.warp_field import smoothstep, stretch
from backend.avatar.packages.facebox import face_box
from backend.avatar.pictures.colour import Float32

FRAMES = 125

_BLINKS = (31, 88)
_LIDS = (0.25, 0.75, 1.0, 0.95, 0.65, 0.35, 0.12)  # how far shut, frame by frame
# In face-box heights.
_SWAY, _NOD, _BREATH = 0.0075, 0.004, 0.005
_LEAN_RADIANS = 0.009
_MEET = 0.86  # where the lids meet, from the upper one's place to the lower one's
_LINE = 0.07  # what is left between them
_DARK = 0.8
_RIM_ABOVE, _RIM_BELOW, _RIM_SOFT = 0.12, 0.20, 0.08  # where an eye may show beyond its mesh
_NEARLY_SHUT = 0.6
_ROOM = 0.05
_ABOVE, _BELOW = 0.42, 0.30  # of an eye's width: what gives way to the lids


class Animation:
    """picture: the avatar's frame; mesh: the face in it, at rest, its eyes open."""

    def __init__(self, picture: Image, mesh: Mesh) -> None:
        self._picture = picture
        height, width = picture.shape[:2]
        self._y, self._x = np.mgrid[:height, :width].astype(np.float32)
        x0, y0, x1, y1 = face_box(m.multi_pie(mesh))
        self._unit = y1 - y0
        self._neck = (x0 + x1) / 2, y1
        self._head = _head(self._x, self._y, (x0, y0, x1, y1))
        self._chest = smoothstep((self._y - y1) / (0.35 * self._unit))
        self._eyes = [_Eye.of(upper, lower, picture) for upper, lower in m.eyes(mesh)]

    def frame(self, number: int) -> Image:
        """Frame `number` of the loop; frame 0 is close to the photo."""
        phase = 2 * math.pi * number / FRAMES
        angle = _LEAN_RADIANS * math.sin(phase)
        x, y = self._x - self._neck[0], self._y - self._neck[1]
        right = -angle * y + self._unit * _SWAY * math.sin(phase + 0.5)
        down = angle * x + self._unit * _NOD * math.sin(2 * phase)
        map_x = self._x - self._head * right
        map_y = self._y - self._head * down
        map_y += self._chest * self._unit * _BREATH * (1 - math.cos(2 * phase)) / 2
        how, border = cv2.INTER_CUBIC, cv2.BORDER_REFLECT
        drawn = cv2.remap(
            self._with_lids(_shut(number)),
            map_x.astype(np.float32),
            map_y.astype(np.float32),
            how,
            borderMode=border,
        )
        return np.asarray(drawn, np.uint8)

    def _with_lids(self, shut: float) -> Image:
        """The photo with its eyes as far shut, 0..1."""
        if shut == 0:
            return self._picture
        picture: Float32 = self._picture.astype(np.float32)
        for eye in self._eyes:
            picture = eye.shut(picture, self._x, self._y, shut)
        return np.asarray(np.clip(picture + 0.5, 0, 255), np.uint8)


def animate(picture: Image, mesh: Mesh, tell: Callable[[float], None]) -> list[Image]:
    """The whole loop. tell: told how much of it is drawn, 0..1."""
    animation = Animation(picture, mesh)
    frames = []
    for number in range(FRAMES):
        tell(number / FRAMES)
        frames.append(animation.frame(number))
    return frames


def _shut(number: int) -> float:
    for begin in _BLINKS:
        if begin <= number < begin + len(_LIDS):
            return _LIDS[number - begin]
    return 0.0


def _head(x: Float32, y: Float32, box: tuple[float, float, float, float]) -> Float32:
    """1 on head and hair, 0 on shoulders and far away; nothing moves at the border."""
    x0, y0, x1, y1 = box
    wide, tall = x1 - x0, y1 - y0
    middle_x, middle_y = (x0 + x1) / 2, (y0 + y1) / 2
    far = np.hypot((x - middle_x) / (0.62 * wide), (y - middle_y) / (0.66 * tall))
    inside = smoothstep((2.1 - far) / 1.1)
    height, width = x.shape
    edge = np.minimum(np.minimum(x, width - 1 - x), np.minimum(y, height - 1 - y))
    return inside * smoothstep(edge / (0.08 * min(width, height)))


@dataclass(frozen=True, slots=True)
class _Eye:
    """One eye in coordinates of its own: origin between the corners, s along it, t down, in eye
    widths. `above` and `below` are the lids at each s; `lashes` their colour, BGR."""

    to_picture: Float32
    s: Float32
    t: Float32
    above: Float32
    below: Float32
    lashes: Float32

    @classmethod
    def of(cls, upper: Mesh, lower: Mesh, picture: Image) -> _Eye:
        """upper, lower: (9, 2) along the lids, from the picture's left to its right."""
        left, right = (upper[0] + lower[0]) / 2, (upper[-1] + lower[-1]) / 2
        axis, middle = right - left, (left + right) / 2
        width = float(np.hypot(*axis))
        turn = np.column_stack([axis, [-axis[1], axis[0]]])
        s = np.linspace(-0.75, 0.75, int(1.5 * width) + 2, dtype=np.float32)
        t = np.linspace(-1.0, 1.0, int(2.0 * width) + 2, dtype=np.float32)
        local = [(points - middle) @ turn / width**2 for points in (upper, lower)]
        above, below = (np.interp(s, line[:, 0], line[:, 1]) for line in local)
        # The mesh runs a little inside the white of the eye.
        room = _ROOM * smoothstep((0.62 - np.abs(s)) / 0.15)
        return cls(
            to_picture=np.column_stack([turn, middle]).astype(np.float32),
            s=s,
            t=t,
            above=np.minimum(above, below).astype(np.float32),
            below=(np.maximum(above, below) + room).astype(np.float32),
            lashes=_darkest(picture, upper),
        )

    def shut(self, picture: Float32, x: Float32, y: Float32, shut: float) -> Float32:
        """Draw the upper lid down along each column, squeeze the eye away, and let the lashes meet
        where it was."""
        meet = self.above + shut * _MEET * (self.below - self.above)
        # The lower lid comes up a little.
        under = self.below - shut * (1 - _MEET - _LINE) * (self.below - self.above)
        top, bottom = self.above - _ABOVE, self.below + _BELOW
        rest = np.stack([top, self.above, self.below, bottom])
        moved = np.stack([top, meet, np.maximum(under, meet), bottom])
        change = stretch(self.t, rest, moved) - np.clip(self.t[:, None], top, bottom)
        change *= smoothstep((0.72 - np.abs(self.s)) / 0.2)
        off = (self.t[:, None] - (meet + under) / 2) / (0.5 * (under - meet) + 0.02)
        line = np.exp(-np.square(off)) * smoothstep((0.60 - np.abs(self.s)) / 0.2)
        layers = np.dstack([change, line * _late(shut)])
        way, lashes = _planes(self._laid(layers.astype(np.float32), x.shape))
        lidded = self._moved(picture, x, y, way)
        if shut > _NEARLY_SHUT:
            rim = np.stack([meet - _RIM_ABOVE, under + _RIM_BELOW]).astype(np.float32)
            lidded = self._covered(lidded, x, y, rim[0], rim[1], shut)
        return np.asarray(lidded + _DARK * lashes[..., None] * (self.lashes - lidded), np.float32)

    def _covered(
        self, picture: Float32, x: Float32, y: Float32, top: Float32, bottom: Float32, shut: float
    ) -> Float32:
        """What is left of the eye between these lines gives way to the skin above and below."""
        t = self.t[:, None]
        down = np.clip((t - top) / (bottom - top), 0, 1)
        rim = smoothstep((t - top) / _RIM_SOFT) * smoothstep((bottom - t) / _RIM_SOFT)
        rim *= smoothstep((0.72 - np.abs(self.s)) / 0.14) * _late(shut)
        layers = np.dstack([top - t, bottom - t, down, rim]).astype(np.float32)
        to_top, to_bottom, share, cover = _planes(self._laid(layers, x.shape))
        above, below = (self._moved(picture, x, y, way) for way in (to_top, to_bottom))
        skin = above + share[..., None] * (below - above)
        return np.asarray(picture + cover[..., None] * (skin - picture), np.float32)

    def _moved(self, picture: Float32, x: Float32, y: Float32, way: Float32) -> Float32:
        """Each pixel from so far down in the picture, in eye widths."""
        down = self.to_picture[:, 1]
        places = x + way * down[0], y + way * down[1]
        return np.asarray(cv2.remap(picture, *places, cv2.INTER_CUBIC), np.float32)

    def _laid(self, grid: Float32, shape: tuple[int, ...]) -> Float32:
        """Values at (t, s) as values at the picture's pixels; 0 outside."""
        back = np.linalg.inv(self.to_picture[:, :2].astype(np.float64))
        scale = np.diag([1 / (self.s[1] - self.s[0]), 1 / (self.t[1] - self.t[0])])
        shift = back @ -self.to_picture[:, 2] - (self.s[0], self.t[0])
        places = np.column_stack([scale @ back, scale @ shift])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        laid = cv2.warpAffine(grid, places, (shape[1], shape[0]), flags=flags)
        return np.asarray(laid, np.float32)


def _planes(layers: Float32) -> list[Float32]:
    """(h, w, n) as n of (h, w)."""
    return [np.asarray(plane, np.float32) for plane in cv2.split(layers)]


def _late(shut: float) -> float:
    """0..1 over the last part of the way."""
    return max(0.0, shut - _NEARLY_SHUT) / (1 - _NEARLY_SHUT)


def _darkest(picture: Image, lid: Mesh) -> Float32:
    """The colour of lashes: a dark one along the lid."""
    mask = np.zeros(picture.shape[:2], np.uint8)
    cv2.polylines(mask, [np.rint(lid).astype(np.int32)], False, 255, 3)
    along = picture[mask > 0].astype(np.float32)
    brightness = along.sum(axis=1)
    dark = along[brightness <= np.percentile(brightness, 25)]
    return np.asarray(dark.mean(axis=0), np.float32)
