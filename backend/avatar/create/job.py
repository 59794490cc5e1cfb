"""One avatar in the making, as those see it who wait for it. The work is done by `program`."""

from __future__ import annotations

import asyncio
import os
import secrets
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Literal

import structlog
from pydantic import BaseModel, ConfigDict, Field

from backend.avatar.create.program import NEWS, Assignment, AtWork, Made, News, Refused
from backend.avatar.create.progress import Step
from backend.avatar.create.refusals import TooSlow

log = structlog.get_logger()

JobState = Literal["working", "done", "refused", "cancelled"]

_ENDING_S = 5.0
"""How long the program may take to clear up after itself."""
_MOST_PIXELS = 60_000_000
"""Of a photo. A few kilobytes can unfold into gigabytes."""


class Progress(BaseModel):
    """How far an avatar is."""

    model_config = ConfigDict(frozen=True)

    number: int = Field(0, description="grows with every change")
    state: JobState = "working"
    step: Step = Step.FIND
    part: float = Field(0, description="of this step, 0..1")
    avatar: str | None = Field(None, description="its id, once it is made")
    code: str | None = Field(None, description="why it was refused, for programs")
    message: str | None = Field(None, description="why, and what to do about it")


class Job:
    def __init__(self, steps: tuple[Step, ...]) -> None:
        self.id = secrets.token_urlsafe(16)
        self.steps = steps
        self._progress = Progress()
        self._news = asyncio.Event()

    @property
    def progress(self) -> Progress:
        return self._progress

    @property
    def is_over(self) -> bool:
        return self._progress.state != "working"

    async def after(self, number: int, wait_s: float) -> Progress:
        """How far it is, as soon as that is news to who knows `number`, or after `wait_s`."""
        try:
            async with asyncio.timeout(wait_s):
                while self._progress.number <= number and not self.is_over:
                    await self._news.wait()
        except TimeoutError:
            pass  # no news is an answer, too
        return self._progress

    async def run(self, assignment: Assignment, timeout_s: float) -> None:
        """To its end, whatever that is. Cancelling it cancels the work."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._work(assignment)
        except TimeoutError:
            words = f"This took longer than {timeout_s:g} s. Hand in a shorter video or a photo."
            self._ends(state="refused", code=TooSlow.code, message=words)
        except asyncio.CancelledError:
            self._ends(state="cancelled")
            raise
        finally:
            words = "Making the avatar failed. The log of the service says why."
            self._ends(state="refused", code="internal", message=words)

    async def _work(self, assignment: Assignment) -> None:
        async with _program() as process:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(assignment.model_dump_json().encode() + b"\n")
            async for line in process.stdout:
                self._hear(NEWS.validate_json(line))
            status = await process.wait()
        if not self.is_over:
            log.error("avatar.creation_crashed", status=status)

    def _hear(self, news: News) -> None:
        match news:
            case AtWork():
                self._is(step=news.step, part=news.part)
            case Made():
                self._is(state="done", part=1.0, avatar=news.made)
            case Refused():
                self._is(state="refused", code=news.code, message=news.message)

    def _ends(self, **how: object) -> None:
        """Unless it has: what is done stays done, though its program takes a moment to go."""
        if not self.is_over:
            self._is(**how)

    def _is(self, **changes: object) -> None:
        number = self._progress.number + 1
        self._progress = self._progress.model_copy(update={**changes, "number": number})
        self._news.set()
        self._news = asyncio.Event()


@asynccontextmanager
async def _program() -> AsyncIterator[asyncio.subprocess.Process]:
    """Started; however the caller leaves, it is gone afterwards."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "backend.avatar.create.program",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "OPENCV_IO_MAX_IMAGE_PIXELS": str(_MOST_PIXELS)},
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            await asyncio.shield(asyncio.create_task(_end(process)))


async def _end(process: asyncio.subprocess.Process) -> None:
    process.terminate()
    try:
        async with asyncio.timeout(_ENDING_S):
            await process.wait()
    except TimeoutError:
        with suppress(ProcessLookupError):  # it ended in this very moment
            process.kill()
        await process.wait()
