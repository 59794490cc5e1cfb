"""One recognition at a time, beside the microphone: asked for, kept or thrown away.

What comes out goes back to whoever asked, as a value; nothing here judges it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from backend import clock
from backend.handlers.base import BaseHandler, closing
from backend.handlers.cancelling import raise_if_cancelled
from backend.handlers.messages import SpeechSegment, Transcript


class Purpose(Enum):
    PARTIAL = "partial"
    """For the eye, while the user speaks."""
    SPECULATION = "speculation"
    """The user fell silent, and may be done."""
    FINAL = "final"
    """The user is done."""


@dataclass(slots=True, eq=False)
class Job:
    """One recognition. A speculation that comes true becomes final while it runs."""

    segment: SpeechSegment
    purpose: Purpose
    speech_ended_s: float
    """Clock second of the last speech in it."""
    avatar_words: str
    """What the avatar may have said into it."""


@dataclass(frozen=True, slots=True)
class Recognised:
    """What became of a job: a transcript, None for nothing to hear, or the error it ended in."""

    job: Job
    result: Transcript | BaseException | None
    cost_s: float


class Recogniser:
    """Runs jobs in `group`, one after the other, and hands each result to `deliver`."""

    def __init__(
        self,
        group: asyncio.TaskGroup,
        asr: BaseHandler[SpeechSegment, Transcript],
        deliver: Callable[[Recognised], None],
    ) -> None:
        self._group = group
        self._asr = asr
        self._deliver = deliver
        self._turn = asyncio.Lock()
        self._open: tuple[Job, asyncio.Task[None]] | None = None
        self._finals: set[asyncio.Task[None]] = set()

    @property
    def unfinished(self) -> int:
        """Final jobs that were started and have no result yet."""
        return len(self._finals)

    @property
    def is_idle(self) -> bool:
        """Nothing runs, and nothing that came out waits to be taken."""
        return self._open is None and not self._turn.locked()

    def start(self, job: Job) -> None:
        """Recognise next; another job that may still be thrown away makes room for it."""
        self.drop()
        task = self._group.create_task(self._run(job))
        if job.purpose is not Purpose.FINAL:
            self._open = job, task
        else:
            self._finals.add(task)
            task.add_done_callback(self._finals.discard)

    def keep(self) -> bool:
        """The speculation came true: nothing stops it any more. Whether there was one."""
        if self._open is None or self._open[0].purpose is not Purpose.SPECULATION:
            return False
        (job, _), self._open = self._open, None
        job.purpose = Purpose.FINAL
        return True

    def drop(self) -> Job | None:
        """Throw away what is open; its generator is closed."""
        if self._open is None:
            return None
        (job, task), self._open = self._open, None
        task.cancel()
        return job

    def take(self, job: Job) -> bool:
        """Whether its result is still wanted: it may have come just before the drop."""
        is_open = self._open is not None and self._open[0] is job
        if is_open and job.purpose is Purpose.PARTIAL:
            self._open = None
        return is_open or job.purpose is Purpose.FINAL

    async def _run(self, job: Job) -> None:
        async with self._turn:
            started = clock.now()
            result = await self._recognise(job.segment)
            cost_s = clock.now() - started
        self._deliver(Recognised(job, result, cost_s))

    async def _recognise(self, segment: SpeechSegment) -> Transcript | BaseException | None:
        try:
            async with closing(self._asr.process(segment)) as transcripts:
                async for transcript in transcripts:
                    return transcript
        except Exception as error:  # a value too: whoever asked decides whom it concerns
            raise_if_cancelled(error)
            return error
        return None
