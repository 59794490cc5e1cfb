"""The planes of an I420 picture: Y, and U and V at half its size, one below the other."""

from __future__ import annotations

import cv2
import numpy as np

from backend.avatar.pictures.codecs import I420
from backend.avatar.pictures.colour import Colour, Float32

YuvPlanes = tuple[Float32, Float32, Float32]
"""Y, and U and V at half its size, unrounded."""


def split_planes(picture: I420) -> tuple[I420, I420, I420]:
    """Views of the planes: (h, w), (h/2, w/2), (h/2, w/2)."""
    height, width = picture.shape[0] * 2 // 3, picture.shape[1]
    chroma = picture[height:].reshape(2, height // 2, width // 2)
    return picture[:height], chroma[0], chroma[1]


def planes_of_bgr(picture: I420, colour: Colour) -> YuvPlanes:
    """From (h, w, 3) BGR in bytes."""
    yuv = colour.to_yuv(picture.astype(np.float32) / 255.0)
    height, width = picture.shape[:2]
    half = cv2.resize(yuv[..., 1:], (width // 2, height // 2), interpolation=cv2.INTER_AREA)
    return yuv[..., 0], np.asarray(half[..., 0], np.float32), np.asarray(half[..., 1], np.float32)
