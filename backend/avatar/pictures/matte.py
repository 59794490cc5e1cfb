"""The picture of a figure that can stand before any background, as a video carries it.

Stacked: the picture, and below it, at half size and on the left, how much of each pixel is the
figure (16 none, 235 all); the rest is black. So the page needs one video and no codec with alpha.

A pixel at the figure's edge was mixed with the studio's background. It is known (`plate.png`), so
its share is taken out and the figure's own colour around there put in: no halo in another place.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import cv2
import numpy as np
import numpy.typing as npt

from backend.avatar.pictures.codecs import I420
from backend.avatar.pictures.colour import Float32
from backend.avatar.pictures.planes import YuvPlanes, split_planes

BLACK, GREY, WHITE = 16, 128, 235

Plane = npt.NDArray[np.uint8]

_SURE = 0.97
"""More than this of the figure, and a pixel's colour is its own."""
_DETAIL = 6
"""The power of a pixel's share to which its own detail is kept."""
_LEVELS = 7
"""Halvings over which colours are carried outwards: further than any matte is soft."""


def stacked_height(height: int) -> int:
    """Of a stacked picture, for a picture of this height (a multiple of 4)."""
    return height * 3 // 2


def stacked(picture: I420, matte: Plane) -> I420:
    """picture: (h * 3 / 2, w). matte: (h / 2, w / 2), 16..235. Gives (h * 9 / 4, w)."""
    luma, *chroma = split_planes(picture)
    height, width = luma.shape
    out = np.full((height * 9 // 4, width), GREY, np.uint8)
    tall, *tall_chroma = split_planes(out)
    tall[:height] = luma
    tall[height:] = BLACK
    tall[height:, : width // 2] = matte
    for plane, source in zip(tall_chroma, chroma, strict=True):
        plane[: height // 2] = source
    return out


def freed(pictures: Iterable[I420], mattes: Iterable[Plane], plate: YuvPlanes) -> Iterator[I420]:
    """Pictures without their background, which is the plate."""
    for picture, matte in zip(pictures, mattes, strict=True):
        out = np.empty_like(picture)
        chroma_share = share_of(matte)
        luma_share = np.asarray(
            cv2.resize(chroma_share, plate[0].shape[::-1], interpolation=cv2.INTER_LINEAR),
            np.float32,
        )
        shares = luma_share, chroma_share, chroma_share
        planes = zip(split_planes(picture), split_planes(out), shares, plate, strict=True)
        for source, target, share, behind in planes:
            target[:] = _without(source, share, behind)
        yield out


def share_of(matte: Plane) -> Float32:
    """0..1."""
    scaled = (matte.astype(np.float32) - BLACK) / (WHITE - BLACK)
    return np.clip(scaled, 0.0, 1.0)


def _without(source: Plane, share: Float32, behind: Float32) -> Plane:
    """With picture = share * figure + (1 - share) * plate, the plate's part is exchanged for the
    figure's colour nearby. Unlike a division by the share it does not enlarge what a codec does.

    The matte is coarser than the picture: between single hairs it knows only how much hair there is
    on average, and what is left of the plate there would glitter. So the less of a pixel is the
    figure, the less of its own detail is kept.
    """
    picture = source.astype(np.float32)
    nearby = _carried(picture, (share > _SURE).astype(np.float32))
    free = picture + (1.0 - share) * (nearby - behind)
    own = nearby + np.power(share, _DETAIL) * (free - nearby)
    return np.asarray(np.clip(own + 0.5, 0, 255), np.uint8)


def _carried(picture: Float32, sure: Float32) -> Float32:
    """What is sure, carried smoothly over all that is not: each place takes the colour of the
    finest level that knows one."""
    colours, weights = [picture * sure], [sure]
    for _ in range(_LEVELS):
        colours.append(np.asarray(cv2.pyrDown(colours[-1]), np.float32))
        weights.append(np.asarray(cv2.pyrDown(weights[-1]), np.float32))
    known = colours[-1] / np.maximum(weights[-1], 1e-4)
    for colour, weight in zip(colours[-2::-1], weights[-2::-1], strict=True):
        coarse = cv2.resize(known, colour.shape[::-1], interpolation=cv2.INTER_LINEAR)
        share = np.minimum(weight * 4.0, 1.0)
        known = share * (colour / np.maximum(weight, 1e-4)) + (1.0 - share) * coarse
    return np.asarray(known, np.float32)
