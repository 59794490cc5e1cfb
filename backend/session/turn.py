"""One reply: text → sentences → sound → picture, overlapped and in order.

A turn is one `TaskGroup`. To interrupt it, cancel the task that runs it: every stage's generator
is closed on the way out, so the model's stream, the voice's socket and the worker's batch end too.
What is sent, and whether it may still be sent, is the outbox's business.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from backend import clock
from backend.handlers.messages import Sentence, SpokenAudio
from backend.protocol import Playback
from backend.session.pipe import Pipe
from backend.session.reply import Reply
from backend.session.screen import Screen
from backend.session.speaker import Speaker, announce
from backend.session.writer import Writer


class Turn:
    """Runs one `Reply`. `on_speaking` is called once, when the first media is queued."""

    def __init__(self, reply: Reply, queue_size: int, on_speaking: Callable[[], None]) -> None:
        self.reply = reply
        self._written: Pipe[Sentence] = Pipe(queue_size)
        self._spoken: Pipe[SpokenAudio] = Pipe(queue_size)
        self._writer = Writer(reply, self._written)
        self._speaker = Speaker(reply, self._written, self._spoken)
        self._screen = Screen(reply, on_speaking)
        self._moved = asyncio.Event()

    async def run(self) -> bool:
        """Make and send the whole reply, then wait until its sound is over.

        Returns whether it is what it should be; if not, an apology was said in its place.

        Raises:
            ExceptionGroup: the first defect in a stage; the others have been stopped.
        """
        async with asyncio.TaskGroup() as group:
            writing = group.create_task(self._writer.run())
            if self.reply.request.output == "text":
                group.create_task(self._read())
            else:
                group.create_task(self._speaker.run())
                group.create_task(self._screen.run(self._spoken))
        self.reply.measured.mark("total")
        await self._wait_for_silence()
        return writing.result()

    def waiting(self) -> tuple[int, int]:
        """Sentences that wait for their voice, and sounds that wait for their picture."""
        return len(self._written), len(self._spoken)

    # ------------------------------------------------------------------ what becomes of it

    def reported(self, message: Playback) -> None:
        """The client's word on one of this reply's chunks."""
        self.reply.reported(message)
        self._playback_moved()

    def pause(self) -> None:
        """The client was told to fall silent."""
        self.reply.playout.pause(clock.now())
        self._playback_moved()

    def resume(self) -> None:
        """The client was told to go on."""
        self.reply.playout.resume(clock.now())
        self._playback_moved()

    def _playback_moved(self) -> None:
        self._moved.set()
        self._screen.playback_moved()

    # ------------------------------------------------------------------ its end

    async def _read(self) -> None:
        async for sentence in self._written:
            announce(self.reply, sentence)

    async def _wait_for_silence(self) -> None:
        """The end of a turn is the end of its sound; the wait for the client is bounded."""
        while (left_s := self._silence_in_s()) > 0:
            self._moved.clear()
            try:
                # Not `wait_for`: on Python 3.11 it can swallow the cancellation of an interrupt.
                async with asyncio.timeout(left_s):
                    await self._moved.wait()
            except TimeoutError:
                continue

    def _silence_in_s(self) -> float:
        playout = self.reply.playout
        left_s = playout.remaining_s(clock.now())
        return float("inf") if playout.is_paused and left_s > 0 else left_s
