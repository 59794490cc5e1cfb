"""An avatar that goes takes along what the cache keeps of it."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from backend.avatar.packages.track_cache import TrackCache
from backend.avatar.packages.tracks import content_keys

GOING = ".going-"
"""Begins the name of the folder where an avatar lies that is gone already."""


def remove(root: Path, cache: TrackCache) -> None:
    """At once for everybody who looks, then file by file."""
    with tempfile.TemporaryDirectory(prefix=GOING, dir=root.parent) as bin_:
        gone = Path(shutil.move(root, bin_))
        forget(gone, root.parent, cache)


def forget(gone: Path, avatars: Path, cache: TrackCache) -> None:
    """Delete what the cache keeps of the package in the folder `gone`, unless one of the avatars
    shows the same."""
    keys = content_keys(gone)
    for folder in avatars.iterdir():
        with suppress(OSError):  # it is going, too, or nobody could read it before
            keys -= content_keys(folder)
    for key in keys:
        cache.forget(key)
