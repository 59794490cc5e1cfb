"""`avatar.json`: what a package says about itself, checked field by field.

Format 1 is a face with one loop, as people make of themselves. Format 2 has three loops on one
clock, and may have moods, a matte and a mouth of its own. Files are looked at in `package`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, model_validator

from backend.protocol import Clip

SAFE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
CLIPS: tuple[Clip, ...] = get_args(Clip)
MOUTH_SIZE = 160

DrawnBy = Literal["mouth", "net", "warp"]
Feeling = Literal["happy", "sad", "angry", "surprised", "coy"]
"""A mood that has pictures of its own; calm is the idle loop's."""
MadeOf = Literal["photo", "video"]
"""What somebody gave to have their own face made."""

_MAX_PIXELS = 500_000_000
"""Of all frames of all loops. Packages come from strangers: this much is 750 MB decoded."""
_LEAST_SIDE_PX = 16.0
_EDGE_PX = 0.5  # places are rounded in the card

Box = tuple[float, float, float, float]
"""x0, y0, x1, y1 in pixels of the frame, y down."""
EvenBox = tuple[int, int, int, int]
"""The same in even pixels, the grid of the chroma planes."""
Place = tuple[FiniteFloat, FiniteFloat, FiniteFloat, FiniteFloat, FiniteFloat, FiniteFloat]
"""a, b, c, d, e, f: the point (u right, v down) of a unit square lies at (a u + b v + c,
d u + e v + f) in pixels of the frame."""


class _Branch(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class MouthCard(_Branch):
    """Where the mouth's own picture lies in each frame of each loop, and how far each mood moves
    the resting mouth, from -1 (down) to 1 (up)."""

    size: Literal[160]
    places: dict[Clip, tuple[Place, ...]]
    smile: dict[str, Annotated[float, Field(ge=-1, le=1)]] = {}


class MoodsCard(_Branch):
    """Which moods there are, and the rectangle of the frame that they fill."""

    box: EvenBox
    names: tuple[Feeling, ...] = Field(min_length=1, max_length=len(get_args(Feeling)))

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        if len(set(self.names)) != len(self.names):
            raise ValueError(f"names {list(self.names)} hold a mood twice")
        return self


class AvatarCard(_Branch):
    """The whole card. Fields that this version does not know are left alone."""

    format: Literal[1, 2]
    id: str = Field(pattern=f"^{SAFE_ID.pattern}$")
    name: str = Field(min_length=1, max_length=200)
    look: str = Field("", max_length=200)
    width: int = Field(ge=64, le=4096, multiple_of=2)
    height: int = Field(ge=64, le=4096, multiple_of=2)
    fps: Literal[25]
    frames: int = Field(ge=1)
    face_boxes: tuple[Box, ...]
    languages: tuple[str, ...] = ()
    licence: str
    credits: str | tuple[str, ...] = ""
    engine: DrawnBy = "net"
    made_of: MadeOf | None = None
    mouth: MouthCard | None = None
    moods: MoodsCard | None = None

    @property
    def clips(self) -> tuple[Clip, ...]:
        """The loops that there are."""
        return CLIPS if self.format == 2 else ("idle",)

    @property
    def feelings(self) -> tuple[Feeling, ...]:
        return self.moods.names if self.moods else ()

    @model_validator(mode="after")
    def _fits_its_format(self) -> Self:
        if self.format == 1 and (self.mouth or self.moods):
            raise ValueError("mouth and moods belong to format 2; this card says format 1")
        if self.engine == "mouth" and self.mouth is None:
            raise ValueError('engine "mouth" needs the field mouth, with its places in the frames')
        return self

    @model_validator(mode="after")
    def _is_bounded(self) -> Self:
        pixels = self.width * self.height * self.frames * len(self.clips)
        if self.moods:
            x0, y0, x1, y1 = self.moods.box
            if not _inside(self.moods.box, self) or any(edge % 2 for edge in self.moods.box):
                raise ValueError(
                    f"moods.box is {self.moods.box}; it must be [x0, y0, x1, y1] in even pixels, "
                    f"inside {self.width}x{self.height}"
                )
            pixels += (x1 - x0) * (y1 - y0) * self.frames * len(self.moods.names)
        if pixels > _MAX_PIXELS:
            raise ValueError(
                f"{self.frames} frames of {self.width}x{self.height} in {len(self.clips)} loops "
                f"are too many pixels; {_MAX_PIXELS:,} in all are allowed"
            )
        return self

    @model_validator(mode="after")
    def _boxes_fit(self) -> Self:
        if len(self.face_boxes) != self.frames:
            raise ValueError(f"{len(self.face_boxes)} face_boxes for {self.frames} frames")
        for number, box in enumerate(self.face_boxes):
            if not _inside(box, self) or min(box[2] - box[0], box[3] - box[1]) < 32:
                raise ValueError(
                    f"face_boxes[{number}] is {box}; a box is [x0, y0, x1, y1], at "
                    f"least 32 pixels wide and high, inside {self.width}x{self.height}"
                )
        return self

    @model_validator(mode="after")
    def _mouths_fit(self) -> Self:
        if self.mouth is None:
            return self
        if missing := [clip for clip in self.clips if clip not in self.mouth.places]:
            raise ValueError(f"mouth.places has nothing for {', '.join(missing)}")
        for clip, places in self.mouth.places.items():
            if len(places) != self.frames:
                raise ValueError(f"mouth.places.{clip}: {len(places)} for {self.frames} frames")
            for number, place in enumerate(places):
                if not _is_sound(place, self.width, self.height):
                    raise ValueError(
                        f"mouth.places.{clip}[{number}] is {place}; its square must be upright, at "
                        f"least {_LEAST_SIDE_PX:g} pixels wide and high and inside the frame"
                    )
        return self


def corners(place: Place) -> Iterator[tuple[float, float]]:
    """The unit square's corners in pixels of the frame."""
    a, b, c, d, e, f = place
    for u, v in ((0, 0), (1, 0), (0, 1), (1, 1)):
        yield a * u + b * v + c, d * u + e * v + f


def _inside(box: Box, card: AvatarCard) -> bool:
    x0, y0, x1, y1 = box
    return 0 <= x0 < x1 <= card.width and 0 <= y0 < y1 <= card.height


def _is_sound(place: Place, width: int, height: int) -> bool:
    """Upright, of some size, inside: what it costs to draw is bounded too."""
    a, b, _, d, e, _ = place
    is_upright = a > abs(d) and e > abs(b)
    is_large = a >= _LEAST_SIDE_PX and e >= _LEAST_SIDE_PX
    return (
        is_upright
        and is_large
        and all(
            -_EDGE_PX <= x <= width + _EDGE_PX and -_EDGE_PX <= y <= height + _EDGE_PX
            for x, y in corners(place)
        )
    )
