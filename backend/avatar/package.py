"""An avatar package on disk: what files make a face, and whether they are whole.

    avatars/<id>/avatar.json   the card below
                 idle.mp4      seamless idle loop: template frames and the page's idle video
                 mask.png      8-bit grey 96x96 in face-box coordinates: white takes the net's
                 poster.jpg    the first frame
                 marks.json    where the lips are in each frame; needed by the engine `warp`

Light to import: the gateway reads packages too. Pictures are decoded in `template`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from backend.errors import BrokenAvatar, UnknownAvatar

CARD, IDLE, MASK, POSTER = "avatar.json", "idle.mp4", "mask.png", "poster.jpg"
MARKS = "marks.json"
SAFE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")

DrawnBy = Literal["net", "warp"]

# Packages come from strangers too: what a worker would have to hold or parse is bounded.
_MAX_BYTES = {CARD: 1_000_000, MARKS: 8_000_000, MASK: 1_000_000, IDLE: 200_000_000}
_MAX_PIXELS = 500_000_000  # of all frames: 750 MB decoded

Box = tuple[float, float, float, float]
"""x0, y0, x1, y1 in pixels of the frame, y down."""


class AvatarCard(BaseModel):
    """`avatar.json`. Fields that this version does not know are left alone."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    format: Literal[1]
    id: str = Field(pattern=f"^{SAFE_ID.pattern}$")
    name: str = Field(min_length=1)
    width: int = Field(ge=64, le=4096, multiple_of=2)
    height: int = Field(ge=64, le=4096, multiple_of=2)
    fps: Literal[25]
    frames: int = Field(ge=1)
    face_boxes: tuple[Box, ...]
    languages: tuple[str, ...] = ()
    licence: str
    credits: str | tuple[str, ...] = ""
    engine: DrawnBy = "net"

    @model_validator(mode="after")
    def _boxes_fit(self) -> Self:
        if self.width * self.height * self.frames > _MAX_PIXELS:
            raise ValueError(
                f"{self.frames} frames of {self.width}x{self.height} are too many pixels; "
                f"{_MAX_PIXELS:,} in all are allowed"
            )
        if len(self.face_boxes) != self.frames:
            raise ValueError(f"{len(self.face_boxes)} face_boxes for {self.frames} frames")
        for number, (x0, y0, x1, y1) in enumerate(self.face_boxes):
            inside = 0 <= x0 < x1 <= self.width and 0 <= y0 < y1 <= self.height
            if not inside or min(x1 - x0, y1 - y0) < 32:
                raise ValueError(
                    f"face_boxes[{number}] is {(x0, y0, x1, y1)}; a box is [x0, y0, x1, y1], at "
                    f"least 32 pixels wide and high, inside {self.width}x{self.height}"
                )
        return self


@dataclass(frozen=True, slots=True)
class AvatarPackage:
    """A package whose card is right and whose files are there."""

    root: Path
    card: AvatarCard

    @classmethod
    def load(cls, root: Path) -> AvatarPackage:
        """Read and check one folder.

        Raises:
            UnknownAvatar: there is no such folder.
            BrokenAvatar: names the file, what is wrong with it and what to do.
        """
        if not root.is_dir():
            raise UnknownAvatar(f"There is no avatar folder {root.name!r}.")
        card = _read_card(root)
        if card.id != root.name:
            raise BrokenAvatar(
                f"{root.name}/{CARD}: its id is {card.id!r}. Name the folder like the id."
            )
        for name in (IDLE, MASK, POSTER):
            _require(root, name)
        if card.engine == "warp" or (root / MARKS).exists():
            _require(root, MARKS)
        return cls(root, card)

    @property
    def idle(self) -> Path:
        return self.root / IDLE

    @property
    def mask(self) -> Path:
        return self.root / MASK

    @property
    def marks(self) -> Path:
        return self.root / MARKS


def find_avatar(folder: Path, avatar_id: str) -> AvatarPackage:
    """The package named `avatar_id`; an empty name takes the first whole one.

    Raises:
        UnknownAvatar: names those that are there. BrokenAvatar: as `AvatarPackage.load`.
    """
    return AvatarPackage.load(find_folder(folder, avatar_id)) if avatar_id else _first(folder)


def find_folder(folder: Path, avatar_id: str) -> Path:
    """Where the package of this id lies, whole or broken. Raises UnknownAvatar."""
    # The name may come from a client, so it must not be able to walk out of the folder.
    if not SAFE_ID.fullmatch(avatar_id) or not (folder / avatar_id).is_dir():
        known = ", ".join(path.name for path in _folders(folder)) or "none"
        raise UnknownAvatar(f"There is no avatar {avatar_id[:64]!r}. Installed: {known}.")
    return folder / avatar_id


def list_avatars(folder: Path) -> tuple[AvatarPackage, ...]:
    """Every whole package, by name. Broken ones are left out; `broken_avatars` says why."""
    tried = map(_try_load, _folders(folder))
    return tuple(found for found in tried if isinstance(found, AvatarPackage))


def broken_avatars(folder: Path) -> dict[str, str]:
    """What is wrong with each package that cannot be used, by folder name."""
    tried = {path.name: _try_load(path) for path in _folders(folder)}
    return {name: str(error) for name, error in tried.items() if isinstance(error, BrokenAvatar)}


def _first(folder: Path) -> AvatarPackage:
    for package in list_avatars(folder):
        return package
    problems = " ".join(broken_avatars(folder).values())
    raise UnknownAvatar(f"No avatar can be used in {folder}. {problems}".rstrip())


def _folders(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    named = (path for path in folder.iterdir() if SAFE_ID.fullmatch(path.name))
    return sorted(path for path in named if path.is_dir() and (path / CARD).exists())


def _try_load(root: Path) -> AvatarPackage | BrokenAvatar:
    try:
        return AvatarPackage.load(root)
    except BrokenAvatar as error:
        return error


def _read_card(root: Path) -> AvatarCard:
    path = _require(root, CARD)
    try:
        return AvatarCard.model_validate_json(path.read_bytes())
    except OSError as error:
        raise BrokenAvatar(f"{root.name}/{CARD} cannot be read: {error.strerror}.") from error
    except ValidationError as error:
        problems = "; ".join(_explain(item) for item in error.errors())
        raise BrokenAvatar(
            f"{root.name}/{CARD}: {problems}. Correct it or restore the package."
        ) from error


def _explain(item: Any) -> str:
    where = ".".join(str(part) for part in item["loc"])
    return f"{where}: {item['msg']}" if where else str(item["msg"])


def _require(root: Path, name: str) -> Path:
    path = root / name
    if not path.is_file():
        raise BrokenAvatar(f"{root.name}/{name} is missing. Restore the avatar package.")
    if not path.resolve().is_relative_to(root.resolve()):
        raise BrokenAvatar(f"{root.name}/{name} leads out of its folder. Put a real file there.")
    size = path.stat().st_size
    if size == 0:
        raise BrokenAvatar(f"{root.name}/{name} is empty. Restore the avatar package.")
    if size > _MAX_BYTES.get(name, size):
        raise BrokenAvatar(
            f"{root.name}/{name} has {size:,} bytes; at most {_MAX_BYTES[name]:,} are allowed."
        )
    return path
