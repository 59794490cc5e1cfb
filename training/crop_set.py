"""The rendered crops as arrays: what the decoder learns from and is judged on.

Puts each rendered mouth over the template frame of its pose, and resamples everything so that the
face box is 96×96 pixels with a margin around it. No net in here.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from backend.avatar.facebox import FaceBox, face_box
from training.controls import CONTROL_NAMES

Image = npt.NDArray[np.uint8]
Entry = dict[str, Any]

WORK = Path(__file__).parent / "build"
CROPS, TEMPLATE = WORK / "crops", WORK / "template"
FACE = 96
CANVAS = 128  # the face box in the middle, a sixth of its size around it
_PICTURE = 320  # the square picture that crops are cut from, as in `render/crops.py`
_FEATHER = 5
_HELD_OUT_SHARE = 0.08


@dataclass(frozen=True, slots=True)
class CropSet:
    """n crops.

    `pictures` (n, 128, 128, 3) uint8 BGR, `controls` (n, 8) float32 in 0..1, `frame` (n,) pose as
    frame of the idle loop, `neutral_of` (n,) index of the same pose's neutral picture,
    `held_out` (n,) bool: never trained on. These are the newest of every rendering process, so that
    a training that goes on with a grown set has not seen them before either.
    """

    pictures: Image
    controls: npt.NDArray[np.float32]
    frame: npt.NDArray[np.int64]
    neutral_of: npt.NDArray[np.int64]
    held_out: npt.NDArray[np.bool_]


def load(crops: Path = CROPS, template: Path = TEMPLATE) -> CropSet:
    """Everything rendered so far. First the neutral picture of every pose, then the mouths."""
    shares = [_lines(index) for index in sorted(crops.glob("index_*.jsonl"))]
    mouths = [entry for share in shares for entry in share]
    used = {entry["frame"] for entry in mouths}
    poses = [entry for entry in _lines(template / "index.jsonl") if entry["frame"] in used]
    number = {pose["frame"]: i for i, pose in enumerate(poses)}
    box = {pose["frame"]: face_box(np.array(pose["landmarks"])) for pose in poses}
    neutral = {frame: _read(template / f"{frame:03d}.png") for frame in number}
    whole = {frame: cv2.resize(p, (_PICTURE,) * 2, interpolation=cv2.INTER_AREA)
             for frame, p in neutral.items()}  # fmt: skip
    frames = [*number, *(entry["frame"] for entry in mouths)]
    faces = [
        *whole.values(),
        *(_overlaid(whole[e["frame"]], _read(crops / e["file"]), e["region"]) for e in mouths),
    ]
    still = np.zeros((len(poses), len(CONTROL_NAMES)), np.float32)
    moving = np.array([entry["controls"] for entry in mouths], np.float32)
    return CropSet(
        pictures=np.stack([_canvas(face, box[f]) for face, f in zip(faces, frames, strict=True)]),
        controls=np.concatenate([still, moving]),
        frame=np.array(frames),
        neutral_of=np.array([number[frame] for frame in frames]),
        held_out=np.concatenate([np.zeros(len(poses), bool), *map(_newest, shares)]),
    )


def _newest(share: list[Entry]) -> npt.NDArray[np.bool_]:
    count = len(share)
    return np.arange(count) >= count - round(_HELD_OUT_SHARE * count)


def _lines(index: Path) -> list[Entry]:
    return [json.loads(line) for line in index.read_text().splitlines()]


def _read(path: Path) -> Image:
    picture = cv2.imread(str(path))
    if picture is None:
        raise FileNotFoundError(f"{path} is in the index but not on disk")
    return picture


def _overlaid(whole: Image, patch: Image, region: list[float]) -> Image:
    """The patch laid over the neutral face, with soft edges. The region lies on whole pixels."""
    left, top = round(region[0] * _PICTURE), round(region[1] * _PICTURE)
    height, width = patch.shape[:2]
    weight = _feather(height, width)[..., None]
    out = whole.astype(np.float32)
    under = out[top : top + height, left : left + width]
    under += weight * (patch - under)
    return np.clip(out + 0.5, 0, 255).astype(np.uint8)


def _feather(height: int, width: int) -> npt.NDArray[np.float32]:
    """1 inside, falling to nearly 0 over `_FEATHER` pixels at every edge."""
    rows, columns = (np.minimum(np.arange(n), np.arange(n)[::-1]) for n in (height, width))
    depth = np.minimum(rows[:, None], columns[None])
    return np.clip((depth + 0.5) / _FEATHER, 0, 1).astype(np.float32)


def _canvas(picture: Image, box: FaceBox) -> Image:
    """Scale so that the face box (0..1) fills the middle 96×96; averages over pixels."""
    fine = 2 * CANVAS
    x0, y0, x1, y1 = (edge * _PICTURE for edge in box)
    scale = 2 * FACE / np.array([x1 - x0, y1 - y0])
    margin = fine / 2 - FACE
    matrix = np.diag(scale) @ np.array([[1.0, 0.0, -x0], [0.0, 1.0, -y0]])
    matrix[:, 2] += margin + 0.5 * scale - 0.5  # pixel centres, not corners
    enlarged = cv2.warpAffine(
        picture, matrix, (fine, fine), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    return cv2.resize(enlarged, (CANVAS, CANVAS), interpolation=cv2.INTER_AREA)
