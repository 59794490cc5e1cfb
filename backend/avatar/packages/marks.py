"""Where the mouth is in each frame of a package: `marks.json`, for who draws without a net.

48 points a frame, pixels, y down: the four lines of the lips from the picture's left to its right
(`LINES`, 11 points each), then nose base, chin and the jaw's two sides (`ANCHORS`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, ValidationError

from backend.avatar.packages.package import AvatarPackage
from backend.errors import BrokenAvatar

LINES = ("upper outer", "upper inner", "lower inner", "lower outer")
POINTS_PER_LINE = 11
ANCHORS = ("nose base", "chin", "left jaw", "right jaw")
COUNT = len(LINES) * POINTS_PER_LINE + len(ANCHORS)
LEFT_CORNER, RIGHT_CORNER = 0, POINTS_PER_LINE - 1
NOSE_BASE, CHIN, LEFT_JAW, RIGHT_JAW = range(COUNT - len(ANCHORS), COUNT)

_LEAST_WIDTH_PX = 12.0

Marks = npt.NDArray[np.float32]
"""(frames, 48, 2)."""


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    format: Literal[1]
    frames: tuple[tuple[tuple[float, float], ...], ...]


def lines_of(marks: Marks) -> Marks:
    """The lips of one frame, (48, 2), as (4, 11, 2)."""
    return marks[: len(LINES) * POINTS_PER_LINE].reshape(len(LINES), POINTS_PER_LINE, 2)


def load_marks(package: AvatarPackage) -> Marks:
    """Read and check; `AvatarPackage.load` has seen that the file lies in its folder.

    Raises:
        BrokenAvatar: there is no such file, or it does not fit the card.
    """
    name, card = f"{package.card.id}/{package.marks.name}", package.card
    try:
        found = _File.model_validate_json(package.marks.read_bytes())
    except FileNotFoundError as error:
        raise BrokenAvatar(
            f"{name} is missing, and without it this avatar can only be drawn by a net."
        ) from error
    except (OSError, ValidationError) as error:
        raise BrokenAvatar(f"{name} cannot be read. Create the avatar again.") from error
    if len(found.frames) != card.frames or any(len(frame) != COUNT for frame in found.frames):
        raise BrokenAvatar(f"{name} must hold {card.frames} frames of {COUNT} points.")
    marks = np.array(found.frames, np.float32)
    if not _is_sound(marks, card.width, card.height):
        raise BrokenAvatar(f"{name}: a mouth lies outside the picture or is turned over.")
    return marks


def write_marks(path: Path, marks: Marks) -> None:
    """To tenths of a pixel."""
    rows = [[[round(float(x), 1), round(float(y), 1)] for x, y in frame] for frame in marks]
    text = _File(format=1, frames=rows).model_dump_json()
    path.write_text(text.replace("]],[[", "]],\n[[") + "\n", encoding="utf-8")


def _is_sound(marks: Marks, width: int, height: int) -> bool:
    """Finite, inside, the mouth of some width and the nose above it, the chin below."""
    if not np.isfinite(marks).all() or (marks < 0).any() or (marks > (width, height)).any():
        return False
    reach = marks[:, RIGHT_CORNER] - marks[:, LEFT_CORNER]
    middle = (marks[:, RIGHT_CORNER, 1] + marks[:, LEFT_CORNER, 1]) / 2
    upright = (marks[:, NOSE_BASE, 1] < middle) & (middle < marks[:, CHIN, 1])
    return bool((reach[:, 0] > _LEAST_WIDTH_PX).all() and upright.all())
