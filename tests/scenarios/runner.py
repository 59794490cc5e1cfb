"""Plays a scenario: the real gateway and session, stages and a page as the file says.

Runs in virtual time, so a minute of conversation takes no time to test.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from structlog.testing import capture_logs

from backend import clock, virtual_time
from backend.config import Settings, load_settings
from backend.protocol import (
    Hello,
    HistoryItem,
    Interrupt,
    Say,
    StartListen,
    StopListen,
    Text,
)
from backend.replay.page import Manner, Page
from backend.session.timeline import Event
from tests.scenarios.house import House
from tests.scenarios.log import is_seen
from tests.scenarios.schema import Scenario, Step
from tests.scenarios.soundscape import FRAME_SAMPLES, Soundscape
from tests.scenarios.wire import Wire

FRAME_S = 0.02


class Outcome:
    """What happened, and what is remembered."""

    def __init__(self, events: Sequence[Event], history: Sequence[HistoryItem]) -> None:
        self.events = events
        self.history = history


class Stage:
    """One scenario in the making."""

    def __init__(self, scenario: Scenario, settings: Settings) -> None:
        self._scenario = scenario
        self._sound = Soundscape()
        self._house = House(settings, scenario.stages, self._sound)
        self._wire = Wire()
        self._began_s = clock.now()
        self._page = self._new_page()
        self._microphone: asyncio.Task[None] | None = None

    async def play(self) -> Outcome:
        async with self._house.open():
            self._connect()
            async with asyncio.timeout_at(self._began_s + self._scenario.until_s) as end:
                async with asyncio.TaskGroup() as group:
                    for step in self._scenario.do:
                        group.create_task(self._do(step))
                await asyncio.sleep(max(0.0, (end.when() or 0.0) - clock.now() - FRAME_S))
            history = self._house.sessions[-1].history.items()
            self._close_microphone()
            self._page.hang_up()
        assert not self._wire.wrong, self._wire.wrong[0]
        return Outcome(self._house.log.events, history)

    # ------------------------------------------------------------------ what the user does

    async def _do(self, step: Step) -> None:
        if step.after is not None:
            await self._house.log.wait_for(step.after)
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

    # ------------------------------------------------------------------ the line

    def _new_page(self) -> Page:
        client = self._scenario.client
        manner = Manner(client.start_ms, client.gap_ms, client.reports)
        return Page(manner, self._wire.take)

    def _connect(self, resume_token: str | None = None) -> None:
        client = self._scenario.client
        hello = Hello(
            output=client.output, video=client.video, record=True, resume_token=resume_token
        )
        self._house.connect(self._page, hello)


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
