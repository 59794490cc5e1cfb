"""The net's small picture into the template frame, without a seam and without losing detail.

The net paints 96x96 and a face is two to three times that. So the difference is what is pasted:
where the mouth has moved, the enlarged, slightly sharpened picture replaces the template; where it
has not, the template keeps its own pores and edges. With `up` enlarging to the face box, `moved`
saying how far a place has moved and `mask` the feathered mask, all of it in YUV:

    out = template + mask * (up(painted - small) - moved * (template - up(small)))
"""

from __future__ import annotations

import cv2
import numpy as np

from backend.avatar.codecs import I420
from backend.avatar.colour import Float32
from backend.avatar.template import Template, split_planes

# Differences, full scale = 1, below which a place counts as still and above which as moved.
STILL, MOVED = 0.03, 0.10
MOVED_BLUR_PX = 1.3
SHARPEN_AMOUNT, SHARPEN_BLUR_PX = 0.6, 0.8
YUV_SCALE = np.array([219.0, 224.0, 224.0], np.float32)

Region = tuple[slice, slice]


class Compositor:
    """Draws on one template."""

    def __init__(self, template: Template) -> None:
        self._template = template
        self._masks: dict[tuple[int, int], tuple[Region, Float32]] = {}

    def rest(self, number: int) -> I420:
        """The template's own frame, not to be written to."""
        return self._template.frames[number].picture

    def paste(
        self, number: int, painted: Float32, presence: float, over: I420 | None = None
    ) -> I420:
        """A new picture: template frame `number` with the net's mouth.

        painted: (3, 96, 96) BGR in 0..1. presence: 0 (template as it is) to 1 (all of the mouth).
        over: the frame as it looks now; without it, as the template has it.
        """
        frame = self._template.frames[number]
        target = self._template.colour.to_yuv(painted.transpose(1, 2, 0))
        moved = _moved(target - frame.small)
        target[..., 0] += _edges(target[..., 0]) * moved
        out = (frame.picture if over is None else over).copy()
        luma, blue, red = split_planes(out)
        x0, y0, x1, y1 = frame.box
        half = slice(y0 // 2, y1 // 2), slice(x0 // 2, x1 // 2)
        for channel, crop in enumerate((luma[y0:y1, x0:x1], blue[half], red[half])):
            small = frame.small[..., channel]
            layers = np.dstack([target[..., channel] - small, small, moved])
            self._blend(crop, layers, presence)
        return out

    def _blend(self, crop: I420, layers: Float32, presence: float) -> None:
        """Change `crop`, the face box in one plane, in place. layers: (96, 96, 3) change, small
        template and how far it moved."""
        height, width = crop.shape
        region, mask = self._mask(width, height)
        large = cv2.resize(layers, (width, height), interpolation=cv2.INTER_LANCZOS4)[region]
        template = crop[region].astype(np.float32)
        change = large[..., 0] - large[..., 2] * (template - large[..., 1])
        mixed = template + presence * mask * change
        crop[region] = np.clip(mixed + 0.5, 0.0, 255.0).astype(np.uint8)

    def _mask(self, width: int, height: int) -> tuple[Region, Float32]:
        """The mask at this size, and the rectangle outside which it is empty."""
        if (width, height) not in self._masks:
            whole = cv2.resize(self._template.mask, (width, height), interpolation=cv2.INTER_LINEAR)
            region = _extent(whole)
            self._masks[width, height] = region, np.asarray(whole[region], np.float32)
        return self._masks[width, height]


def _moved(change: Float32) -> Float32:
    """(96, 96) from 0 (still) to 1 (moved), soft at the borders."""
    luma, blue, red = cv2.split(np.abs(change) / YUV_SCALE)
    size = np.maximum(luma, np.maximum(blue, red))
    ramp = np.clip((cv2.GaussianBlur(size, (0, 0), MOVED_BLUR_PX) - STILL) / (MOVED - STILL), 0, 1)
    return np.asarray(ramp * ramp * (3.0 - 2.0 * ramp), np.float32)


def _edges(luma: Float32) -> Float32:
    """What an unsharp mask adds."""
    blurred = cv2.GaussianBlur(luma, (0, 0), SHARPEN_BLUR_PX)
    return np.asarray(SHARPEN_AMOUNT * (luma - blurred), np.float32)


def _extent(mask: cv2.typing.MatLike) -> Region:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if len(rows) == 0:
        return slice(0, 0), slice(0, 0)
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)
