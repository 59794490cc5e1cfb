"""The service without a network: the real gateway, manager and session over scripted stages."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from backend.api.connection import Connection
from backend.api.service import Service
from backend.avatar.create.atelier import Atelier
from backend.config import Settings
from backend.protocol import Hello
from backend.replay.page import Page
from backend.session.manager import SessionManager
from backend.session.session import Session
from backend.session.store.keeper import RecordKeeper
from backend.session.store.memory import MemoryStore
from backend.session.timeline import Timeline
from tests.scenarios import schema
from tests.scenarios.log import Log
from tests.scenarios.soundscape import Soundscape
from tests.scenarios.stages import scripted_stages


class House:
    """`log` is what the sessions' timelines hold; `sessions` in the order of their lives."""

    def __init__(self, settings: Settings, script: schema.Stages, sound: Soundscape) -> None:
        self.log = Log()
        self.sessions: list[Session] = []
        self._settings = settings
        self._script = script
        self._sound = sound
        self._keeper = RecordKeeper(MemoryStore(settings.store.ttl_s))
        self._manager = SessionManager(settings.session, self._session, self._keeper)
        engine: Any = None  # nothing here asks for one
        self._service = Service(
            settings, engine, self._manager, self._keeper, Atelier(settings.avatar)
        )
        self._connections: list[asyncio.Task[None]] = []

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Within, pages may connect; they have to hang up before the end."""
        writing = asyncio.create_task(self._keeper.run())
        try:
            yield
        finally:
            await asyncio.gather(*self._connections)
            await self._manager.close()
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)
            await self._keeper.close()

    def connect(self, page: Page, hello: Hello) -> None:
        page.say(hello)
        connection = Connection(page, self._service, "s")
        self._connections.append(asyncio.create_task(connection.run(), name="connection"))

    def _session(self, session_id: str) -> Session:
        timeline = Timeline(self.log, self._settings, session_id)
        session = Session(
            session_id,
            self._settings,
            lambda *_: scripted_stages(self._settings, self._script, self._sound, timeline.note),
            on_change=self._manager.keep,
            timeline=timeline,
        )
        self.sessions.append(session)
        return session
