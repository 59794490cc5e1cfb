"""A package's idle loop, decoded and prepared for drawing. Loaded once per process and shared.

Everything is kept as YUV 4:2:0, as the video has it: pixels that the net does not touch leave as
they came, so a chunk and the idle loop are equal there. Face boxes are widened to even pixels, the
grid of the chroma planes.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import islice
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

from backend.avatar.card import Box
from backend.avatar.codecs import I420
from backend.avatar.colour import LIMITED_RANGE, UNSPECIFIED_RANGE, Colour, Float32
from backend.avatar.lipsync import FACE_SIZE
from backend.avatar.package import AvatarPackage
from backend.errors import BrokenAvatar

UPPER_ROWS = FACE_SIZE // 2
# FFmpeg judges a file by what is in it, and a playlist would lead out of the package.
_ONLY_MP4 = {"format_whitelist": "mov,mp4"}


@dataclass(frozen=True)
class TemplateFrame:
    """One frame. `box` is x0, y0, x1, y1 in whole even pixels; `small` is the face box as
    (96, 96, 3) float32 YUV."""

    picture: I420
    box: tuple[int, int, int, int]
    small: Float32


@dataclass(frozen=True)
class Template:
    """The loop. `mask` is (96, 96) float32 in 0..1 in face-box coordinates."""

    frames: tuple[TemplateFrame, ...]
    mask: Float32
    colour: Colour

    def faces(self, numbers: list[int]) -> Float32:
        """The net's view of some frames: (n, 6, 96, 96) BGR in 0..1, lower half of the first
        three channels zero."""
        return self._faces[numbers]

    @cached_property
    def _faces(self) -> Float32:
        small = np.stack([frame.small for frame in self.frames])
        reference = np.clip(self.colour.to_bgr(small), 0.0, 1.0).transpose(0, 3, 1, 2)
        target = reference.copy()
        target[:, :, UPPER_ROWS:] = 0.0
        return np.ascontiguousarray(np.concatenate([target, reference], axis=1), np.float32)


def load_template(package: AvatarPackage) -> Template:
    """Decode and prepare; the same files give the same object.

    Raises:
        BrokenAvatar: a picture cannot be decoded or is not what the card says.
    """
    return _load(package.root, package.changed_ns())


@lru_cache(maxsize=4)
def _load(root: Path, _changed_ns: int) -> Template:
    package = AvatarPackage.load(root)
    card = package.card
    try:
        with av.open(str(package.idle), options=_ONLY_MP4) as video:
            colour = _colour_of(video, package)
            # One more than the card says is enough to know that there are too many.
            coded = islice(video.decode(video=0), card.frames + 1)
            pictures = [_planes_of(frame) for frame in coded]
    except av.FFmpegError as error:
        raise BrokenAvatar(f"{_name(package)} cannot be decoded: {error}.") from error
    if len(pictures) != card.frames:
        found = len(pictures) if len(pictures) < card.frames else "more"
        raise BrokenAvatar(f"{_name(package)} has {found} frames; the card says {card.frames}.")
    if any(picture.shape != (card.height * 3 // 2, card.width) for picture in pictures):
        raise BrokenAvatar(f"{_name(package)} changes its size on the way.")
    frames = tuple(_prepare(p, box) for p, box in zip(pictures, card.face_boxes, strict=True))
    return Template(frames, _read_mask(package), colour)


def split_planes(picture: I420) -> tuple[I420, I420, I420]:
    """Views of the planes of an I420 picture: (h, w), (h/2, w/2), (h/2, w/2)."""
    height, width = picture.shape[0] * 2 // 3, picture.shape[1]
    chroma = picture[height:].reshape(2, height // 2, width // 2)
    return picture[:height], chroma[0], chroma[1]


def _planes_of(frame: av.VideoFrame) -> I420:
    picture: I420 = frame.to_ndarray(format="yuv420p").astype(np.uint8, copy=False)
    return picture


def _prepare(picture: I420, box: Box) -> TemplateFrame:
    even = _even_box(box, picture.shape[1], picture.shape[0] * 2 // 3)
    return TemplateFrame(picture, even, _shrink(picture, even))


def _even_box(box: Box, width: int, height: int) -> tuple[int, int, int, int]:
    x0, y0, x1, y1 = (2 * round(edge / 2) for edge in box)
    return max(0, x0), max(0, y0), min(width, x1), min(height, y1)


def _shrink(picture: I420, box: tuple[int, int, int, int]) -> Float32:
    """The face box as (96, 96, 3) YUV."""
    x0, y0, x1, y1 = box
    luma, *chroma = split_planes(picture)
    crops = [luma[y0:y1, x0:x1], *(plane[y0 // 2 : y1 // 2, x0 // 2 : x1 // 2] for plane in chroma)]
    return np.stack([_to_face_size(crop) for crop in crops], axis=2)


def _to_face_size(crop: I420) -> Float32:
    """Area averaging is exact going down; going up (chroma of a small face) it would be blocky."""
    shrinks = min(crop.shape) >= FACE_SIZE
    how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    resized = cv2.resize(crop.astype(np.float32), (FACE_SIZE, FACE_SIZE), interpolation=how)
    return np.asarray(resized, np.float32)


def _read_mask(package: AvatarPackage) -> Float32:
    _require_size(package)
    mask = cv2.imread(str(package.mask), cv2.IMREAD_GRAYSCALE)
    if mask is None:
        raise BrokenAvatar(f"{package.card.id}/mask.png cannot be decoded. Restore the package.")
    return np.asarray(mask, np.float32) / 255.0


def _require_size(package: AvatarPackage) -> None:
    """Before it is decoded: a small file may unfold into a very large picture."""
    with package.mask.open("rb") as file:
        header = file.read(24)
    if header[:8] == b"\x89PNG\r\n\x1a\n" and len(header) == 24:
        width, height = struct.unpack(">II", header[16:])
        if (width, height) == (FACE_SIZE, FACE_SIZE):
            return
        found = f"{width}x{height} pixels"
    else:
        found = "no picture in PNG"
    raise BrokenAvatar(
        f"{package.card.id}/mask.png is {found}; it must be an 8-bit grey picture of 96x96."
    )


def _colour_of(video: Any, package: AvatarPackage) -> Colour:
    stream = video.streams.video[0]
    codec, card = stream.codec_context, package.card
    if (codec.width, codec.height) != (card.width, card.height):
        raise BrokenAvatar(
            f"{_name(package)} is {codec.width}x{codec.height}; "
            f"the card says {card.width}x{card.height}."
        )
    if codec.pix_fmt != "yuv420p" or codec.color_range not in (UNSPECIFIED_RANGE, LIMITED_RANGE):
        raise BrokenAvatar(
            f"{_name(package)} is {codec.pix_fmt}; encode it as yuv420p in limited range."
        )
    colour = Colour(codec.colorspace, codec.color_primaries, codec.color_trc)
    if not colour.known:
        raise BrokenAvatar(
            f"{_name(package)} has matrix coefficients {colour.matrix}; use BT.709 (1) or 601 (6)."
        )
    return colour


def _name(package: AvatarPackage) -> str:
    return f"{package.card.id}/{package.idle.name}"
