"""A PNG of a package to an array, once its header says that it is what it should be."""

from __future__ import annotations

import struct
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from backend.errors import BrokenAvatar

_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def read_png(path: Path, width: int, height: int, *, is_grey: bool) -> npt.NDArray[np.uint8]:
    """(height, width) grey or (height, width, 3) BGR.

    Raises BrokenAvatar. The size is seen before anything is decoded: a small file may unfold into a
    very large picture.
    """
    name, kind = f"{path.parent.name}/{path.name}", "grey" if is_grey else "colour"
    wanted = f"it must be an 8-bit {kind} picture of {width}x{height}."
    with path.open("rb") as file:
        header = file.read(24)
    if header[:8] != _SIGNATURE or len(header) < 24:
        raise BrokenAvatar(f"{name} is no picture in PNG; {wanted}")
    found = struct.unpack(">II", header[16:])
    if found != (width, height):
        raise BrokenAvatar(f"{name} is {found[0]}x{found[1]} pixels; {wanted}")
    picture = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE if is_grey else cv2.IMREAD_COLOR)
    if picture is None:
        raise BrokenAvatar(f"{name} cannot be decoded. Restore the package.")
    return np.asarray(picture, np.uint8)
