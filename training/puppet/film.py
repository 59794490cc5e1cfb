"""Frames into small H.264 files that loop: the tracks and mattes of a package.

All key frames and others are of one fineness, so that neither the seam nor a seek shows.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av
import cv2
import numpy as np
import numpy.typing as npt

from training.puppet.fields import Float32
from training.puppet.motion import FPS

Picture = npt.NDArray[np.uint8]

_KEY_FRAMES = 50  # two seconds: a browser that seeks decodes at most so many
# The matrix is that of cv2's I420; the rest is what screens take for granted.
_COLOUR = {"colorspace": "smpte170m", "color_primaries": "bt709", "color_trc": "bt709"}
_X264 = (
    f"keyint={_KEY_FRAMES}:min-keyint={_KEY_FRAMES}:scenecut=0"
    ":mbtree=0:ipratio=1.0:pbratio=1.0"  # all frames of one fineness
    ":psy=0:aq-mode=1:aq-strength=1.4"  # a calm background in all of them
)


class Film:
    """An open file that takes frames."""

    def __init__(self, path: Path, width: int, height: int, crf: int) -> None:
        self._container = av.open(str(path), "w", options={"movflags": "+faststart"})
        options = {"crf": str(crf), "preset": "slow", "color_range": "tv", **_COLOUR}
        options["x264-params"] = _X264
        self._stream = self._container.add_stream("libx264", rate=FPS, options=options)
        self._stream.width, self._stream.height = width, height
        self._stream.pix_fmt = "yuv420p"

    def show(self, picture: Float32) -> None:
        """A frame, (h, w, 3) BGR in 0..1, BT.601 matrix and limited range in the file."""
        planes = cv2.cvtColor(eight_bit(picture), cv2.COLOR_BGR2YUV_I420)
        self._encode(np.asarray(planes, np.uint8))

    def show_alpha(self, alpha: Float32) -> None:
        """A frame of a matte, (h, w) in 0..1: luma 16 to 235, chroma grey."""
        luma = (16 + 219 * np.clip(alpha, 0, 1) + 0.5).astype(np.uint8)
        grey = np.full((luma.shape[0] // 2, luma.shape[1]), 128, np.uint8)
        self._encode(np.concatenate([luma, grey]))

    def close(self) -> None:
        self._container.mux(self._stream.encode())
        self._container.close()

    def _encode(self, planes: Picture) -> None:
        self._container.mux(self._stream.encode(av.VideoFrame.from_ndarray(planes, "yuv420p")))


@contextmanager
def filming(path: Path, width: int, height: int, crf: int) -> Iterator[Film]:
    """A film that is ended when the block is left."""
    film = Film(path, width, height, crf)
    try:
        yield film
    finally:
        film.close()


def eight_bit(picture: Float32) -> Picture:
    """0..1 to 0..255."""
    return np.asarray(np.clip(picture * 255 + 0.5, 0, 255), np.uint8)
