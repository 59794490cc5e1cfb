"""Pictures of nets into the template's frame: `laying` says how, here is what of each net.

The 96 px net paints a face that is two to three times as large in the frame; an avatar's own
generator paints its mouth about as large as it is.
"""

from __future__ import annotations

import cv2
import numpy as np

from backend.avatar.mouths.generator import HALF
from backend.avatar.mouths.laying import Planes, compare, lay
from backend.avatar.mouths.template import Template
from backend.avatar.packages.card import Place
from backend.avatar.pictures.codecs import I420
from backend.avatar.pictures.colour import Float32

MOVED_BLUR_PX, MOUTH_MOVED_BLUR_PX = 1.3, 1.1
SHARPEN_AMOUNT, SHARPEN_BLUR_PX = 0.6, 0.8
_FADE_PX = 8.0  # of 80


class Compositor:
    """Draws on one template."""

    def __init__(self, template: Template) -> None:
        self._template = template

    def paste(
        self, number: int, painted: Float32, presence: float, over: I420 | None = None
    ) -> I420:
        """A new picture: template frame `number` with the net's mouth.

        painted: (3, 96, 96) BGR in 0..1. presence: 0 (template as it is) to 1 (all of the mouth).
        over: the frame as it looks now; without it, as the template has it.
        """
        frame = self._template.frames[number]
        picture = frame.picture if over is None else over
        drawn = _planes(self._template.colour.to_yuv(painted.transpose(1, 2, 0)))
        rest = _planes(frame.small)
        change = compare(drawn, rest, MOVED_BLUR_PX)
        drawn[0] = drawn[0] + _edges(drawn[0]) * change.moved
        x0, y0, x1, y1 = frame.box
        place: Place = (x1 - x0, 0.0, x0, 0.0, y1 - y0, y0)
        mask = self._template.mask * np.float32(presence)
        return lay(picture, place, drawn, rest, change, mask)


def paste_mouth(picture: I420, place: Place, drawn: Planes, rest: Planes) -> I420:
    """A new picture with an avatar's own mouth at `place`; its generator drew it, and its rest."""
    change = compare(drawn, rest, MOUTH_MOVED_BLUR_PX)
    return lay(picture, place, drawn, rest, change, _WINDOW)


def _planes(yuv: Float32) -> list[Float32]:
    return [np.ascontiguousarray(yuv[..., channel]) for channel in range(3)]


def _window() -> Float32:
    """(80, 80): 1 inside, fading to 0 at the borders of the mouth box."""
    depth = (np.minimum(np.arange(HALF), np.arange(HALF)[::-1]) + 0.5) / _FADE_PX
    ramp = np.clip(np.minimum(depth[:, None], depth[None]), 0.0, 1.0)
    return np.asarray(ramp * ramp * (3.0 - 2.0 * ramp), np.float32)


def _edges(luma: Float32) -> Float32:
    """What an unsharp mask adds."""
    blurred = cv2.GaussianBlur(luma, (0, 0), SHARPEN_BLUR_PX)
    return np.asarray(SHARPEN_AMOUNT * (luma - blurred), np.float32)


_WINDOW = _window()
