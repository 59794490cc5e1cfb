"""How a video's luma and chroma mean colour, so that a chunk looks exactly like the idle loop.

A browser trusts the tags in the stream. A chunk carries the tags of the idle loop it is cut from,
and the net's BGR goes to and from YUV by the matrix that those tags name (limited range).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Float32 = npt.NDArray[np.float32]

# Numbers as in ITU-T H.273, which H.264 and FFmpeg share.
BT709, UNSPECIFIED, BT470BG, SMPTE170M = 1, 2, 5, 6
UNSPECIFIED_RANGE, LIMITED_RANGE = 0, 1

_LUMA_WEIGHTS = {  # red and blue, from the standards' own texts
    BT709: (0.2126, 0.0722),
    BT470BG: (0.299, 0.114),
    SMPTE170M: (0.299, 0.114),
    UNSPECIFIED: (0.299, 0.114),
}
_OFFSET = np.array([16.0, 128.0, 128.0], np.float32)


@dataclass(frozen=True, slots=True)
class Colour:
    """The tags of a stream: matrix coefficients, primaries, transfer."""

    matrix: int = BT709
    primaries: int = BT709
    transfer: int = BT709

    @property
    def known(self) -> bool:
        return self.matrix in _LUMA_WEIGHTS

    def to_yuv(self, bgr: Float32) -> Float32:
        """BGR 0..1, channels last, to Y 16..235 and U, V 16..240, unrounded."""
        return bgr @ self._bgr_to_yuv().T + _OFFSET

    def to_bgr(self, yuv: Float32) -> Float32:
        """The way back. Not clipped: coded colours may lie outside the cube."""
        return (yuv - _OFFSET) @ np.linalg.inv(self._bgr_to_yuv()).T

    def _bgr_to_yuv(self) -> Float32:
        red, blue = _LUMA_WEIGHTS[self.matrix]
        luma = np.array([blue, 1.0 - red - blue, red])
        chroma_blue = (np.array([1.0, 0.0, 0.0]) - luma) / (2.0 * (1.0 - blue))
        chroma_red = (np.array([0.0, 0.0, 1.0]) - luma) / (2.0 * (1.0 - red))
        rows = np.stack([219.0 * luma, 224.0 * chroma_blue, 224.0 * chroma_red])
        return rows.astype(np.float32)
