"""An avatar package on disk: what files make a face, and whether they are whole.

    avatars/<id>/avatar.json    the card, see `card`
                 idle.mp4       seamless idle loop: template frames and the page's idle video
                 mask.png       8-bit grey 96x96 in face-box coordinates: white takes the net's
                 poster.jpg     the first frame
                 marks.json     where the lips are in each frame; needed by the engine `warp`
    format 2     listening.mp4  further loops, as long as idle and on the same clock
                 thinking.mp4
                 mood.<name>.mp4   the card's rectangle of each mood, frame by frame as idle
                 matte.<loop>.mp4  how much of each pixel is the figure; all loops or none
                 plate.png      the background alone, with mattes
                 mouth.onnx     this face's own mouth, for the engine `mouth`
                 mouth.int8.onnx   the same, faster

Light to import: the gateway reads packages too. Pictures are decoded in `tracks`. Which packages
there are is `shelf`'s to say.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from backend.avatar.packages.card import AvatarCard, Feeling
from backend.errors import BrokenAvatar, UnknownAvatar
from backend.protocol import Clip

CARD, IDLE, MASK, POSTER = "avatar.json", "idle.mp4", "mask.png", "poster.jpg"
MARKS, PLATE, MOUTH, MOUTH_INT8 = "marks.json", "plate.png", "mouth.onnx", "mouth.int8.onnx"

# Packages come from strangers too: what a worker would have to hold or parse is bounded.
_MAX_BYTES = {
    CARD: 1_000_000,
    MARKS: 8_000_000,
    MASK: 1_000_000,
    PLATE: 20_000_000,
    POSTER: 20_000_000,
    MOUTH: 64_000_000,
    MOUTH_INT8: 64_000_000,
}
_MAX_VIDEO_BYTES = 200_000_000
_ELSEWHERE = b"location"
"""The key under which an ONNX file names another file that holds its weights."""


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
        try:
            return cls._checked(root)
        except OSError as error:
            name = Path(error.filename or root).name
            raise BrokenAvatar(
                f"{root.name}: {name} cannot be read: {error.strerror}. Let the service read it, "
                "or restore the package."
            ) from error

    @classmethod
    def _checked(cls, root: Path) -> AvatarPackage:
        if not root.is_dir():
            raise UnknownAvatar(f"There is no avatar folder {root.name!r}.")
        card = _read_card(root)
        if card.id != root.name:
            raise BrokenAvatar(
                f"{root.name}/{CARD}: its id is {card.id!r}. Name the folder like the id."
            )
        package = cls(root, card)
        for name in package._needed():
            _require(root, name)
        if package.has_matte and (card.width % 4 or card.height % 4):
            raise BrokenAvatar(
                f"{root.name}/{CARD}: {card.width}x{card.height} cannot carry a matte at half "
                "size. Make both multiples of 4, or leave the mattes out."
            )
        for name in (MOUTH, MOUTH_INT8):
            if (root / name).exists():
                _require_whole_net(root, name)
        return package

    @property
    def idle(self) -> Path:
        return self.root / IDLE

    @property
    def mask(self) -> Path:
        return self.root / MASK

    @property
    def marks(self) -> Path:
        return self.root / MARKS

    @property
    def plate(self) -> Path:
        return self.root / PLATE

    @property
    def mouth(self) -> Path:
        return self.root / MOUTH

    @property
    def mouth_int8(self) -> Path:
        """May not be there."""
        return self.root / MOUTH_INT8

    @property
    def has_matte(self) -> bool:
        """Whether the figure can stand before any background."""
        return any(_is_there(self.root, _matte_file(clip)) for clip in self.card.clips)

    def clip(self, name: Clip) -> Path:
        return self.root / _clip_file(name)

    def mood(self, name: Feeling) -> Path:
        return self.root / _mood_file(name)

    def matte(self, name: Clip) -> Path:
        return self.root / _matte_file(name)

    def changed_ns(self) -> int:
        """When any of its files was last written, in nanoseconds of the file system.

        Raises UnknownAvatar when they were removed since it was loaded.
        """
        try:
            return max(path.lstat().st_mtime_ns for path in self.root.iterdir())
        except FileNotFoundError as error:
            raise UnknownAvatar(f"The avatar {self.card.id!r} was removed.") from error

    def _needed(self) -> list[str]:
        """Every file that a card like this promises, and those that came along."""
        card = self.card
        names = [MASK, POSTER, *map(_clip_file, card.clips), *map(_mood_file, card.feelings)]
        if self.has_matte:
            names += [PLATE, *map(_matte_file, card.clips)]
        if card.engine == "warp" or _is_there(self.root, MARKS):
            names.append(MARKS)
        if card.engine == "mouth":
            names.append(MOUTH)
        return names


def _clip_file(name: Clip) -> str:
    return f"{name}.mp4"


def _mood_file(name: Feeling) -> str:
    return f"mood.{name}.mp4"


def _matte_file(name: Clip) -> str:
    return f"matte.{name}.mp4"


def _read_card(root: Path) -> AvatarCard:
    found = _require(root, CARD)
    try:
        return _parse_card(root / CARD, found.st_mtime_ns, found.st_size)
    except ValidationError as error:
        problems = "; ".join(_explain(item) for item in error.errors()[:5])
        raise BrokenAvatar(
            f"{root.name}/{CARD}: {problems}. Correct it or restore the package."
        ) from error


@lru_cache(maxsize=64)
def _parse_card(path: Path, _changed_ns: int, _size: int) -> AvatarCard:
    """Sessions ask for their avatar again and again, and a card may have a thousand rows."""
    return AvatarCard.model_validate_json(path.read_bytes())


def _explain(item: Any) -> str:
    where = ".".join(str(part) for part in item["loc"])
    return f"{where}: {item['msg']}" if where else str(item["msg"])


def _is_there(root: Path, name: str) -> bool:
    """Also a link, wherever it leads: `_require` says what is wrong with it."""
    with suppress(OSError):
        os.lstat(f"{root}/{name}")
        return True
    return False


def _require(root: Path, name: str) -> os.stat_result:
    """What the file system says of a file that is whole and inside of `root`.

    A package is looked at for each reply, so this asks once per file, and not by way of `Path`,
    which would put each part of each name into Python's table of names and take it out again.
    """
    found: os.stat_result | None
    try:
        found = os.lstat(f"{root}/{name}")
        if stat.S_ISLNK(found.st_mode):
            found = _led_to(root, name)
    except (FileNotFoundError, NotADirectoryError):
        found = None
    if found is None or not stat.S_ISREG(found.st_mode):
        raise BrokenAvatar(f"{root.name}/{name} is missing. Restore the avatar package.")
    size, most = found.st_size, _MAX_BYTES.get(name, _MAX_VIDEO_BYTES)
    if size == 0:
        raise BrokenAvatar(f"{root.name}/{name} is empty. Restore the avatar package.")
    if size > most:
        raise BrokenAvatar(
            f"{root.name}/{name} has {size:,} bytes; at most {most:,} are allowed. Make it smaller."
        )
    return found


def _led_to(root: Path, name: str) -> os.stat_result:
    """The file at the end of a link."""
    path = root / name
    try:
        is_inside = path.resolve().is_relative_to(root.resolve())
    except RuntimeError as error:  # how Python 3.11 says so
        raise BrokenAvatar(
            f"{root.name}/{name} is a link that leads to itself. Put a real file there."
        ) from error
    if not is_inside:
        raise BrokenAvatar(f"{root.name}/{name} leads out of its folder. Put a real file there.")
    return path.stat()


def _require_whole_net(root: Path, name: str) -> None:
    """A net that holds all its weights itself; others would be read from any path it names."""
    found = _require(root, name)
    if _names_another_file(root / name, found.st_mtime_ns, found.st_size):
        raise BrokenAvatar(
            f"{root.name}/{name} keeps weights in another file. Export it as one file."
        )


@lru_cache(maxsize=64)
def _names_another_file(path: Path, _changed_ns: int, _size: int) -> bool:
    return _ELSEWHERE in path.read_bytes()
