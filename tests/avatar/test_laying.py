"""Laying a drawn mouth into a frame."""

import numpy as np

from backend.avatar.mouths.compositor import paste_mouth
from backend.avatar.pictures.planes import split_planes

GREY, TINT = 60.0, 128.0


def test_a_mouth_that_moves_in_light_alone_tints_nothing() -> None:
    """What gives way and what comes in its place must cancel out, where the mask bends most too."""
    chance = np.random.default_rng(7)
    picture = np.full((768, 512), int(TINT), np.uint8)
    picture[:512] = int(GREY)
    tint = np.full((80, 80), TINT, np.float32)
    rest = np.full((160, 160), GREY, np.float32)
    drawn = rest.copy()
    drawn[50:110:3, 40:120] += chance.uniform(-50, 120, (20, 80)).astype(np.float32)
    place = (150.0, 8.0, 180.0, -8.0, 150.0, 240.0)
    pasted = paste_mouth(picture, place, (drawn, tint, tint), (rest, tint, tint))
    luma, *chroma = split_planes(pasted)
    assert luma.std() > 1
    assert all(np.all(plane == TINT) for plane in chroma)
