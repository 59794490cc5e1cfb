"""A video file of a package to pictures, and nothing but what the card promises."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt

from backend.avatar.pictures.codecs import I420
from backend.avatar.pictures.colour import LIMITED_RANGE, UNSPECIFIED_RANGE, Colour
from backend.errors import BrokenAvatar

# FFmpeg judges a file by what is in it, and a playlist would lead out of the package.
_ONLY_MP4 = {"format_whitelist": "mov,mp4"}


@dataclass(frozen=True, slots=True)
class Film:
    """A file, and what its card says about it. Every method raises BrokenAvatar."""

    path: Path
    width: int
    height: int
    frames: int

    def colour(self) -> Colour:
        """What its luma and chroma mean; the header alone is read."""
        with self._opened() as video:
            return self._colour_of(video)

    def pictures(self) -> Iterator[I420]:
        """Every frame, (height * 3 / 2, width)."""
        with self._opened() as video:
            self._colour_of(video)
            for frame in self._decoded(video):
                yield frame.to_ndarray(format="yuv420p").astype(np.uint8, copy=False)

    def luma(self) -> Iterator[npt.NDArray[np.uint8]]:
        """The Y plane of every frame, (height, width), as it is coded."""
        with self._opened() as video:
            self._require_form(video, ("yuv420p", "gray"))
            for frame in self._decoded(video):
                plane = frame.planes[0]
                rows = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
                yield rows[: self.height, : self.width]

    @contextmanager
    def _opened(self) -> Iterator[Any]:
        try:
            with av.open(str(self.path), options=_ONLY_MP4) as video:
                if not video.streams.video:
                    raise BrokenAvatar(f"{self._name} holds no video. Restore the package.")
                yield video
        except av.FFmpegError as error:
            raise BrokenAvatar(
                f"{self._name} cannot be decoded: {error}. Restore the package."
            ) from error

    def _decoded(self, video: Any) -> Iterator[Any]:
        count = 0
        # One more than the card says is enough to know that there are too many.
        for frame in islice(video.decode(video=0), self.frames + 1):
            if (frame.width, frame.height) != (self.width, self.height):
                raise BrokenAvatar(f"{self._name} changes its size on the way. Encode it anew.")
            count += 1
            if count <= self.frames:
                yield frame
        if count != self.frames:
            found = count if count < self.frames else "more"
            raise BrokenAvatar(f"{self._name} has {found} frames; the card says {self.frames}.")

    def _colour_of(self, video: Any) -> Colour:
        codec = self._require_form(video, ("yuv420p",))
        colour = Colour(codec.colorspace, codec.color_primaries, codec.color_trc)
        if not colour.known:
            raise BrokenAvatar(
                f"{self._name} has matrix coefficients {colour.matrix}; use BT.709 (1) or 601 (6)."
            )
        return colour

    def _require_form(self, video: Any, forms: tuple[str, ...]) -> Any:
        codec = video.streams.video[0].codec_context
        if (codec.width, codec.height) != (self.width, self.height):
            raise BrokenAvatar(
                f"{self._name} is {codec.width}x{codec.height}; "
                f"the card says {self.width}x{self.height}."
            )
        is_limited = codec.color_range in (UNSPECIFIED_RANGE, LIMITED_RANGE)
        if codec.pix_fmt not in forms or not is_limited:
            raise BrokenAvatar(
                f"{self._name} is {codec.pix_fmt}; encode it as {forms[0]} in limited range."
            )
        return codec

    @property
    def _name(self) -> str:
        return f"{self.path.parent.name}/{self.path.name}"
