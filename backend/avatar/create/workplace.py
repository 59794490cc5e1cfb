"""Folders in which somebody's photo or face lies only while it is worked on.

Whoever works in one holds a lock in it, and a lock ends with its process, however that ends. So a
folder that nobody holds is left over from a process that was killed, and `sweep` removes it. What
is done in the folders is the business of `atelier` and `maker`.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog

from backend.avatar.packages.removal import GOING

log = structlog.get_logger()

UPLOAD = "avatar-chat-upload-"
MAKING = ".making-"
"""Beside the avatars, as what is `GOING`, and no name that one can have. What is going needs no
lock."""
_LOCK = ".lock"
_NOT_YET = ".new-"
"""Begins the name until the lock is held, for a service that starts just then would sweep it."""


class Workplace:
    """A new folder, held until it is cleared."""

    def __init__(self, prefix: str, parent: Path | None = None) -> None:
        """parent: the folder it lies in; None for that of the system's temporary files."""
        new = Path(tempfile.mkdtemp(prefix=f"{_NOT_YET}{prefix}", dir=parent))
        self._lock = (new / _LOCK).open("w")
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        self.path = new.rename(new.with_name(new.name.removeprefix(_NOT_YET)))

    def clear(self) -> None:
        """Remove it with all that is in it."""
        self._lock.close()
        shutil.rmtree(self.path, ignore_errors=True)


@contextmanager
def workshop(avatars: Path) -> Iterator[Path]:
    """On the same disk as the avatars, so that what is made in it can be moved into place."""
    place = Workplace(MAKING, avatars)
    try:
        yield place.path
    finally:
        place.clear()


def sweep(avatars: Path) -> None:
    """Remove every folder of this user in which nobody works any more."""
    sweep_workplaces(avatars)
    _sweep(avatars, GOING)


def sweep_workplaces(avatars: Path) -> None:
    """Likewise, but what is going just now is left to whoever lets it go."""
    _sweep(Path(tempfile.gettempdir()), UPLOAD)
    _sweep(avatars, MAKING)


def _sweep(folder: Path, prefix: str) -> None:
    for place in folder.glob(f"{prefix}*"):
        try:
            if place.lstat().st_uid == os.getuid() and not _is_held(place):
                shutil.rmtree(place)
                log.info("avatar.left_over_removed", folder=place.name)
        except FileNotFoundError:  # another service was quicker
            continue
        except OSError as error:  # the service starts all the same
            log.warning("avatar.left_over", folder=place.name, error=type(error).__name__)


def _is_held(place: Path) -> bool:
    try:
        with (place / _LOCK).open("r+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False
