"""Writes the files of a package. What they mean is said in `backend.avatar.packages.package`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import av
import cv2
import numpy as np
import numpy.typing as npt

from backend.avatar.create import mesh as m
from backend.avatar.create.finder import Image
from backend.avatar.create.mesh import Mesh
from backend.avatar.mouths.lipsync import FACE_SIZE
from backend.avatar.packages.card import MadeOf
from backend.avatar.packages.facebox import FaceBox, face_box
from backend.avatar.packages.marks import write_marks
from backend.avatar.packages.package import CARD, IDLE, MARKS, MASK, POSTER
from backend.avatar.pictures.codecs import FPS

Landmarks = npt.NDArray[np.floating]
"""(68, 2) in pixels."""

# The matrix is that of cv2's I420; the rest is what screens take for granted.
_COLOUR = {"colorspace": "smpte170m", "color_primaries": "bt709", "color_trc": "bt709"}
_POSTER_QUALITY = 92
_LANGUAGES = ["en", "zh"]  # the mouth follows sound, whatever is said; these have voices


@dataclass(frozen=True, slots=True)
class About:
    """Who is shown, for the card."""

    id: str
    name: str
    licence: str
    credits: str = ""


def write_package(
    folder: Path, about: About, frames: Sequence[Image], meshes: Sequence[Mesh], made_of: MadeOf
) -> None:
    """frames: the loop, all of one size. meshes: the face in each, as a loop without tremble."""
    folder.mkdir(parents=True)
    height, width = frames[0].shape[:2]
    landmarks = [m.multi_pie(mesh) for mesh in meshes]
    boxes = [face_box(points) for points in landmarks]
    write_video(folder / IDLE, frames)
    quality = [cv2.IMWRITE_JPEG_QUALITY, _POSTER_QUALITY]
    cv2.imwrite(str(folder / POSTER), frames[0], quality)
    in_boxes = [in_box(points, box) for points, box in zip(landmarks, boxes, strict=True)]
    mask = blend_mask(np.mean(in_boxes, axis=0), (0.0, 0.0, 1.0, 1.0))
    cv2.imwrite(str(folder / MASK), mask)
    write_marks(folder / MARKS, m.marks_of(np.stack(meshes)))
    card = {
        "format": 1,
        "id": about.id,
        "name": about.name,
        "width": width,
        "height": height,
        "fps": FPS,
        "frames": len(frames),
        "engine": "warp",
        "made_of": made_of,
        "languages": _LANGUAGES,
        "licence": about.licence,
        "credits": about.credits,
        "face_boxes": [_inside(box, width, height) for box in boxes],
    }
    text = json.dumps(card, indent=1, ensure_ascii=False)
    (folder / CARD).write_text(text + "\n", encoding="utf-8")


def write_video(path: Path, frames: Sequence[Image]) -> None:
    """H.264 4:2:0 with the BT.601 matrix, limited range, and tags that say so."""
    height, width = frames[0].shape[:2]
    with av.open(str(path), "w", options={"movflags": "+faststart"}) as container:
        options = {"crf": "10", "preset": "slow", "color_range": "tv", **_COLOUR}
        options["x264-params"] = (
            "mbtree=0"  # else the first frame is finer than the last: the seam shows
        )
        stream = container.add_stream("libx264", rate=FPS, options=options)
        stream.width, stream.height = width, height
        stream.pix_fmt = "yuv420p"
        for frame in frames:
            planes = np.asarray(cv2.cvtColor(frame, cv2.COLOR_BGR2YUV_I420), np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(planes, "yuv420p")))
        container.mux(stream.encode())


def blend_mask(landmarks: Landmarks, box: FaceBox) -> Image:
    """(96, 96) mask in face-box coordinates: mouth, chin and lower cheeks, with room for the jaw.

    White takes the net's picture. Soft everywhere, and black on the border and above the middle,
    where the net changes nothing.
    """
    size = FACE_SIZE
    points = in_box(landmarks, box) * size
    jaw = points[3:14]
    chin_y = points[8, 1]
    drop = 0.10 * size * np.clip((jaw[:, 1] - points[48, 1]) / (chin_y - points[48, 1]), 0, 1)
    outline = np.concatenate([jaw + np.stack([np.zeros(11), drop], 1), points[[13, 3]] * [1, 0]])
    mask = np.zeros((size, size), np.uint8)
    cv2.fillPoly(mask, [np.round(outline).astype(np.int32)], 255)
    mask[: size // 2 + 3] = 0
    mask[-4:] = 0
    inside = np.zeros((size, size), np.uint8)
    inside[size // 2 : -1, 1:-1] = 1
    return np.asarray(cv2.GaussianBlur(mask, (0, 0), 2.0) * inside, np.uint8)


def in_box(points: Landmarks, box: FaceBox) -> Landmarks:
    """In fractions of the box."""
    x0, y0, x1, y1 = box
    return (points - [x0, y0]) / [x1 - x0, y1 - y0]


def _inside(box: FaceBox, width: int, height: int) -> list[float]:
    edges = np.clip(box, 0, [width, height, width, height])
    return [round(float(edge), 2) for edge in edges]
