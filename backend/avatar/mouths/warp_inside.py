"""What is seen between open lips: dark, upper and lower teeth, a tongue. Drawn, not photographed.

Coordinates as in `warp_field`. Colours are few and come from the face: lips and skin lend the hue,
the brightest of the face the light.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from backend.avatar.mouths.warp_field import Field, smoothstep
from backend.avatar.mouths.warp_shape import MouthShape
from backend.avatar.pictures.colour import Colour, Float32

_OPEN_FULL = 0.035  # a gap this much wider than at rest shows all of the inside
_UPPER_EDGE, _LOWER_EDGE = 0.055, 0.080  # of the teeth, below the line where the lips meet
_ARCH = 0.10  # how much higher the teeth end at the corners
_TOOTH = 0.125  # a tooth's width, mean of what is seen
_TEETH_BGR = (0.78, 0.85, 0.92)
_DARK_BGR = (0.050, 0.045, 0.115)


@dataclass(frozen=True, slots=True)
class Palette:
    """(3,) YUV each."""

    dark: Float32
    teeth: Float32
    tongue: Float32


def palette(lips_bgr: Float32, light: float, colour: Colour) -> Palette:
    """lips_bgr: (3,) in 0..1, the lips' mean. light: 0..1, how bright white is in this picture."""
    dark = np.array(_DARK_BGR, np.float32) * light
    teeth = np.array(_TEETH_BGR, np.float32) * light
    tongue = lips_bgr * np.array([0.78, 0.70, 0.82], np.float32)
    return Palette(*(colour.to_yuv(bgr.astype(np.float32)) for bgr in (dark, teeth, tongue)))


def coverage(field: Field) -> Float32:
    """(rows, columns) from 0 to 1: how much of each grid point's cell lies between the lips."""
    half = (field.t[1] - field.t[0]) / 2
    column = field.t[:, None]
    share = np.minimum(column + half, field.lower) - np.maximum(column - half, field.upper)
    grown = (field.lower - field.upper - field.was_open) / _OPEN_FULL
    return np.asarray(np.clip(share / (2 * half), 0.0, 1.0) * smoothstep(grown), np.float32)


def inside(
    s: Float32, t: Float32, field: Field, columns: slice, shape: MouthShape, colours: Palette
) -> Float32:
    """(rows, columns, 3) YUV at the points (s, t) of a part of the grid."""
    across = np.clip(s / max(field.corner_s, 0.1), -1.0, 1.0)
    down = t[:, None]
    upper, lower = field.upper[columns], field.lower[columns]
    below_lip, above_lip = down - upper, lower - down
    rest = float(np.median(field.upper[columns])) - shape.upper_inner
    picture = np.broadcast_to(colours.dark, (len(t), len(s), 3)).copy()

    tongue_t = rest + shape.jaw_drop * 0.72 + 0.02
    tongue = smoothstep((down - tongue_t - 0.10 * np.square(across)) / 0.16 + 0.5)
    tongue = tongue * smoothstep((0.72 - np.abs(across)) / 0.25) * min(1.0, 4.0 * shape.jaw_drop)
    _lay(picture, colours.tongue, tongue * (0.55 + 0.45 * smoothstep(above_lip / 0.08)))

    arch = _ARCH * np.square(across)
    lower_edge = rest + _LOWER_EDGE + shape.jaw_drop + 0.5 * arch
    low = smoothstep((down - lower_edge) * 40.0 + 0.5) * _fade(across, 0.62)
    _lay(picture, colours.teeth, low * 0.72 * (0.5 + 0.5 * smoothstep(above_lip / 0.06)))

    upper_edge = rest + _UPPER_EDGE - arch
    high = smoothstep((upper_edge - down) * 36.0 + 0.5) * _fade(across, 0.78)
    gaps = 1.0 - 0.07 * np.square(np.square(np.cos(np.pi * s / _TOOTH)))
    # The narrower the gap, the less light comes in.
    shadow = 0.45 + 0.55 * smoothstep(below_lip / 0.11) * smoothstep((lower - upper) / 0.14 + 0.35)
    rounded = min(1.0, max(0.0, shape.inward / 0.12))  # lips pushed forward hide the teeth
    _lay(picture, colours.teeth, high * gaps * shadow * (1.0 - 0.7 * rounded))
    return picture


def _lay(picture: Float32, colour: Float32, weight: Float32) -> None:
    picture += weight[..., None] * (colour - picture)


def _fade(across: Float32, full: float) -> Float32:
    """From 1 to 0 between `full` and the corners."""
    return smoothstep((1.0 - np.abs(across)) / (1.0 - full))
