"""Which avatar packages there are in a folder, and the one that is asked for by its id."""

from __future__ import annotations

from pathlib import Path

from backend.avatar.packages.card import SAFE_ID
from backend.avatar.packages.package import CARD, AvatarPackage
from backend.errors import AssetError, BrokenAvatar, UnknownAvatar

_AT_THE_DOOR = "nora"
"""Comes first where she is there; the others follow by name."""


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
    for found in map(_try_load, _folders(folder)):
        if isinstance(found, AvatarPackage):
            return found
    problems = " ".join(broken_avatars(folder).values())
    raise UnknownAvatar(f"No avatar can be used in {folder}. {problems}".rstrip())


def _folders(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    named = (path for path in folder.iterdir() if SAFE_ID.fullmatch(path.name))
    found = filter(_seems_one, named)
    return sorted(found, key=lambda path: (path.name != _AT_THE_DOOR, path))


def _seems_one(path: Path) -> bool:
    try:
        return path.is_dir() and (path / CARD).exists()
    except OSError:
        return True  # it may not be looked into, and loading it says so


def _try_load(root: Path) -> AvatarPackage | AssetError:
    """An error is of this package alone: it may be broken, or deleted a moment ago."""
    try:
        return AvatarPackage.load(root)
    except AssetError as error:
        return error
