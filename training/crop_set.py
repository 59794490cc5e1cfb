"""The rendered crops as arrays: what the decoder learns from and is judged on.

Puts each rendered mouth over the neutral face of its pose, and resamples everything so that the
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

Image = npt.NDArray[np.uint8]
Entry = dict[str, Any]

CROPS = Path(__file__).parent / "work" / "crops"
FACE = 96
CANVAS = 128  # the face box in the middle, a sixth of its size around it
_PICTURE = 320  # the square picture that crops are cut from, as in `render/crops.py`
_FEATHER = 5
_HELD_OUT_EVERY = 17


@dataclass(frozen=True, slots=True)
class CropSet:
    """n crops.

    `pictures` (n, 128, 128, 3) uint8 BGR, `controls` (n, 8) float32 in 0..1, `frame` (n,) pose as
    frame of the idle loop, `neutral_of` (n,) index of the same pose's neutral picture,
    `lip_gap_cm` (n,), `held_out` (n,) bool: never trained on.
    """

    pictures: Image
    controls: npt.NDArray[np.float32]
    frame: npt.NDArray[np.int64]
    neutral_of: npt.NDArray[np.int64]
    lip_gap_cm: npt.NDArray[np.float32]
    held_out: npt.NDArray[np.bool_]


def load(folder: Path = CROPS) -> CropSet:
    """Everything rendered so far; the last, perhaps half-written, picture may be missing."""
    indices = sorted(folder.glob("index_*.jsonl"))
    entries = [json.loads(line) for index in indices for line in index.read_text().splitlines()]
    neutral = {e["frame"]: e for e in entries if e["neutral"]}
    whole = {frame: _read(folder, e) for frame, e in neutral.items()}
    used = [e for e in entries if e["frame"] in neutral]
    pictures = np.stack([_canvas(e, neutral[e["frame"]], whole[e["frame"]], folder) for e in used])
    number = {e["file"]: i for i, e in enumerate(used)}
    speaking = np.cumsum([not e["neutral"] for e in used])
    held_out = (speaking % _HELD_OUT_EVERY == 5) & [not e["neutral"] for e in used]
    return CropSet(
        pictures=pictures,
        controls=np.array([e["controls"] for e in used], np.float32),
        frame=np.array([e["frame"] for e in used]),
        neutral_of=np.array([number[neutral[e["frame"]]["file"]] for e in used]),
        lip_gap_cm=np.array([e["lip_gap_cm"] for e in used], np.float32),
        held_out=held_out,
    )


def _read(folder: Path, entry: Entry) -> Image:
    picture = cv2.imread(str(folder / entry["file"]))
    if picture is None:
        raise FileNotFoundError(f"{folder / entry['file']} is in the index but not on disk")
    return picture


def _canvas(entry: Entry, neutral: Entry, whole: Image, folder: Path) -> Image:
    face = whole if entry["neutral"] else _overlaid(entry, neutral, whole, _read(folder, entry))
    return _resampled(face, entry["box"], neutral["region"])


def _overlaid(entry: Entry, neutral: Entry, whole: Image, patch: Image) -> Image:
    """The patch laid over the neutral face. Both regions lie on whole pixels of one picture."""
    left, top = (round((entry["region"][k] - neutral["region"][k]) * _PICTURE) for k in (0, 1))
    height = min(patch.shape[0], whole.shape[0] - top)
    width = min(patch.shape[1], whole.shape[1] - left)
    weight = _feather(height, width)[..., None]
    out = whole.astype(np.float32)
    under = out[top : top + height, left : left + width]
    out[top : top + height, left : left + width] += weight * (patch[:height, :width] - under)
    return np.clip(out + 0.5, 0, 255).astype(np.uint8)


def _feather(height: int, width: int) -> npt.NDArray[np.float32]:
    """1 inside, falling to nearly 0 over `_FEATHER` pixels at every edge."""
    rows, columns = (np.minimum(np.arange(n), np.arange(n)[::-1]) for n in (height, width))
    depth = np.minimum(rows[:, None], columns[None])
    return np.clip((depth + 0.5) / _FEATHER, 0, 1).astype(np.float32)


def _resampled(picture: Image, box: list[float], region: list[float]) -> Image:
    """Scale so that the face box fills the middle 96×96 of the canvas; averages over pixels."""
    fine = 2 * CANVAS
    to_pixels = _PICTURE * np.array(box) - _PICTURE * np.array([*region[:2], *region[:2]])
    x0, y0, x1, y1 = to_pixels
    scale = 2 * FACE / np.array([x1 - x0, y1 - y0])
    margin = fine / 2 - FACE
    matrix = np.array(
        [[scale[0], 0, margin - x0 * scale[0]], [0, scale[1], margin - y0 * scale[1]]]
    )
    matrix[:, 2] += 0.5 * scale - 0.5  # pixel centres, not corners
    enlarged = cv2.warpAffine(
        picture, matrix, (fine, fine), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    return cv2.resize(enlarged, (CANVAS, CANVAS), interpolation=cv2.INTER_AREA)
