"""A small drawn mouth into a large frame, without a seam and without losing detail.

A drawn mouth is never as fine as the frame that it goes into. So the difference to the same mouth
at rest is what is laid in: where it has moved, the drawn picture replaces the frame; where it has
not, the frame keeps its own pores and edges. With `moved` saying how far a place has moved, `mask`
fading to the borders, and `up` enlarging and putting in place, plane by plane:

    out = frame * up(1 - mask * moved) + up(mask * (drawn - rest + moved * rest))

Only the rectangle in which anything changes is touched.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from backend.avatar.packages.card import Place, corners
from backend.avatar.pictures.codecs import I420
from backend.avatar.pictures.colour import Float32
from backend.avatar.pictures.planes import split_planes

# Differences, full scale = 1, below which a place counts as still and above which as moved.
STILL, MOVED = 0.03, 0.10
_SCALES = (219.0, 224.0, 224.0)
_VISIBLE = 0.5  # code values: less is rounded away
_REACH = 2  # small pixels that enlarging looks to either side

Planes = Sequence[Float32]
"""Y, U and V in code values, float32; chroma of luma's size or half of it."""
Rectangle = tuple[int, int, int, int]
"""x0, y0, x1, y1."""


@dataclass(frozen=True, slots=True)
class Change:
    """How much a mouth differs from its rest, full scale = 1, and from that how far each place has
    `moved`, 0..1, soft at the borders; both (h, w), the size of chroma."""

    size: Float32
    moved: Float32


def compare(drawn: Planes, rest: Planes, blur_px: float) -> Change:
    """blur_px: in pixels of chroma, how far a moving place takes its neighbours along."""
    pairs = zip(drawn, rest, _SCALES, strict=True)
    planes = [cv2.absdiff(new, old) * np.float32(1 / scale) for new, old, scale in pairs]
    luma, *chroma = (np.asarray(plane, np.float32) for plane in planes)
    if luma.shape != chroma[0].shape:
        rows = cv2.max(luma[::2], luma[1::2])
        luma = np.asarray(cv2.max(rows[:, ::2], rows[:, 1::2]), np.float32)
    size = np.asarray(cv2.max(luma, cv2.max(*chroma)), np.float32)
    ramp = np.clip((cv2.GaussianBlur(size, (0, 0), blur_px) - STILL) / (MOVED - STILL), 0, 1)
    return Change(size, np.asarray(ramp * ramp * (3.0 - 2.0 * ramp), np.float32))


def lay(
    picture: I420, place: Place, drawn: Planes, rest: Planes, change: Change, mask: Float32
) -> I420:
    """A new picture: `picture` with `drawn` laid in.

    place: of the small pictures' unit square in the frame. rest: the same mouth at rest, as the
    frame shows it. mask: how much of the change is seen, (h, w) in 0..1, the size of chroma.
    """
    out = picture.copy()
    seen = _extent(mask * change.size * _SCALES[0] > _VISIBLE)
    if seen is None:
        return out
    luma, *chroma = split_planes(out)
    part = _Part(place, seen, _cut(mask, seen, 1), _cut(mask * change.moved, seen, 1), mask.shape)
    part.lay([luma], drawn[:1], rest[:1], 1)
    part.lay(chroma, drawn[1:], rest[1:], 2)
    return out


