"""A talking mouth without a net of its own: the template's pixels, moved as mouth controls say.

Where they come from is `warp_field`; what appears between the lips, `warp_inside`. Here pixels are
moved. With all controls at zero a picture is the template's own, bit for bit.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from backend.avatar.mouths.template import Template
from backend.avatar.mouths.warp_field import Field, Pose, field
from backend.avatar.mouths.warp_inside import coverage, inside, palette
from backend.avatar.mouths.warp_shape import MouthShape, mouth_shape
from backend.avatar.packages.marks import Marks, lines_of
from backend.avatar.pictures.codecs import I420
from backend.avatar.pictures.colour import Float32
from backend.avatar.pictures.planes import split_planes

_STILL = 1e-3
_BRIGHTEST = 98  # percentile of the face's luma that counts as its white
_WHITE = 205.0


Rectangle = tuple[int, int, int, int]
"""x0, y0, x1, y1 in even pixels of the frame, the grid of the chroma planes."""


class Warper:
    """Draws on one template. Immutable."""

    def __init__(self, template: Template, marks: Marks) -> None:
        self._template = template
        self._poses = [Pose.of(frame) for frame in marks]
        self._palette = palette(*_look(template, marks[0]), template.colour)

    def paste(self, number: int, controls: Float32, over: I420 | None = None) -> I420:
        """A new picture: template frame `number` with its mouth moved by (8,) controls in 0..1.

        over: the frame as it looks now; without it, as the template has it.
        """
        rest = self._template.frames[number].picture if over is None else over
        if float(controls.max()) < _STILL:
            return rest
        pose, shape = self._poses[number], mouth_shape(controls)
        moved = field(pose, shape)
        out = rest.copy()
        _move(rest, out, pose, moved)
        self._fill(out, pose, moved, shape)
        return out

    def _fill(self, out: I420, pose: Pose, moved: Field, shape: MouthShape) -> None:
        """Paint what is between the lips, in place."""
        share = coverage(moved)
        rows, columns = _margin(share.any(axis=1)), _margin(share.any(axis=0))
        if rows.stop == 0:
            return
        s, t = moved.s[columns], moved.t[rows]
        picture = inside(s, t, moved, columns, shape, self._palette)
        layers = np.dstack([share[rows, columns], picture])
        box = _rectangle(pose, s, t, out)
        if box[0] < box[2] and box[1] < box[3]:
            _lay(out, box, _laid(layers, pose, s, t, box))


def _move(rest: I420, out: I420, pose: Pose, moved: Field) -> None:
    """Fill the rectangle of the grid in `out` with pixels of `rest` from where the field says."""
    x0, y0, x1, y1 = box = _rectangle(pose, moved.s, moved.t, out)
    change = np.dstack([moved.source_s - moved.s, moved.source_t - moved.t[:, None]])
    way = cv2.transform(_laid(change, pose, moved.s, moved.t, box), pose.to_frame[:, :2])
    map_x = way[..., 0] + np.arange(x0, x1, dtype=np.float32)
    map_y = way[..., 1] + np.arange(y0, y1, dtype=np.float32)[:, None]
    # A chroma sample lies in the middle of four luma samples.
    half_x, half_y = ((_halved(places) - 0.5) / 2 for places in (map_x, map_y))
    planes = zip(split_planes(rest), split_planes(out), strict=True)
    for channel, (source, target) in enumerate(planes):
        x, y = (half_x, half_y) if channel else (map_x, map_y)
        how = cv2.INTER_LINEAR if channel else cv2.INTER_CUBIC
        moved_plane = cv2.remap(source, x, y, how, borderMode=cv2.BORDER_REPLICATE)
        target[_region(box, channel)] = moved_plane


def _lay(out: I420, box: Rectangle, layers: Float32) -> None:
    """Mix into `out`, in place. layers: (height, width, 4): share and YUV."""
    small = _halved(layers)
    for channel, plane in enumerate(split_planes(out)):
        layer = small if channel else layers
        target = plane[_region(box, channel)]
        mixed = target + layer[..., 0] * (layer[..., 1 + channel] - target)
        target[:] = np.clip(mixed + 0.5, 0, 255).astype(np.uint8)


def _laid(grid: Float32, pose: Pose, s: Float32, t: Float32, box: Rectangle) -> Float32:
    """Values at (t, s) as values at the pixels of the rectangle."""
    back = np.linalg.inv(pose.to_frame[:, :2].astype(np.float64))
    scale = np.diag([1 / (s[1] - s[0]), 1 / (t[1] - t[0])])
    shift = back @ (np.array(box[:2]) - pose.to_frame[:, 2]) - (s[0], t[0])
    places = np.column_stack([scale @ back, scale @ shift])
    size = box[2] - box[0], box[3] - box[1]
    laid = cv2.warpAffine(grid, places, size, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
    return np.asarray(laid, np.float32)


def _rectangle(pose: Pose, s: Float32, t: Float32, picture: I420) -> Rectangle:
    """Around the grid, inside the picture."""
    places = np.array([[a, b, 1.0] for a in (s[0], s[-1]) for b in (t[0], t[-1])]) @ pose.to_frame.T
    height, width = picture.shape[0] * 2 // 3, picture.shape[1]
    x0, y0 = (max(0, 2 * int(edge // 2)) for edge in places.min(0))
    x1, y1 = (2 * int(edge // 2) + 2 for edge in places.max(0))
    return x0, y0, min(x1, width), min(y1, height)


def _region(box: Rectangle, channel: int) -> tuple[slice, slice]:
    """In the luma plane or a chroma plane."""
    x0, y0, x1, y1 = (edge // 2 for edge in box) if channel else box
    return slice(y0, y1), slice(x0, x1)


def _margin(used: npt.ArrayLike) -> slice:
    """From the first to the last that is used and two more; empty where none is."""
    where = np.flatnonzero(used)
    return slice(max(0, int(where[0]) - 2), int(where[-1]) + 3) if len(where) else slice(0, 0)


def _halved(layers: npt.NDArray[np.floating]) -> Float32:
    size = layers.shape[1] // 2, layers.shape[0] // 2
    return np.asarray(cv2.resize(layers, size, interpolation=cv2.INTER_AREA), np.float32)


def _look(template: Template, marks: Float32) -> tuple[Float32, float]:
    """The mean colour of the lips, BGR in 0..1, and how bright white is."""
    frame = template.frames[0]
    planes = split_planes(frame.picture)
    lines = lines_of(marks)
    lower_lip = np.concatenate([lines[2], lines[3][::-1]])
    mask = np.zeros(planes[0].shape, np.uint8)
    cv2.fillPoly(mask, [np.rint(lower_lip).astype(np.int32)], 255)
    size, nearest = mask.shape[::-1], cv2.INTER_NEAREST
    full = (cv2.resize(plane, size, interpolation=nearest) for plane in planes)
    mean = np.array([cv2.mean(plane, mask)[0] for plane in full], np.float32)
    lips = np.clip(template.colour.to_bgr(mean), 0.0, 1.0)
    x0, y0, x1, y1 = frame.box
    luma = planes[0][y0:y1, x0:x1]
    return lips, float(np.clip(np.percentile(luma, _BRIGHTEST) / _WHITE, 0.5, 1.0))
