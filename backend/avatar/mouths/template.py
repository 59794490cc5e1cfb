"""A package's idle loop as mouths are drawn on it: boxes, mask, the net's view of each face.

Loaded once per process and shared. Face boxes are widened to even pixels, the grid of the chroma
planes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

import cv2
import numpy as np

from backend.avatar.mouths.lipsync import FACE_SIZE
from backend.avatar.packages.card import Box, EvenBox
from backend.avatar.packages.package import AvatarPackage
from backend.avatar.packages.still import read_png
from backend.avatar.packages.track_cache import IN_MEMORY, TrackCache
from backend.avatar.packages.tracks import Tracks
from backend.avatar.pictures.codecs import I420
from backend.avatar.pictures.colour import Colour, Float32
from backend.avatar.pictures.planes import split_planes

UPPER_ROWS = FACE_SIZE // 2


@dataclass(frozen=True)
class TemplateFrame:
    """One frame, not to be written to. `box` is x0, y0, x1, y1 in whole even pixels."""

    picture: I420
    box: EvenBox

    @cached_property
    def small(self) -> Float32:
        """The face box as (96, 96, 3) float32 YUV. Made when it is needed: not every mouth is
        drawn by a net that looks at the face."""
        return _shrink(self.picture, self.box)


@dataclass(frozen=True)
class Template:
    """The loop. `mask` is (96, 96) float32 in 0..1 in face-box coordinates."""

    frames: tuple[TemplateFrame, ...]
    mask: Float32
    tracks: Tracks

    @property
    def colour(self) -> Colour:
        return self.tracks.colour

    def faces(self, numbers: Sequence[int]) -> Float32:
        """The net's view of some frames: (n, 6, 96, 96) BGR in 0..1, lower half of the first
        three channels zero."""
        small = np.stack([self.frames[number].small for number in numbers])
        reference = np.clip(self.colour.to_bgr(small), 0.0, 1.0).transpose(0, 3, 1, 2)
        faces = np.concatenate([reference, reference], axis=1, dtype=np.float32)
        faces[:, :3, UPPER_ROWS:] = 0.0
        return faces


def load_template(package: AvatarPackage, cache: TrackCache = IN_MEMORY) -> Template:
    """Decode and prepare; the same files give the same object.

    Raises:
        BrokenAvatar: a picture cannot be decoded or is not what the card says.
    """
    return _load(package.root, package.changed_ns(), cache)


@lru_cache(maxsize=4)
def _load(root: Path, _changed_ns: int, cache: TrackCache) -> Template:
    package = AvatarPackage.load(root)
    tracks = Tracks(package, cache)
    frames = tuple(
        TemplateFrame(picture, _even_box(box, package.card.width, package.card.height))
        for picture, box in zip(tracks.clip("idle"), package.card.face_boxes, strict=True)
    )
    return Template(frames, _read_mask(package), tracks)


def _even_box(box: Box, width: int, height: int) -> EvenBox:
    x0, y0, x1, y1 = (2 * round(edge / 2) for edge in box)
    return max(0, x0), max(0, y0), min(width, x1), min(height, y1)


def _shrink(picture: I420, box: EvenBox) -> Float32:
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
    mask = read_png(package.mask, FACE_SIZE, FACE_SIZE, is_grey=True)
    return mask.astype(np.float32) / 255.0
