"""Decoded loops in files that every worker maps, so that a machine holds each of them once.

A file is written beside its place and renamed into it, so it is whole or not there; a sum at its
end tells one that lost its contents to a crash. Where the folder cannot be written (a full disk, a
read-only system) loops live in private memory, and a warning says so. What is in the pictures is
not known here.
"""

from __future__ import annotations

import fcntl
import math
import mmap
import os
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from struct import Struct

import numpy as np
import numpy.typing as npt
import structlog

log = structlog.get_logger()

Planes = npt.NDArray[np.uint8]
"""(frames, rows, columns), read-only."""

_TAIL = Struct("<8sQ")
_MAGIC = b"planes 1"
_PART = ".part-"
_EVICTING = ".evict.lock"
_ABANDONED_S = 600.0
_IN_USE_S = 60.0
"""Who has just been told of a file may not have opened it yet."""


@dataclass(frozen=True, slots=True)
class TrackCache:
    """`folder` None keeps everything in private memory. `limit_bytes`: beyond it, files that were
    not used for longest are deleted, none that was used in the last minute; whoever has mapped one
    keeps it."""

    folder: Path | None = None
    limit_bytes: int = 4_000_000_000

    def planes(
        self, key: str, shape: tuple[int, int, int], make: Callable[[], Iterable[Planes]]
    ) -> Planes:
        """What `make` gives, row by row of the first axis, made once for all processes.

        key: names the contents, so that other contents have another key. Raises what `make` does.
        """
        if self.folder is not None:
            path = self.folder / f"{key}-{'x'.join(map(str, shape))}.planes"
            try:
                return self._shared(self.folder, path, shape, make)
            except OSError as error:
                log.warning("avatar.cache_unusable", path=str(path), problem=str(error))
        return _private(shape, make())

    def file(self, name: str, make: Callable[[Path], None]) -> Path:
        """A file of this name that `make` writes, made once for all processes.

        Raises OSError where there is no folder that can be written, and what `make` does.
        """
        if self.folder is None:
            raise OSError("there is no folder to keep it in")
        path = self.folder / name
        with _locked(self.folder / ".file.lock"):
            with _locked(self.folder / _EVICTING):
                is_there = _touched(path)
            if not is_there:
                with _to_be(path) as part:
                    make(part)
                self._evict(self.folder)
        return path

    def forget(self, key: str) -> None:
        """Delete what lies here under this key; whoever has mapped it keeps it."""
        if self.folder is not None:
            for path in self.folder.glob(f"{key}-*"):
                path.unlink(missing_ok=True)

    def _shared(
        self,
        folder: Path,
        path: Path,
        shape: tuple[int, int, int],
        make: Callable[[], Iterable[Planes]],
    ) -> Planes:
        if (found := _mapped(path, shape)) is not None:
            return found
        with _locked(folder / ".planes.lock"):
            # Another process may have made it meanwhile.
            if (found := _mapped(path, shape)) is not None:
                return found
            with _to_be(path) as part:
                _write(part, shape, make())
            self._evict(folder)
            if (found := _mapped(path, shape)) is None:
                raise OSError("what was written cannot be read back")
        return found

    def _evict(self, folder: Path) -> None:
        with _locked(folder / _EVICTING):
            now_s, room = time.time(), self.limit_bytes
            entries = []
            for path in folder.iterdir():
                with suppress(FileNotFoundError):  # another process was quicker
                    found = path.stat()
                    if path.name.startswith(_PART) and found.st_mtime < now_s - _ABANDONED_S:
                        path.unlink()
                    elif not path.name.startswith("."):
                        entries.append((found.st_mtime, found.st_size, path))
            for used_s, size, path in sorted(entries, reverse=True):
                room -= size
                if room < 0 and used_s < now_s - _IN_USE_S:
                    path.unlink(missing_ok=True)


IN_MEMORY = TrackCache()


def _mapped(path: Path, shape: tuple[int, int, int]) -> Planes | None:
    """The file's contents; None when it is not there or not whole."""
    size = math.prod(shape)
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_size != size + _TAIL.size:
                return None
            memory = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except FileNotFoundError:
        return None
    contents = np.frombuffer(memory, np.uint8, size).reshape(shape)
    if _TAIL.unpack_from(memory, size) != (_MAGIC, _sum(contents)):
        return None
    _touched(path)
    return contents


def _touched(path: Path) -> bool:
    """Note that it is used now; whether it is there, and not deleted a moment ago."""
    with suppress(FileNotFoundError):  # deleted meanwhile: what is mapped stays readable
        os.utime(path)
        return True
    return False


def _write(path: Path, shape: tuple[int, int, int], rows: Iterable[Planes]) -> None:
    """Not through a map: a disk that is full is an error here, and would be a crash there."""
    total = count = 0
    with path.open("wb") as file:
        for row in _checked(rows, shape):
            total += _sum(row[None])
            count += 1
            file.write(row.data)
        file.write(_TAIL.pack(_MAGIC, total % 2**64))


def _private(shape: tuple[int, int, int], rows: Iterable[Planes]) -> Planes:
    planes = np.empty(shape, np.uint8)
    for number, row in enumerate(_checked(rows, shape)):
        planes[number] = row
    planes.flags.writeable = False
    return planes


def _checked(rows: Iterable[Planes], shape: tuple[int, int, int]) -> Iterator[Planes]:
    count = 0
    for row in rows:
        if row.shape != shape[1:]:
            raise ValueError(f"a row of {row.shape} for {shape}")
        count += 1
        yield np.ascontiguousarray(row)
    if count != shape[0]:
        raise ValueError(f"{count} rows for {shape}")


def _sum(contents: Planes) -> int:
    """Of the words of each row. It catches pages that a crash left empty, at memory's speed."""
    rows = contents.reshape(len(contents), -1)
    whole = rows.shape[1] // 8 * 8
    words = sum(int(row[:whole].view(np.uint64).sum()) for row in rows)
    return (words + int(rows[:, whole:].sum(dtype=np.uint64))) % 2**64


@contextmanager
def _to_be(path: Path) -> Iterator[Path]:
    """A path to write to, which takes the name `path` when that is done."""
    handle, name = tempfile.mkstemp(prefix=_PART, suffix=path.suffix, dir=path.parent)
    os.close(handle)
    part = Path(name)
    try:
        yield part
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """One process at a time makes something; a process that ends lets go."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
