"""Sends a recording through the real pipeline: the gateway, a session and its stages.

What the client did comes at its recorded times, on a loop whose clock skips silence. The words of
the reply are made anew, so it may take another course than the recorded one.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from statistics import median

import numpy as np

from backend import clock, virtual_time
from backend.api.connection import Connection
from backend.api.service import Service
from backend.avatar.create.atelier import Atelier
from backend.config import Settings
from backend.errors import AvatarChatError, BadTimeline
from backend.handlers.messages import Pcm
from backend.protocol import ClientMessage, Hello, parse_client_message
from backend.replay.engine import ThreadEngine
from backend.replay.page import Manner, Page
from backend.replay.reading import Recording
from backend.session.manager import SessionManager
from backend.session.session import Session
from backend.session.stages import StageFactory
from backend.session.store.keeper import RecordKeeper
from backend.session.store.memory import MemoryStore
from backend.session.timeline import Event, Header, Timeline

QUIET_S = 6.0
"""A conversation in which nothing has happened for so long is over; more than any wait in it."""

LONGEST_REPLY_S = 300.0
"""How much longer than its recording a conversation may take."""

NOT_FED = frozenset(("client.hello", "client.playback", "client.audio_chunk", "client.ping"))
"""The page says hello and reports by itself; the sound of `audio_chunk` is in `microphone`."""


class Memory:
    """A timeline's sink that keeps the events."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.has_grown = asyncio.Event()

    def put(self, line: Header | Event) -> bool:
        if isinstance(line, Event):
            self.events.append(line)
            self.has_grown.set()
        return True

    def flush(self) -> None: ...

    def close(self) -> None: ...


def replay(recording: Recording, settings: Settings) -> list[Event]:
    """What happens when the same things are said and done again.

    Raises:
        BadTimeline: it holds no words and no sound, or a message that is none.
        AvatarChatError: a stage cannot be loaded.
    """
    if why := recording.why_not_driven():
        raise BadTimeline(f"This timeline cannot be replayed. {why}")
    return virtual_time.run(_Replay(recording, settings).run())


class _Replay:
    def __init__(self, recording: Recording, settings: Settings) -> None:
        self._recording = recording
        self._settings = for_replay(settings)

    async def run(self) -> list[Event]:
        self._memory = Memory()
        async with self._house() as service:
            page = Page(manner_of(self._recording.events))
            page.say(self._hello())
            connection = asyncio.create_task(Connection(page, service, "replay").run())
            await self._greeted()
            await self._feed(page)
            await self._quiet()
            page.hang_up()
            await connection
        return self._memory.events

    @asynccontextmanager
    async def _house(self) -> AsyncIterator[Service]:
        settings, engine = self._settings, ThreadEngine()
        factory = StageFactory(settings, engine)
        keeper = RecordKeeper(MemoryStore(settings.store.ttl_s))

        def make(session_id: str) -> Session:
            timeline = Timeline(self._memory, settings, session_id)
            return Session(session_id, settings, factory.build, timeline=timeline)

        manager = SessionManager(settings.session, make, keeper)
        try:
            await factory.warm_up()
            yield Service(settings, engine, manager, keeper, Atelier(settings.avatar))
        finally:
            await manager.close()
            await engine.close()

    def _hello(self) -> Hello:
        said = [event for event in self._recording.events if event.event == "client.hello"]
        hello = _message(said[0]) if said else Hello()
        assert isinstance(hello, Hello)
        return hello

    async def _greeted(self) -> None:
        while not any(event.event == "server.session_ready" for event in self._memory.events):
            self._memory.has_grown.clear()
            await self._memory.has_grown.wait()

    async def _feed(self, page: Page) -> None:
        began_s = clock.now() - _ready_s(self._recording.events)
        for event in self._recording.events:
            if not event.event.startswith(("client.", "microphone")) or event.event in NOT_FED:
                continue
            await asyncio.sleep(began_s + event.t - clock.now())
            if event.event == "microphone":
                page.speak(_sound(event))
            else:
                page.say(_message(event))

    async def _quiet(self) -> None:
        """Wait until the last reply is through, for a bounded time."""
        until_s = clock.now() + LONGEST_REPLY_S
        while clock.now() < until_s:
            self._memory.has_grown.clear()
            try:
                async with asyncio.timeout(QUIET_S):
                    await self._memory.has_grown.wait()
            except TimeoutError:
                if _state(self._memory.events) in ("idle", "listening"):
                    return


def for_replay(settings: Settings) -> Settings:
    """The same service for one guest, who may do everything at once; nothing goes to a disk."""
    server = settings.server.model_copy(update={"token": None, "max_messages_per_s": 1_000_000})
    timeline = settings.timeline.model_copy(update={"dir": None, "record": True})
    return settings.model_copy(update={"server": server, "timeline": timeline})


def manner_of(events: tuple[Event, ...]) -> Manner:
    """How the recorded page played; ideally where it did not say."""
    sent: dict[tuple[int | None, int], float] = {}
    ended: dict[tuple[int | None, int], float] = {}
    starts_ms, gaps_ms = [], []
    for event in events:
        if (chunk_seq := event.facts.get("chunk_seq")) is None:
            continue
        key = (event.generation, int(chunk_seq))
        if event.event != "client.playback":
            sent.setdefault(key, event.t)
        elif event.facts.get("event") == "ended":
            ended[key] = event.t
        elif event.facts.get("event") == "started" and key in sent:
            before_s = ended.get((event.generation, key[1] - 1))
            if key[1] == 0:
                starts_ms.append((event.t - sent[key]) * 1000)
            elif before_s is not None and before_s >= sent[key]:
                gaps_ms.append((event.t - before_s) * 1000)
    return Manner(
        start_ms=median(starts_ms) if starts_ms else 0.0,
        gap_ms=median(gaps_ms) if gaps_ms else 0.0,
    )


def _state(events: list[Event]) -> object:
    states = [event for event in events if event.event == "server.state_update"]
    return states[-1].facts["state"] if states else None


def _ready_s(events: tuple[Event, ...]) -> float:
    return next((event.t for event in events if event.event == "server.session_ready"), 0.0)


def _message(event: Event) -> ClientMessage:
    generation = {} if event.generation is None else {"generation_id": event.generation}
    fields = {"type": event.event.removeprefix("client."), **event.facts, **generation}
    try:
        return parse_client_message(json.dumps(fields))
    except AvatarChatError as error:
        raise BadTimeline(f"{event.event} at {event.t:.3f} s: {error.message}") from error


def _sound(event: Event) -> Pcm:
    try:
        data = base64.b64decode(event.facts["pcm"], validate=True)
        return np.frombuffer(data, "<i2").astype(np.int16, copy=False)
    except (ValueError, TypeError) as error:
        raise BadTimeline(f"microphone at {event.t:.3f} s: its sound is damaged.") from error
