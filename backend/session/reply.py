"""What the stages of one reply share: the request, the ledger, and the way to the client."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from backend import clock, metrics
from backend.errors import AvatarChatError, wire_error
from backend.handlers.cancelling import raise_if_cancelled
from backend.handlers.messages import Prompt, Stamp
from backend.protocol import Chunking, Notice, Output, Playback, ServerMessage
from backend.session.idle_loop import IdleLoop
from backend.session.outbox import Outbox
from backend.session.playout import Playout
from backend.session.script import Script
from backend.session.stages import Stages
from backend.session.turn_metrics import TurnMetrics

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Request:
    """What to answer. Without a `prompt` the avatar says `text` itself.

    `asked_at` is the second at which the user's turn was complete: the text came, or the voice
    fell silent.
    """

    text: str
    output: Output
    language: str
    asked_at: float
    prompt: Prompt | None = None
    streaming: bool = True
    emotion: str | None = None
    chunking: Chunking = "sentence"


@dataclass(frozen=True, slots=True)
class Reply:
    """One generation. `idle_loop` says what the page shows while nobody speaks, if it told us;
    `report` tells the client what went wrong."""

    request: Request
    stages: Stages
    outbox: Outbox
    stamp: Stamp
    measured: TurnMetrics
    report: Callable[[BaseException], None]
    idle_loop: Callable[[], IdleLoop | None] = lambda: None
    script: Script = field(default_factory=Script)
    playout: Playout = field(default_factory=Playout)
    _lost: set[str] = field(default_factory=set)

    def post(self, message: ServerMessage) -> None:
        self.outbox.post(message, self.stamp.generation_id)

    # ------------------------------------------------------------------ what was heard

    def heard_text(self) -> str:
        """All up to the last word that was heard (all of it when nothing is played)."""
        if self.request.output == "text":
            return self.script.text()
        return self.script.heard(self.playout, clock.now())

    def sent_text(self) -> str:
        """All up to the last word that the client has, played or not."""
        return self.script.heard(self.playout, self.playout.ends_s)

    def reported(self, message: Playback) -> None:
        """The client's word on one of its chunks."""
        now_s = clock.now()
        self.playout.reported(message.chunk_seq, message.event, now_s, message.position_ms)
        if message.chunk_seq == 0 and message.event == "started":
            self.measured.mark("first_frame")
        if message.event == "underrun":
            self.measured.add("underruns", 1)

    # ------------------------------------------------------------------ what went wrong

    def lost(self, component: str, error: Exception, fallback: str) -> None:
        """A part of the reply could not be made, and `fallback` stands in its place."""
        raise_if_cancelled(error)
        if not isinstance(error, AvatarChatError):
            log.error("reply.stage_crashed", component=component, exc_info=error)
        code, text, _ = wire_error(error)
        log.warning("reply.part_lost", component=component, to=fallback, code=code, reason=text)
        if component not in self._lost:
            metrics.FALLBACKS.labels(component, fallback).inc()
        self._lost.add(component)
        notice = Notice(component=component, level="warning", text=text, to=fallback)
        self.post(notice)
