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
    keys = content_keys(root)
    with tempfile.TemporaryDirectory(prefix=GOING, dir=root.parent) as bin_:
        shutil.move(root, bin_)
        forget(keys, root.parent, cache)


def forget(keys: set[str], avatars: Path, cache: TrackCache) -> None:
    """Delete what the cache keeps under these keys, unless one of the avatars shows the same."""
    kept: set[str] = set()
    for folder in avatars.iterdir():
        with suppress(OSError):  # it is going, too, or nobody could read it before
            kept |= content_keys(folder)
    for key in keys - kept:
        cache.forget(key)
