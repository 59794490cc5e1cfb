"""Where avatars are made for those who ask over the network: one at a time, each of an upload that
is kept only while it is needed. Who may ask is the gateway's to say.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from pathlib import Path

from backend.avatar.create.job import Job
from backend.avatar.create.naming import free_id
from backend.avatar.create.program import Assignment
from backend.avatar.create.progress import steps_of
from backend.avatar.create.refusals import (
    BadName,
    CreationBusy,
    NoFinder,
    TooLarge,
    TooSlow,
    Unreadable,
)
from backend.avatar.create.sniff import HEAD_BYTES, Kind, kind_of
from backend.avatar.create.workplace import UPLOAD, Workplace, sweep, sweep_workplaces
from backend.config import AvatarSettings

MOST_NAME_CHARS = 40
LICENCE = "All rights reserved"
_UPLOAD_S = 600.0


class Atelier:
    def __init__(self, settings: AvatarSettings) -> None:
        self._settings = settings
        self._receiving = False
        self._task: asyncio.Task[None] | None = None
        self._job: Job | None = None

    def require_finder(self) -> None:
        """Raises NoFinder where none is installed."""
        if not self._settings.finder_python.is_file():
            raise NoFinder(
                "The face finder is not installed. Run this once in the service's folder: "
                "make face-finder"
            )

    async def take(self, name: str, pieces: AsyncIterator[bytes]) -> Job:
        """Receive a photo or video and begin to make an avatar called `name` of it.

        Raises:
            AvatarNotCreated: the name or what was sent will not do, another is being made, or the
                face finder is missing. Nothing is kept.
        """
        self.require_finder()
        called = _clean(name)
        if self._receiving or (self._job and not self._job.is_over):
            raise CreationBusy("Another avatar is being made. Try again when it is done.")
        self._receiving = True
        try:
            place = Workplace(UPLOAD)
            try:
                source, kind = await self._received(pieces, place.path)
                assignment = self._assignment(source, called)
            except BaseException:
                place.clear()
                raise
        finally:
            self._receiving = False
        self._job = Job(steps_of(kind.made_of))
        self._task = asyncio.create_task(self._make(self._job, assignment))
        self._task.add_done_callback(lambda _: place.clear())
        return self._job

    async def _make(self, job: Job, assignment: Assignment) -> None:
        try:
            await job.run(assignment, self._settings.creation_timeout_s)
        finally:  # a program that was killed has cleared nothing up
            await asyncio.to_thread(sweep_workplaces, self._settings.dir)

    def find(self, job_id: str) -> Job | None:
        """The job that runs, or that ran last."""
        known = self._job is not None and _is_same(self._job.id, job_id)
        return self._job if known else None

    def sweep(self) -> None:
        """Remove what one that was killed has left of people's pictures. Blocks."""
        sweep(self._settings.dir)

    async def cancel(self) -> None:
        """Ends the work that is going on, if any is; returns when nothing of it runs any more."""
        if self._task is not None:
            if not self._task.cancelling():  # what is ending must not be torn from its clearing up
                self._task.cancel()
            await asyncio.wait({self._task})

    async def _received(self, pieces: AsyncIterator[bytes], folder: Path) -> tuple[Path, Kind]:
        try:
            async with asyncio.timeout(_UPLOAD_S):
                return await _written(pieces, folder, self._settings.creation_max_mb)
        except TimeoutError as error:
            raise TooSlow("The upload took too long. Hand in a smaller file.") from error

    def _assignment(self, source: Path, name: str) -> Assignment:
        settings = self._settings
        return Assignment(
            source=source,
            avatars=settings.dir,
            finder_python=settings.finder_python,
            id=free_id(settings.dir, name),
            name=name,
            licence=LICENCE,
        )


async def _written(pieces: AsyncIterator[bytes], folder: Path, most_mb: int) -> tuple[Path, Kind]:
    """All pieces in a file of this folder, its kind and its end told by its first bytes."""
    head = bytearray()
    async for piece in pieces:
        head += piece
        if len(head) >= HEAD_BYTES:
            break
    if not head:
        raise Unreadable("The file is empty.")
    kind = kind_of(bytes(head[:HEAD_BYTES]))
    path = folder / f"upload{kind.suffix}"
    size = 0
    with path.open("wb") as file:
        async for piece in _then(bytes(head), pieces):
            size += len(piece)
            if size > most_mb * 1_000_000:
                raise TooLarge(f"The file has more than {most_mb} MB. Hand in a smaller one.")
            await asyncio.to_thread(file.write, piece)
    return path, kind


async def _then(first: bytes, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for piece in pieces:
        yield piece


def _clean(name: str) -> str:
    """Raises BadName."""
    shown = " ".join("".join(c if c.isprintable() else " " for c in name).split())
    if not 1 <= len(shown) <= MOST_NAME_CHARS:
        raise BadName(f"A name has 1 to {MOST_NAME_CHARS} letters.")
    return shown


def _is_same(secret: str, given: str) -> bool:
    return secrets.compare_digest(secret.encode(), given.encode())
