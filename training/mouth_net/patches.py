"""Rendered mouths as arrays: what a generator learns from and is judged on.

A folder `training/build/<id>` holds one head in one pose: `camera.json`, `stills/base.png`,
`plate.png` and `mouth/index.jsonl` with its patches. Everything is cut to the mouth box and brought
to the video's own colours, because that is what the generator draws. No net in here.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from backend.avatar.mouths.generator import HALF, INPUTS, MOUTH_SIZE
from backend.avatar.pictures.colour import SMPTE170M, Colour

Float = npt.NDArray[np.float32]

COLOUR = Colour(SMPTE170M)
"""Of every avatar that this folder makes: see `backend.avatar.create.files.write_video`."""
_FINE = 2
_SAME_PX = 1.0
_HELD_OUT_EVERY = 12
_RESTS = 3


@dataclass(frozen=True, slots=True)
class Patches:
    """n mouths. `controls` (n, 9) float32: eight in 0..1, then smile in -1..1. `luma` (n, 160, 160)
    and `chroma` (n, 2, 80, 80) float32 in code values of limited range. `held_out` (n,) bool: never
    trained on, an even sample of the list and none of the resting mouths that it begins with."""

    controls: Float
    luma: Float
    chroma: Float
    held_out: npt.NDArray[np.bool_]


def load(folder: Path) -> Patches:
    """Everything that is rendered so far.

    Raises FileNotFoundError for a picture that the index names and the disk lacks, ValueError for
    controls that are not nine.
    """
    camera = json.loads((folder / "camera.json").read_text(encoding="utf-8"))
    lines = (folder / "mouth" / "index.jsonl").read_text(encoding="utf-8").splitlines()
    entries = [json.loads(line) for line in lines]
    rest = _over(_read(folder / "stills" / "base.png"), _read(folder / "plate.png"))
    box = np.array(camera["mouth_box"]) * camera["size"]
    boxes = [_mouth(rest, folder / "mouth", entry, box) for entry in entries]
    luma, chroma = zip(*map(planes, boxes), strict=True)
    controls = np.array([entry["controls"] for entry in entries], np.float32)
    if controls.shape[1:] != (INPUTS,):
        raise ValueError(f"{folder}: {controls.shape[1:]} controls; {INPUTS} are wanted")
    number = np.arange(len(entries))
    held_out = (number >= _RESTS) & (number % _HELD_OUT_EVERY == _HELD_OUT_EVERY - 1)
    return Patches(controls, np.stack(luma), np.stack(chroma), held_out)


def planes(bgr: Float) -> tuple[Float, Float]:
    """A box (160, 160, 3) BGR in 0..1 as luma (160, 160) and chroma (2, 80, 80)."""
    yuv = COLOUR.to_yuv(bgr)
    halves = yuv[..., 1:].reshape(HALF, 2, HALF, 2, 2).mean((1, 3))
    return yuv[..., 0].astype(np.float32), halves.transpose(2, 0, 1).astype(np.float32)


def picture(luma: Float, chroma: Float) -> npt.NDArray[np.uint8]:
    """The way back, to look at: (160, 160, 3) BGR bytes."""
    wide = [cv2.resize(c, luma.shape[::-1], interpolation=cv2.INTER_LINEAR) for c in chroma]
    bgr = COLOUR.to_bgr(np.dstack([luma, *wide]))
    return np.clip(bgr * 255 + 0.5, 0, 255).astype(np.uint8)


def _mouth(rest: Float, folder: Path, entry: dict[str, Any], box: npt.NDArray[np.float64]) -> Float:
    """The mouth box (160, 160, 3). A patch fills its region of the picture, whatever its size."""
    patch, region = _bgr(_read(folder / entry["file"])), np.array(entry["region"])
    if np.abs(region - box).max() < _SAME_PX:
        return _resized(patch, MOUTH_SIZE, MOUTH_SIZE)
    x0, y0, x1, y1 = (round(float(edge)) for edge in region)
    whole = rest.copy()
    whole[y0:y1, x0:x1] = _resized(patch, x1 - x0, y1 - y0)
    return _box(whole, box)


def _resized(picture: Float, width: int, height: int) -> Float:
    shrinks = width * height < picture.shape[0] * picture.shape[1]
    how = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(picture, (width, height), interpolation=how), np.float32)


def _bgr(picture: npt.NDArray[np.uint8]) -> Float:
    return np.asarray(picture[..., :3].astype(np.float32) / 255, np.float32)


def _over(figure: npt.NDArray[np.uint8], ground: npt.NDArray[np.uint8]) -> Float:
    """Straight alpha."""
    share = figure[..., 3:].astype(np.float32) / 255
    return _bgr(ground) + share * (_bgr(figure) - _bgr(ground))


def _box(whole: Float, box: npt.NDArray[np.float64]) -> Float:
    """The box as (160, 160, 3), averaged over pixels."""
    fine = _FINE * MOUTH_SIZE
    scale = fine / (box[2:] - box[:2])
    matrix = np.column_stack([np.diag(scale), (0.5 - box[:2]) * scale - 0.5])
    enlarged = cv2.warpAffine(whole, matrix, (fine, fine), flags=cv2.INTER_CUBIC)
    size = (MOUTH_SIZE, MOUTH_SIZE)
    return np.asarray(cv2.resize(enlarged, size, interpolation=cv2.INTER_AREA), np.float32)


def _read(path: Path) -> npt.NDArray[np.uint8]:
    found = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if found is None:
        raise FileNotFoundError(f"{path} is wanted but is not there or no picture")
    return np.asarray(found, np.uint8)
