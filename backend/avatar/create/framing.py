"""Where an avatar's picture is cut out of the user's."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from backend.avatar.create.finder import Image
from backend.avatar.create.mesh import Mesh
from backend.avatar.create.refusals import FaceCutOff
from backend.avatar.packages.facebox import FaceBox

_SHARE = 0.50  # of the height is face box, if there is room
_MOST_SHARE = 0.74
_MIDDLE = 0.46  # of the face box, from above


@dataclass(frozen=True, slots=True)
class Crop:
    """A rectangle of the source in its pixels, and the size that it is brought to."""

    x0: float
    y0: float
    width: float
    height: float
    size: tuple[int, int]

    def cut(self, picture: Image) -> Image:
        scale = self.size[0] / self.width
        if scale < 0.5:  # else fine lines would alias
            less = 2 * scale
            small = cv2.resize(picture, None, fx=less, fy=less, interpolation=cv2.INTER_AREA)
            picture, scale = np.asarray(small, np.uint8), 0.5
        else:
            less = 1.0
        # Pixel centres lie at .5.
        shift = [(0.5 - edge * less) * scale - 0.5 for edge in (self.x0, self.y0)]
        places = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]])
        how, border = cv2.INTER_CUBIC, cv2.BORDER_REPLICATE
        cut = cv2.warpAffine(picture, places, self.size, flags=how, borderMode=border)
        return np.asarray(cut, np.uint8)

    def points(self, mesh: Mesh) -> Mesh:
        """Points of the source in pixels of the cut."""
        scale = self.size[0] / self.width
        return np.asarray((mesh - [self.x0, self.y0]) * scale, np.float32)


def frame_face(box: FaceBox, picture: tuple[int, int], size: tuple[int, int]) -> Crop:
    """The cut that shows the face box as portraits do.

    box: around the face, or around all places where it goes. picture, size: width and height of the
    source and of the avatar. Raises FaceCutOff when there is no room around the face.
    """
    x0, y0, x1, y1 = box
    width, height = picture
    if x0 < 0 or y0 < 0 or x1 > width or y1 > height:
        raise FaceCutOff("The face reaches the picture's border. Leave room on all sides.")
    aspect = size[0] / size[1]
    tall = min((y1 - y0) / _SHARE, height, width / aspect)
    wide = tall * aspect
    if max((y1 - y0) / tall, (x1 - x0) / wide) > _MOST_SHARE:
        raise FaceCutOff("The face fills the picture. Leave room on all sides: hair and shoulders.")
    left = (x0 + x1) / 2 - wide / 2
    top = (y0 + y1) / 2 - _MIDDLE * tall
    return Crop(
        x0=min(max(left, 0.0), width - wide),
        y0=min(max(top, 0.0), height - tall),
        width=wide,
        height=tall,
        size=size,
    )
