"""Plays a scenario: the real gateway and session, stages and a page as the file says.

Runs in virtual time, so a minute of conversation takes no time to test.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from structlog.testing import capture_logs

from backend import clock, virtual_time
from backend.api.connection import Connection
from backend.api.service import Service
from backend.config import Settings, load_settings
from backend.protocol import (
    AnyServerMessage,
    Hello,
    HistoryItem,
    Interrupt,
    Say,
    SessionReady,
    StartListen,
    StopListen,
    Text,
    TurnEnd,
)
from backend.replay.page import Manner, Page
from backend.session.manager import SessionManager
from backend.session.session import Session
from backend.session.store.keeper import RecordKeeper
from backend.session.store.memory import MemoryStore
from backend.session.timeline import Event, Header, Timeline
from tests.scenarios.schema import Scenario, See, Step
from tests.scenarios.soundscape import FRAME_SAMPLES, Soundscape
from tests.scenarios.stages import scripted_stages

FRAME_S = 0.02


class Log:
    """A timeline's sink that remembers, and tells whoever waits for an event."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self._waiting: list[tuple[See, asyncio.Future[None]]] = []

    def put(self, line: Header | Event) -> bool:
        if isinstance(line, Event):
            self.events.append(line)
            for see, future in self._waiting:
                if not future.done() and is_seen(see, line):
                    future.set_result(None)
        return True

    def flush(self) -> None: ...

    def close(self) -> None: ...

    async def wait_for(self, see: See) -> None:
        """Wait until it happens; what has happened already counts."""
        if any(is_seen(see, event) for event in self.events):
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((see, future))
        await future


class Wire:
    """What the page may rely on, checked message by message, over every line.

    What is wrong is kept: raised here it would only look like a page that has gone.
    """

    def __init__(self) -> None:
        self.resume_token: str | None = None
        self.wrong: list[str] = []
        self._seq = 0
        self._newest = 0
        self._chunk_seq = -1
        self._ended: set[int] = set()

    def new_line(self) -> None:
        self._seq = 0

    def take(self, message: AnyServerMessage) -> None:
        self._seq += 1
        self._must(message.seq == self._seq, "out of sequence", message)
        if isinstance(message, SessionReady):
            self.resume_token = message.resume_token
        if (generation := message.generation_id) is None:
            return
        self._must(generation not in self._ended, "after its end", message)
        if isinstance(message, TurnEnd):
            self._ended.add(generation)
            return
        self._must(generation >= self._newest, "stale", message)
        if generation > self._newest:
            self._newest, self._chunk_seq = generation, -1
        if (chunk_seq := getattr(message, "chunk_seq", None)) is not None:
            self._must(chunk_seq == self._chunk_seq + 1, "chunks out of order", message)
            self._chunk_seq = chunk_seq

    def _must(self, is_right: bool, what: str, message: AnyServerMessage) -> None:
        if not is_right:
            self.wrong.append(f"{what}: {message}")


class Outcome:
    """What happened, and what is remembered."""

    def __init__(self, events: Sequence[Event], history: Sequence[HistoryItem]) -> None:
        self.events = events
        self.history = history


class Stage:
    """One scenario in the making."""

    def __init__(self, scenario: Scenario, settings: Settings) -> None:
        self.log = Log()
        self.sessions: list[Session] = []
        self._scenario = scenario
        self._settings = settings
        self._sound = Soundscape()
        self._wire = Wire()
        self._keeper = RecordKeeper(MemoryStore(settings.store.ttl_s))
        self._manager = SessionManager(settings.session, self._session, self._keeper)
        engine: Any = None  # nothing here asks for one
        self._service = Service(settings, engine, self._manager, (), self._keeper)
        self._began_s = clock.now()
        self._page = self._new_page()
        self._connections: list[asyncio.Task[None]] = []
        self._microphone: asyncio.Task[None] | None = None

    async def play(self) -> Outcome:
        async with self._open():
            self._connect()
            async with asyncio.timeout_at(self._began_s + self._scenario.until_s) as end:
                async with asyncio.TaskGroup() as group:
                    for step in self._scenario.do:
                        group.create_task(self._do(step))
                await asyncio.sleep(max(0.0, (end.when() or 0.0) - clock.now() - FRAME_S))
            history = self.sessions[-1].history.items()
        assert not self._wire.wrong, self._wire.wrong[0]
        return Outcome(self.log.events, history)

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[None]:
        writing = asyncio.create_task(self._keeper.run())
        try:
            yield
        finally:
            self._close_microphone()
            self._page.hang_up()
            await asyncio.gather(*self._connections)
            await self._manager.close()
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)
            await self._keeper.close()

    # ------------------------------------------------------------------ what the user does

    async def _do(self, step: Step) -> None:
        if step.after is not None:
            await self.log.wait_for(step.after)
            await asyncio.sleep(step.plus_s)
        else:
            await asyncio.sleep(max(0.0, self._began_s + (step.at_s or 0.0) - clock.now()))
        self._perform(step)

    def _perform(self, step: Step) -> None:
        now_s = clock.now() - self._began_s
        match step:
            case Step(text=str(words)):
                self._page.say(Text(text=words))
            case Step(say=str(words)):
                self._page.say(Say(text=words))
            case Step(speak=str(words)):
                self._sound.speak(words, now_s, step.for_s)
            case Step(noise="cough"):
                self._sound.noise(now_s, step.for_s)
            case Step(interrupt=True):
                self._page.say(Interrupt())
            case Step(start_listen=True):
                self._open_microphone()
            case Step(stop_listen=True):
                self._close_microphone()
                self._page.say(StopListen())
            case Step(line="lost"):
                self._close_microphone()
                self._page.hang_up()
            case Step(line="back"):
                self._wire.new_line()
                self._page = self._new_page()
                self._connect(self._wire.resume_token)

    def _open_microphone(self) -> None:
        self._page.say(StartListen(echo_cancellation=self._scenario.client.echo_cancellation))
        self._close_microphone()
        self._microphone = asyncio.create_task(self._listen(), name="microphone")

    def _close_microphone(self) -> None:
        if self._microphone is not None:
            self._microphone.cancel()

    async def _listen(self) -> None:
        """A frame is sent when its last sample has been heard."""
        number = round((clock.now() - self._began_s) / FRAME_S)
        while True:
            number += 1
            await asyncio.sleep(self._began_s + number * FRAME_S - clock.now())
            self._page.speak(self._sound.frame((number - 1) * FRAME_SAMPLES))

    # ------------------------------------------------------------------ the service

    def _new_page(self) -> Page:
        client = self._scenario.client
        manner = Manner(client.start_ms, client.gap_ms, client.reports)
        return Page(manner, self._wire.take)

    def _connect(self, resume_token: str | None = None) -> None:
        client = self._scenario.client
        self._page.say(
            Hello(output=client.output, video=client.video, record=True, resume_token=resume_token)
        )
        connection = Connection(self._page, self._service, "s")
        self._connections.append(asyncio.create_task(connection.run(), name="connection"))

    def _session(self, session_id: str) -> Session:
        timeline = Timeline(self.log, self._settings, session_id)
        session = Session(
            session_id,
            self._settings,
            lambda *_: scripted_stages(
                self._settings, self._scenario.stages, self._sound, timeline.note
            ),
            on_change=self._manager.keep,
            timeline=timeline,
        )
        self.sessions.append(session)
        return session


