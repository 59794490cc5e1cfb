"""The steps in which an avatar is made, for whoever waits for it. What they do is in `maker`."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

from backend.avatar.packages.card import MadeOf


class Step(StrEnum):
    FIND = "find"
    """Looking for the face; in a video, through all of it."""
    CHOOSE = "choose"
    """Which seconds of a video become the loop."""
    DRAW = "draw"
    """The loop: a photo breathes, sways and blinks; the end of a video leads into its beginning."""
    MARK = "mark"
    """Where the mouth is in each frame."""
    PACK = "pack"
    """The files are written and checked."""


Tell = Callable[[Step, float], None]
"""Told which step is at work, and how much of it is done, 0..1."""


def steps_of(made_of: MadeOf) -> tuple[Step, ...]:
    """In their order."""
    return tuple(step for step in Step if made_of == "video" or step is not Step.CHOOSE)
