"""Who has the floor: at most one reply, begun, ended and interrupted here.

To interrupt is: silence first (the generation is cut), then the account of what was heard, then
cleaning up. It knows nothing of microphones, options or sockets.
"""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import structlog

from backend import clock, metrics
from backend.errors import first_error
from backend.protocol import Playback, PlaybackControl, TurnEnd, TurnEndReason
from backend.session.history import Entry, History
from backend.session.outbox import Outbox
from backend.session.reply import Reply
from backend.session.state import Phase
from backend.session.turn import Turn

CANCEL_BOUND_S = 1.0  # a library that swallows a cancellation may not hold the session longer

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Cut:
    """A reply that was interrupted, while the client may still say where it stopped."""

    reply: Reply
    entry: Entry
    until_s: float


class Floor:
    """Hold `lock` from deciding that the floor changes hands until it has.

    on_phase: told of every step of the reply, with the reason.
    """

    def __init__(
        self,
        outbox: Outbox,
        history: History,
        report_wait_s: float,
        on_phase: Callable[[Phase, str], None],
    ) -> None:
        self.lock = asyncio.Lock()
        self.turn: Turn | None = None
        self._outbox = outbox
        self._history = history
        self._report_wait_s = report_wait_s
        self._on_phase = on_phase
        self._task: asyncio.Task[None] | None = None
        self._cut: _Cut | None = None

    # ------------------------------------------------------------------ begin and end

    def begin(self, reply: Reply, queue_size: int) -> None:
        """Let this reply speak; its generation has just been opened."""
        generation = _generation(reply)
        # A turn must not hold itself, and with it all its sound until the collector comes by.
        self.turn = turn = Turn(reply, queue_size, on_speaking=partial(self._speaks, generation))
        self._on_phase(Phase.THINKING, "turn")
        with structlog.contextvars.bound_contextvars(generation_id=generation):
            self._task = asyncio.create_task(self._run(turn), name=f"turn-{reply.stamp.session_id}")

    async def clear(self, reason: str) -> None:
        """End the running reply, if there is one."""
        turn = self.turn
        if turn is None:
            return
        began_s = clock.now()
        self._outbox.cut_generation(_end_of(turn, "interrupted"))
        turn.pause()
        entry = self._history.assistant(turn.reply.heard_text(), interrupted=True)
        self._cut = _Cut(turn.reply, entry, began_s + self._report_wait_s)
        self._over("interrupted", wire_reason=reason)
        await self.stop()
        metrics.INTERRUPTIONS.labels(reason).inc()
        metrics.INTERRUPT_SECONDS.observe(clock.now() - began_s)

    async def stop(self) -> None:
        """Wait, for a bounded time, until nothing of the last reply is at work."""
        task = self._task
        if task is None or task.done():
            return
        task.cancel()
        _, late = await asyncio.wait({task}, timeout=CANCEL_BOUND_S)
        if late:
            log.error("turn.cancel_late", bound_s=CANCEL_BOUND_S)

    # ------------------------------------------------------------------ while it speaks

    def pause(self) -> None:
        """Somebody seems to speak: silence at once, and nothing is lost."""
        if self.turn is not None:
            self.turn.reply.post(PlaybackControl(action="pause"))
            self.turn.pause()

    def resume(self) -> None:
        """It was nothing: go on."""
        if self.turn is not None:
            self.turn.reply.post(PlaybackControl(action="resume"))
            self.turn.resume()

    def reported(self, message: Playback) -> bool:
        """The client's word about the running reply, or where it stopped the one before.

        Returns whether the history was corrected by it.
        """
        if self.turn and message.generation_id == _generation(self.turn.reply):
            self.turn.reported(message)
            return False
        cut = self._cut
        if cut and message.generation_id == _generation(cut.reply) and clock.now() <= cut.until_s:
            cut.reply.reported(message)
            cut.entry.text = cut.reply.heard_text()
            return True
        return False

    # ------------------------------------------------------------------ the reply's own course

    async def _run(self, turn: Turn) -> None:
        try:
            is_whole = await turn.run()
        except asyncio.CancelledError as error:
            # A task group names its cancellation in a frame that the cancellation names.
            traceback.clear_frames(error.__traceback__)
            raise
        except Exception as error:
            self._fail(turn, first_error(error))
        else:
            self._finish(turn, "completed" if is_whole else "failed", turn.reply.script.text())

    def _fail(self, turn: Turn, error: BaseException) -> None:
        if turn is not self.turn:
            # It was cut, and broke before its cancellation arrived.
            log.warning("turn.failed_after_its_end", exc_info=error)
            return
        turn.reply.report(error)
        if turn.reply.playout.is_paused:
            self.resume()  # nobody else will let the client go on with what it has
        self._finish(turn, "failed", turn.reply.sent_text(), interrupted=True)

    def _finish(
        self, turn: Turn, reason: TurnEndReason, said: str, *, interrupted: bool = False
    ) -> None:
        if turn is not self.turn:
            return
        self._history.assistant(said, interrupted=interrupted)
        turn.reply.post(_end_of(turn, reason))
        self._over(reason)

    def _speaks(self, generation: int) -> None:
        if self.turn and generation == _generation(self.turn.reply):
            self._on_phase(Phase.SPEAKING, "speaking")

    def _over(self, reason: TurnEndReason, wire_reason: str | None = None) -> None:
        turn, self.turn = self.turn, None
        metrics.TURNS.labels(reason).inc()
        log.info("turn.end", reason=reason, generation_id=turn and _generation(turn.reply))
        self._on_phase(Phase.NONE, wire_reason or reason)


def _end_of(turn: Turn, reason: TurnEndReason) -> TurnEnd:
    return TurnEnd(reason=reason, metrics=turn.reply.measured.values())


def _generation(reply: Reply) -> int:
    return reply.stamp.generation_id