@dataclass(frozen=True, slots=True)
class _Part:
    """What changes: `seen` of the small picture at the size of chroma, and there the mask, and how
    much of the frame gives way. whole: the small picture's own shape."""

    place: Place
    seen: Rectangle
    mask: Float32
    share: Float32
    whole: tuple[int, ...]

    def lay(self, targets: Sequence[I420], drawn: Planes, rest: Planes, shrink: int) -> None:
        """Change planes of one size in place, `shrink` times smaller than the frame."""
        fine = drawn[0].shape[0] // self.whole[0]
        box = _rectangle(self.place, self.seen, self.whole, targets[0].shape, shrink)
        x0, y0, x1, y1 = box
        if x0 >= x1 or y0 >= y1:
            return
        mask, share = (_enlarged(values, fine) for values in (self.mask, self.share))
        way = _way(self.place, drawn[0].shape, box, shrink)
        way[:, 2] -= fine * self.seen[0], fine * self.seen[1]
        keep = _up(1.0 - share, way, box, 1.0)
        for target, new, old in zip(targets, drawn, rest, strict=True):
            crop, still = target[y0:y1, x0:x1], _cut(old, self.seen, fine)
            add = mask * (_cut(new, self.seen, fine) - still) + share * still
            kept = cv2.multiply(crop, keep, dtype=cv2.CV_32F)
            crop[:] = cv2.add(kept, _up(add, way, box, 0.0), dtype=cv2.CV_8U)


def _cut(plane: Float32, seen: Rectangle, fine: int) -> Float32:
    """The rectangle of a plane that is `fine` times as fine as that of chroma."""
    x0, y0, x1, y1 = (fine * edge for edge in seen)
    return plane[y0:y1, x0:x1]


def _up(small: Float32, way: npt.NDArray[np.float64], box: Rectangle, beyond: float) -> Float32:
    size = box[2] - box[0], box[3] - box[1]
    how = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(small, way, size, flags=how, borderValue=beyond), np.float32)


def _enlarged(values: Float32, times: int) -> Float32:
    if times == 1:
        return values
    size = values.shape[1] * times, values.shape[0] * times
    return np.asarray(cv2.resize(values, size, interpolation=cv2.INTER_LINEAR), np.float32)


def _extent(seen: npt.NDArray[np.bool_]) -> Rectangle | None:
    """Around what is true, with the pixels that it is enlarged with."""
    rows, columns = np.flatnonzero(seen.any(axis=1)), np.flatnonzero(seen.any(axis=0))
    if len(rows) == 0:
        return None
    x0, y0 = max(0, int(columns[0]) - _REACH), max(0, int(rows[0]) - _REACH)
    height, width = seen.shape
    return (
        x0,
        y0,
        min(width, int(columns[-1]) + 1 + _REACH),
        min(height, int(rows[-1]) + 1 + _REACH),
    )


def _rectangle(
    place: Place, seen: Rectangle, small: tuple[int, ...], plane: tuple[int, ...], shrink: int
) -> Rectangle:
    """Where in a plane the rectangle `seen` of the small picture lies, cut to the plane."""
    (height, width), (plane_height, plane_width) = small, plane
    a, b, c, d, e, f = place
    x0, y0, x1, y1 = seen[0] / width, seen[1] / height, seen[2] / width, seen[3] / height
    part = (
        a * (x1 - x0), b * (y1 - y0), a * x0 + b * y0 + c,
        d * (x1 - x0), e * (y1 - y0), d * x0 + e * y0 + f,
    )  # fmt: skip
    points = np.array(list(corners(part))) / shrink
    left, top = np.floor(points.min(0)).astype(int)
    right, bottom = np.ceil(points.max(0)).astype(int)
    return (
        max(0, int(left)),
        max(0, int(top)),
        min(plane_width, int(right)),
        min(plane_height, int(bottom)),
    )


def _way(
    place: Place, small: tuple[int, ...], box: Rectangle, shrink: int
) -> npt.NDArray[np.float64]:
    """2x3, from pixels of the box in its plane to pixels of the small picture, centre to centre."""
    height, width = small
    to_plane = np.vstack([np.reshape(place, (2, 3)), (0.0, 0.0, 1.0)])
    to_plane[:2] /= shrink
    centre = np.array([[1.0, 0.0, box[0] + 0.5], [0.0, 1.0, box[1] + 0.5], [0.0, 0.0, 1.0]])
    way = np.diag([width, height, 1.0]) @ np.linalg.inv(to_plane) @ centre
    way[:2, 2] -= 0.5
    return np.asarray(way[:2])