def play(scenario: Scenario) -> Outcome:
    """Play it in virtual time; nothing of it may be left behind."""
    sections = {"timeline": {"dir": None, "record": True}, **scenario.settings}
    settings = load_settings(**sections)

    async def main() -> Outcome:
        outcome = await Stage(scenario, settings).play()
        left = asyncio.all_tasks() - {asyncio.current_task()}
        assert not left, f"left behind: {left}"
        return outcome

    with capture_logs():  # scripted failures are no news
        return virtual_time.run(main())


def is_seen(see: See, event: Event) -> bool:
    """Whether the event is the one that is meant."""
    if see.see != event.event or see.generation not in (None, event.generation):
        return False
    return all(event.facts.get(name) == value for name, value in see.facts.items())


def check(scenario: Scenario, outcome: Outcome) -> None:
    """Hold what happened against what was expected."""
    check_order(scenario, outcome.events)
    for see in scenario.absent:
        found = [event for event in outcome.events if is_seen(see, event)]
        assert not found, f"should not happen: {shown(found[0])}"
    if scenario.most_ahead_s is not None:
        assert most_ahead_s(outcome.events) <= scenario.most_ahead_s
    if scenario.history is not None:
        remembered = [(item.role, item.text, item.interrupted) for item in outcome.history]
        expected = [(item.role, item.text, item.interrupted) for item in scenario.history]
        assert remembered == expected


def check_order(scenario: Scenario, events: Sequence[Event]) -> None:
    rest = list(events)
    before_s = 0.0
    for expected in scenario.expect:
        number = next((n for n, event in enumerate(rest) if is_seen(expected, event)), None)
        assert number is not None, (
            f"missing, or too early: {expected.model_dump(exclude_unset=True)}\n"
            f"{transcript(events)}"
        )
        event, rest = rest[number], rest[number + 1 :]
        due_s = expected.at_s
        if expected.after_s is not None:
            due_s = before_s + expected.after_s
        if due_s is not None:
            assert abs(event.t - due_s) * 1000 <= expected.within_ms, (
                f"expected at {due_s:.3f} s: {shown(event)}\n{transcript(events)}"
            )
        before_s = event.t


def most_ahead_s(events: Sequence[Event]) -> float:
    """The most that was ever drawn and not yet played, in seconds; of one reply at a time."""
    drawn_s = played_s = most_s = 0.0
    started_at: float | None = None
    generation = None
    for event in events:
        if event.event == "fake.drawn":
            if event.generation != generation:
                generation, drawn_s, played_s, started_at = event.generation, 0.0, 0.0, None
            drawn_s += event.facts["seconds"]
            running_s = event.t - started_at if started_at is not None else 0.0
            most_s = max(most_s, drawn_s - played_s - running_s)
        elif event.event == "client.playback" and event.generation == generation:
            if event.facts["event"] == "ended":
                played_s += event.facts["position_ms"] / 1000
            started_at = event.t if event.facts["event"] == "started" else None
    return most_s


def transcript(events: Sequence[Event]) -> str:
    """What happened, without the sound, for the reader of a failed test."""
    return "\n".join(shown(event) for event in events if event.event != "microphone")


def shown(event: Event) -> str:
    facts = " ".join(f"{name}={value}" for name, value in event.facts.items())
    generation = "" if event.generation is None else f" #{event.generation}"
    return f"{event.t:8.3f}{generation} {event.event} {facts}"
