"""How well drawn mouths match those held out of training: numbers, and a sheet to look at."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import torch

from backend.avatar.pictures.likeness import ssim
from training.mouth_net import patches
from training.mouth_net.generator import Generator

Float = npt.NDArray[np.float32]
Drawing = Callable[[Float], tuple[Float, Float]]
"""controls (n, 9) to luma (n, 160, 160) and chroma (n, 2, 80, 80)."""
LIPS = slice(40, 128), slice(32, 128)
"""Rows and columns of the box that hold the mouth."""


def drawing(generator: Generator) -> Drawing:
    def draw(controls: Float) -> tuple[Float, Float]:
        with torch.no_grad():
            luma, chroma = generator(torch.from_numpy(controls))
        return luma[:, 0].numpy(), chroma.numpy()

    return draw


def judge(draw: Drawing, found: patches.Patches, sheet: Path) -> dict[str, float]:
    """L1 in code values and SSIM on held-out mouths, beside showing the resting mouth."""
    chosen = np.flatnonzero(found.held_out)
    luma, chroma = draw(found.controls[chosen])
    numbers = {"held out": float(len(chosen))}
    rest = np.repeat(found.luma[:1], len(chosen), axis=0)
    for name, shown in (("drawn", luma), ("resting", rest)):
        numbers |= {f"{name}, {k}": v for k, v in likeness(shown, found.luma[chosen]).items()}
    still = draw(found.controls[:3])[0]
    numbers["rest, L1"] = float(np.abs(still - found.luma[:3]).mean())
    true = map(patches.picture, found.luma[chosen], found.chroma[chosen])
    seen = map(patches.picture, luma, chroma)
    cv2.imwrite(str(sheet), _sheet([np.concatenate(p) for p in zip(true, seen, strict=True)]))
    return numbers


def likeness(shown: Float, wanted: Float) -> dict[str, float]:
    """shown, wanted: (n, 160, 160) luma in code values."""
    lips = (slice(None), *LIPS)
    error = np.abs(shown - wanted)
    pairs = list(zip(shown, wanted, strict=True))
    return {
        "L1": float(error.mean()),
        "L1 at the lips": float(error[lips].mean()),
        "SSIM": float(np.mean([ssim(a, b, 219.0) for a, b in pairs])),
        "SSIM at the lips": float(np.mean([ssim(a[LIPS], b[LIPS], 219.0) for a, b in pairs])),
    }


def _sheet(pairs: list[npt.NDArray[np.uint8]], across: int = 6) -> npt.NDArray[np.uint8]:
    """Pictures side by side, filled up with grey, at twice their size."""
    rows = math.ceil(len(pairs) / across)
    pairs = pairs + [np.full_like(pairs[0], 128)] * (across * rows - len(pairs))
    grid = [np.concatenate(pairs[r * across : (r + 1) * across], 1) for r in range(rows)]
    return np.concatenate(grid).repeat(2, 0).repeat(2, 1)
