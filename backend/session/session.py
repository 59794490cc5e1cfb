"""One conversation: what its client may ask, and what follows from it.

It owns the stages, the outbox, the history, the ear and the floor. It does not know sockets, other
sessions or how a stage does its work. It outlives the line to its client: `detach` and `attach`.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from functools import partial

import structlog

from backend import clock, metrics
from backend.config import Settings
from backend.errors import AvatarChatError, wire_error
from backend.handlers.fallback import OnChange, ProviderChange
from backend.handlers.messages import SAMPLE_RATE, Pcm, Stamp
from backend.protocol import (
    ConfigUpdate,
    ContextUpdate,
    ErrorMessage,
    Hello,
    IdlePosition,
    Notice,
    Playback,
    Say,
    ServerMessage,
    SessionReady,
    StartListen,
    StateUpdate,
    Text,
    UiEvent,
)
from backend.session.asked import Asked
from backend.session.choices import Choices
from backend.session.ear import Ear
from backend.session.ear_metrics import EarMetrics
from backend.session.floor import Floor
from backend.session.history import History
from backend.session.idle_loop import IdleLoop
from backend.session.interlocutor import Heard, Interlocutor
from backend.session.outbox import Outbox
from backend.session.questions import Questions
from backend.session.reply import Reply, Request
from backend.session.stages import Stages
from backend.session.state import Conversation, Phase
from backend.session.store.record import SessionRecord
from backend.session.timeline import NullTimeline, Timeline
from backend.session.turn_metrics import TurnMetrics, Work
from backend.session.turn_taking.decisions import EarEvent

LINE_LOST = "line_lost"

log = structlog.get_logger()

MakeStages = Callable[[str, OnChange], Stages]


class Session:
    """All its methods run on the event loop; none of them blocks it.

    on_change: told when something has changed that another life of the conversation would need.
    """

    def __init__(
        self,
        session_id: str,
        settings: Settings,
        make_stages: MakeStages,
        on_change: Callable[[Session], None] = lambda session: None,
        timeline: Timeline | None = None,
    ) -> None:
        self.id = session_id
        self.resume_token = secrets.token_urlsafe(24)
        self.settings = settings
        self.timeline = timeline or NullTimeline()
        self.outbox = Outbox(session_id, on_sent=self.timeline.sent)
        self.history = History(settings.session.history_turns)
        self.began_s = self.last_active = clock.now()
        self.ended: str | None = None
        self.stages = make_stages(session_id, self._replaced)
        self.choices = Choices(self.stages.check)
        self._questions = Questions(self.history, self.choices, settings.llm)
        self._on_change = on_change
        self._floor = Floor(self.outbox, self.history, settings.session.report_wait_s, self._phase)
        interlocutor = Interlocutor(self._floor, self.post, self._answer_heard, self.report)
        self._ear = Ear(self.stages, lambda: self._stamp(1), interlocutor, self._observed)
        self._ear_metrics = EarMetrics()
        self._conversation = Conversation()
        self._idle_loop: IdleLoop | None = None
        self._greeted = False

    # ------------------------------------------------------------------ life

    async def attach(
        self, hello: Hello | None, ready: Callable[[bool], SessionReady], *, resumed: bool = False
    ) -> None:
        """A line to the client: load what every reply needs, then greet.

        A conversation that had a line before goes on over the new one.

        Raises:
            AvatarChatError: a stage has no provider that works, or the avatar is unknown.
        """
        refusals = [] if hello is None else self.choices.greeted(hello)
        if self._greeted:
            self.outbox.restart()
        await self.stages.initialize(self.choices.options)
        self.post(ready(resumed or self._greeted))
        self._greeted = True
        self.post(StateUpdate(state=self.state, reason="ready"))
        for refusal in refusals:
            self.report(refusal)
        if resumed:
            await self._answer_what_is_owed()
        self._on_change(self)

    def hello_again(self, hello: Hello) -> None:
        """A `hello` that came after the greeting holds from the first turn on."""
        for refusal in self.choices.greeted_again(hello):
            self.report(refusal)

    async def detach(self) -> None:
        """The line is gone: nobody hears, nobody speaks. Safe to call twice."""
        await self._ear.close()
        async with self._floor.lock:
            await self._floor.clear(LINE_LOST)
        self._idle_loop = None
        self._move(self._conversation.listen(False), LINE_LOST)
        self.timeline.note(LINE_LOST)
        self.timeline.flush()

    async def close(self, reason: str) -> None:
        """Stop everything and give everything back. Safe to call twice."""
        if self.ended is not None:
            return
        self.ended = reason
        await self._ear.close()
        async with self._floor.lock:
            await self._floor.clear(reason)
            await self._floor.stop()  # the one that an unfinished interruption left behind
        await self.stages.release()
        self.timeline.note("session_ended", reason=reason)
        self.timeline.close()
        metrics.SESSIONS_ENDED.labels(reason).inc()

    def record(self) -> SessionRecord:
        """What another life of this conversation needs."""
        return SessionRecord(
            session_id=self.id,
            resume_token=self.resume_token,
            generation=self.outbox.generation,
            output=self.choices.output,
            options=self.choices.latest,
            history=self.history.items(),
            asked=self._questions.asked.ids,
            is_spoken=self._questions.is_spoken,
        )

    def restore(self, record: SessionRecord) -> None:
        """Go on where an earlier life has ended; before the first line is attached."""
        self.resume_token = record.resume_token
        self.outbox.generation = record.generation + 1
        self.choices.restore(record.output, record.options)
        self.history.restore(record.history)
        self._questions.asked = Asked(record.asked)
        self._questions.is_spoken = record.is_spoken

    @property
    def state(self) -> str:
        return self._conversation.state

    @property
    def is_at_rest(self) -> bool:
        """Nothing is said, thought or heard: to move on now would cost nobody a word."""
        return self._floor.turn is None and not self._ear.is_hearing

    @property
    def answered(self) -> str | None:
        """The client's id of the last typed turn, if something of its answer was heard."""
        return self._questions.answered

    @property
    def avatar_id(self) -> str:
        """The avatar that its options name; empty for the service's default."""
        return self.choices.options.avatar or self.settings.avatar.default

    def waiting(self) -> dict[str, int]:
        """What waits in each of its queues."""
        turn = self._floor.turn
        sentences, sounds = turn.waiting() if turn else (0, 0)
        return {
            "microphone": self._ear.backlog,
            "sentences": sentences,
            "sounds": sounds,
            "outbox": self.outbox.waiting[0],
        }

    def idle_since(self) -> float:
        """Second of the last sign of life; now, while a reply runs or somebody speaks."""
        return self.last_active if self.is_at_rest else clock.now()

    # ------------------------------------------------------------------ what a client may ask

    async def text(self, message: Text) -> None:
        await self._answer(
            message.text,
            clock.now(),
            streaming=message.streaming,
            message_id=message.message_id,
        )

    async def say(self, message: Say) -> None:
        asked_at = clock.now()
        async with self._floor.lock:
            if await self._take_the_floor():
                self._begin(self._questions.say(message, asked_at))

    async def interrupt(self, reason: str = "interrupt") -> None:
        async with self._floor.lock:
            await self._floor.clear(reason)

    async def start_listen(self, message: StartListen) -> None:
        """Open the microphone. Whoever takes the floor stops the avatar."""
        async with self._floor.lock:
            self._move(self._conversation.listen(True), "start_listen")
            await self._floor.clear("start_listen")
            if self.ended is None:
                self._ear.open(message.echo_cancellation)

    def stop_listen(self) -> None:
        """Close the microphone; what was said so far is recognised at once."""
        self._move(self._conversation.listen(False), "stop_listen")
        self._ear.finish()

    def hear(self, pcm: Pcm) -> None:
        """Microphone samples, 16 kHz mono.

        Raises:
            NotListening: the microphone stream is closed.
        """
        if self._ear.push(pcm):
            self.timeline.microphone(pcm)

    async def hear_out(self, pcm: Pcm) -> None:
        """A recording of one whole utterance, 16 kHz mono, heard at once."""
        self.timeline.note("upload", ms=pcm.size * 1000 // SAMPLE_RATE)
        async with self._floor.lock:
            await self._floor.clear("upload")
            if self.ended is None:
                self._ear.read(pcm)

    def context_update(self, message: ContextUpdate) -> None:
        self.last_active = clock.now()
        self._questions.notes.looking_at(message)

    def ui_event(self, message: UiEvent) -> None:
        self.last_active = clock.now()
        self._questions.notes.happened(message)

    async def config_update(self, message: ConfigUpdate) -> None:
        """Checked now, in force from the next turn."""
        self.choices.update(message)
        self._on_change(self)

    def playback(self, message: Playback) -> None:
        if message.event == "underrun":
            metrics.UNDERRUNS.inc()
        if self._floor.reported(message):
            self._on_change(self)

    def idle_position(self, message: IdlePosition) -> None:
        """Where the page's loop is now; speech begins from there."""
        self._idle_loop = IdleLoop(message.position_ms, clock.now(), message.clip)

    # ------------------------------------------------------------------ what the session says

    def post(self, message: ServerMessage) -> None:
        self.outbox.post(message)

    def report(self, error: BaseException, *, is_last: bool = False) -> None:
        """Tell the client; the session goes on unless the error, or the caller, says otherwise."""
        code, text, recoverable = wire_error(error)
        metrics.ERRORS.labels(code).inc()
        log.warning("session.error", code=code, error=type(error).__name__)
        if not isinstance(error, AvatarChatError):
            log.error("session.crashed", exc_info=error)
        recoverable = recoverable and not is_last
        self.post(ErrorMessage(code=code, message=text, recoverable=recoverable))

    def _replaced(self, change: ProviderChange) -> None:
        """Another provider took over; before the greeting, the greeting itself says so."""
        if change.is_loss:
            metrics.FALLBACKS.labels(change.component, change.to_provider).inc()
        if self._greeted:
            self.post(
                Notice(
                    component=change.component,
                    level="warning",
                    text=change.reason,
                    from_=change.from_provider,
                    to=change.to_provider,
                )
            )

    # ------------------------------------------------------------------ turns

    async def _answer_heard(self, heard: Heard) -> None:
        await self._answer(heard.text, heard.speech_ended_s, heard)

    async def _answer(
        self,
        text: str,
        asked_at: float,
        heard: Heard | None = None,
        *,
        streaming: bool = True,
        message_id: str | None = None,
    ) -> None:
        async with self._floor.lock:
            is_answering = self._floor.turn is not None
            if self._questions.is_settled(message_id, is_answering=is_answering):
                return
            if not await self._take_the_floor():
                return
            request = self._questions.ask(
                text,
                asked_at,
                self._stamp(1),
                streaming=streaming,
                message_id=message_id,
                is_spoken=heard is not None,
            )
            self._on_change(self)
            reply = self._begin(request)
            if heard is not None:
                if heard.first_partial_s is not None:
                    reply.measured.mark("first_partial", heard.first_partial_s)
                reply.measured.mark("final", heard.final_s)

    async def _answer_what_is_owed(self) -> None:
        """The line was lost before a word of the answer; typed turns come again by themselves."""
        async with self._floor.lock:
            request = self._questions.ask_what_is_owed(clock.now(), self._stamp(1))
            if request is not None and self.ended is None:
                self._begin(request)

    async def _take_the_floor(self) -> bool:
        """End what is being said and let new options hold; `False` once the session has ended."""
        if self.ended is not None:
            return False
        await self._floor.clear("new_turn")
        if self.choices.take_effect():
            await self.stages.reconfigure(self.choices.options)
        return True

    def _begin(self, request: Request) -> Reply:
        generation = self.outbox.open_generation()
        reply = Reply(
            request,
            self.stages,
            self.outbox,
            self._stamp(0),
            TurnMetrics(
                request.asked_at,
                partial(self._marked, generation),
                partial(self._worked, generation),
            ),
            self.report,
            idle_loop=lambda: self._idle_loop,
        )
        self._floor.begin(reply, self.settings.session.queue_size)
        return reply

    def _marked(self, generation: int, mark: str, ms: float) -> None:
        self.timeline.note("mark", generation, mark=mark, ms=round(ms, 1))

    def _worked(self, generation: int, work: Work) -> None:
        self.timeline.note("work", generation, **work.facts(clock.now()))

    def _observed(self, event: EarEvent) -> None:
        self.timeline.observed(event)
        self._ear_metrics.observed(event)

    def _phase(self, phase: Phase, reason: str) -> None:
        self._move(self._conversation.reply(phase), reason)
        if phase is Phase.NONE:
            if reason != LINE_LOST:  # else it was answered, or is not wanted any more
                self._questions.is_spoken = False
            self._on_change(self)

    # ------------------------------------------------------------------ small things

    def _move(self, conversation: Conversation, reason: str) -> None:
        before, self._conversation = self._conversation.state, conversation
        self.last_active = clock.now()
        if conversation.state != before:
            self.post(
                StateUpdate(
                    state=conversation.state,
                    reason=reason,
                    generation_id=self.outbox.live_generation,
                )
            )

    def _stamp(self, ahead: int) -> Stamp:
        """Of the current generation, or of the one about to open."""
        return Stamp(self.id, self.outbox.generation + ahead)
