"""One conversation: what its client may ask, and the reply that is running.

It owns the stages, the outbox, the history and at most one turn. It does not know sockets, other
sessions or how a stage does its work.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import replace

import structlog

from backend import clock, metrics
from backend.config import Settings
from backend.errors import AssetError, AvatarChatError, wire_error
from backend.handlers.base import Options
from backend.handlers.fallback import OnChange, ProviderChange
from backend.handlers.messages import ChatMessage, Pcm, Prompt, Stamp, Transcript
from backend.handlers.text.language import detect_language
from backend.protocol import (
    AsrFinal,
    ConfigUpdate,
    ContextUpdate,
    ErrorMessage,
    Hello,
    IdlePosition,
    Notice,
    Output,
    Playback,
    Say,
    ServerMessage,
    SessionReady,
    StateUpdate,
    Text,
    TurnEnd,
    TurnEndReason,
    UiEvent,
)
from backend.session.ear import Ear
from backend.session.history import History
from backend.session.idle_loop import IdleLoop
from backend.session.notes import Notes
from backend.session.outbox import Outbox
from backend.session.stages import Stages, first_error
from backend.session.state import Conversation, Phase
from backend.session.turn import Request, Turn

CANCEL_BOUND_S = 1.0  # a library that swallows a cancellation may not hold the session longer

log = structlog.get_logger()


class Session:
    """All its methods run on the event loop; none of them blocks it."""

    def __init__(
        self, session_id: str, settings: Settings, make_stages: Callable[[str, OnChange], Stages]
    ) -> None:
        self.id = session_id
        self.resume_token = secrets.token_urlsafe(24)
        self.settings = settings
        self.outbox = Outbox(session_id)
        self.history = History(settings.session.history_turns)
        self.options = Options()
        self.output: Output = "video"
        self.last_active = clock.now()
        self.ended: str | None = None
        self.stages = make_stages(session_id, self._replaced)
        self._ear = Ear(
            self.stages, lambda: self._stamp(1), self._heard, self.report, self._is_busy
        )
        self._notes = Notes()
        self._conversation = Conversation()
        self._turn: Turn | None = None
        self._turn_task: asyncio.Task[None] | None = None
        self._turning = asyncio.Lock()
        self._pending_options: Options | None = None
        self._greeted = False
        self._idle_loop: IdleLoop | None = None

    # ------------------------------------------------------------------ life

    async def open(self, hello: Hello | None, ready: Callable[[], SessionReady]) -> None:
        """Load what every reply needs, then greet the client.

        Raises:
            AvatarChatError: a stage has no provider that works, or the avatar is unknown.
        """
        refusals: list[AvatarChatError] = []
        if hello is not None:
            self.output = hello.output
            self.options, refusals = self._granted(hello)
        await self.stages.initialize(self.options)
        self.post(ready())
        self._greeted = True
        self.post(StateUpdate(state=self.state, reason="ready"))
        for refusal in refusals:
            self.report(refusal)

    def hello_again(self, hello: Hello) -> None:
        """A `hello` that came after the greeting holds from the first turn on."""
        self.output = hello.output
        self._pending_options, refusals = self._granted(hello)
        for refusal in refusals:
            self.report(refusal)

    async def close(self, reason: str) -> None:
        """Stop everything and give everything back. Safe to call twice."""
        if self.ended is not None:
            return
        self.ended = reason
        await self._ear.close()
        async with self._turning:
            await self._cut(reason)
            await self._stop_turn()  # the one that an unfinished interruption left behind
        await self.stages.release()
        metrics.SESSIONS_ENDED.labels(reason).inc()

    @property
    def state(self) -> str:
        return self._conversation.state

    def idle_since(self) -> float:
        """Monotonic second of the last sign of life; now, while a reply runs."""
        return clock.now() if self._turn else self.last_active

    # ------------------------------------------------------------------ what a client may ask

    async def text(self, message: Text) -> None:
        await self._answer(message.text, streaming=message.streaming)

    async def say(self, message: Say) -> None:
        asked_at = clock.now()
        async with self._turning:
            if await self._take_the_floor():
                self._begin(
                    Request(
                        text=message.text,
                        output=self.output,
                        language=detect_language(message.text, self._language),
                        asked_at=asked_at,
                        emotion=message.emotion,
                    )
                )

    async def interrupt(self, reason: str = "interrupt") -> None:
        async with self._turning:
            await self._cut(reason)

    async def start_listen(self) -> None:
        """Open the microphone. Whoever takes the floor stops the avatar."""
        async with self._turning:
            await self._cut("start_listen")
            if self.ended is None:
                self._ear.open()
                self._move(self._conversation.listen(True), "start_listen")

    def stop_listen(self) -> None:
        """Close the microphone; what was said so far is recognised at once."""
        self._move(self._conversation.listen(False), "stop_listen")
        self._ear.finish()

    def hear(self, pcm: Pcm) -> None:
        """Microphone samples, 16 kHz mono.

        Raises:
            NotListening: the microphone stream is closed.
        """
        self._ear.push(pcm)

    def context_update(self, message: ContextUpdate) -> None:
        self.last_active = clock.now()
        self._notes.looking_at(message)

    def ui_event(self, message: UiEvent) -> None:
        self.last_active = clock.now()
        self._notes.happened(message)

    async def config_update(self, message: ConfigUpdate) -> None:
        """Checked now, in force from the next turn."""
        options = choose(self._pending_options or self.options, message)
        self.stages.check(options)
        self._pending_options = options
        if message.output is not None:
            self.output = message.output

    def playback(self, message: Playback) -> None:
        if message.event == "underrun":
            metrics.UNDERRUNS.inc()
        if self._turn and message.generation_id == self._turn.stamp.generation_id:
            self._turn.reported(message.chunk_seq, message.event, clock.now())

    def idle_position(self, message: IdlePosition) -> None:
        """Where the page's idle loop is now; speech begins from there."""
        self._idle_loop = IdleLoop(message.position_ms, clock.now())

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

    async def _heard(self, transcript: Transcript) -> None:
        self.post(
            AsrFinal(
                text=transcript.text,
                language=transcript.language,
                confidence=transcript.confidence,
            )
        )
        await self._answer(transcript.text)

    async def _answer(self, text: str, *, streaming: bool = True) -> None:
        asked_at = clock.now()
        async with self._turning:
            if not await self._take_the_floor():
                return
            self.history.user(text)
            language = detect_language(text, self._language)
            messages = (ChatMessage("system", self._system_prompt()), *self.history.messages())
            self._begin(
                Request(
                    text=text,
                    output=self.output,
                    language=language,
                    asked_at=asked_at,
                    prompt=Prompt(self._stamp(1), messages, language),
                    streaming=streaming,
                )
            )

    async def _take_the_floor(self) -> bool:
        """End what is being said and let new options hold; `False` once the session has ended."""
        if self.ended is not None:
            return False
        await self._cut("new_turn")
        if self._pending_options is not None:
            self.options, self._pending_options = self._pending_options, None
            await self.stages.reconfigure(self.options)
        return True

    def _begin(self, request: Request) -> None:
        generation = self.outbox.open_generation()
        self._turn = turn = Turn(
            request,
            self.stages,
            self.outbox,
            self._stamp(0),
            self.settings.session.queue_size,
            on_speaking=lambda: self._speaks(turn),
        )
        self._move(self._conversation.reply(Phase.THINKING), "turn")
        with structlog.contextvars.bound_contextvars(generation_id=generation):
            self._turn_task = asyncio.create_task(self._run(turn), name=f"turn-{self.id}")

    async def _run(self, turn: Turn) -> None:
        try:
            await turn.run()
        except Exception as error:
            self._fail(turn, first_error(error))
        else:
            self._finish(turn, "completed")

    # A turn that has been cut may still come to its first chunk, its end or a failed clean-up
    # before its cancellation arrives. It has nothing to say any more.

    def _speaks(self, turn: Turn) -> None:
        if turn is self._turn:
            self._move(self._conversation.reply(Phase.SPEAKING), "speaking")

    def _fail(self, turn: Turn, error: BaseException) -> None:
        if turn is not self._turn:
            log.warning("turn.failed_after_its_end", exc_info=error)
            return
        self.report(error)
        self._finish(turn, "failed")

    def _finish(self, turn: Turn, reason: TurnEndReason) -> None:
        if turn is not self._turn:
            return
        is_whole = reason == "completed"
        heard = turn.text() if is_whole else turn.heard_text(clock.now())
        self.history.assistant(heard, interrupted=not is_whole)
        end = TurnEnd(reason=reason, metrics=turn.metrics_ms)
        self.outbox.post(end, turn.stamp.generation_id)
        self._turn_over(reason)

    async def _cut(self, reason: str) -> None:
        """Stop the running reply, if any: silence first, cleaning up second."""
        turn = self._turn
        if turn is None:
            return
        started = clock.now()
        self.outbox.cut_generation(TurnEnd(reason="interrupted", metrics=turn.metrics_ms))
        self.history.assistant(turn.heard_text(started), interrupted=True)
        self._turn_over("interrupted", wire_reason=reason)
        await self._stop_turn()
        metrics.INTERRUPT_SECONDS.observe(clock.now() - started)

    def _turn_over(self, reason: TurnEndReason, wire_reason: str | None = None) -> None:
        self._turn = None
        self.last_active = clock.now()
        metrics.TURNS.labels(reason).inc()
        log.info("turn.end", reason=reason)
        self._move(self._conversation.reply(Phase.NONE), wire_reason or reason)

    async def _stop_turn(self) -> None:
        task = self._turn_task
        if task is None or task.done():
            return
        task.cancel()
        _, late = await asyncio.wait({task}, timeout=CANCEL_BOUND_S)
        if late:
            log.error("turn.cancel_late", bound_s=CANCEL_BOUND_S)

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

    def _granted(self, hello: Hello) -> tuple[Options, list[AvatarChatError]]:
        """What can be granted of a `hello`, and why not the rest."""
        refusals: list[AvatarChatError] = []
        options = choose(self.options, hello)
        try:
            self.stages.check(options)
        except AssetError as error:
            refusals.append(error)
            options = replace(options, avatar=None)
        return options, refusals

    def _is_busy(self) -> bool:
        return self._conversation.phase is not Phase.NONE

    def _stamp(self, ahead: int) -> Stamp:
        """Of the current generation, or of the one about to open."""
        return Stamp(self.id, self.outbox.generation + ahead, 0, clock.now())

    @property
    def _language(self) -> str:
        return self.options.language or "en"

    def _system_prompt(self) -> str:
        role = self.options.role or self.settings.llm.system_prompt
        return self._notes.added_to(role)


def choose(options: Options, message: Hello | ConfigUpdate) -> Options:
    """`options` with what the message names."""
    language = message.language
    return Options(
        avatar=message.avatar or options.avatar,
        role=message.role or options.role,
        voice=message.voice or options.voice,
        language=None if language == "auto" else language or options.language,
        video=message.video or options.video,
    )
