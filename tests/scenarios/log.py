"""What happened, kept in memory, for whoever waits for it or looks at it afterwards."""

from __future__ import annotations

import asyncio

from backend.session.timeline import Event, Header
from tests.scenarios.schema import See


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


def is_seen(see: See, event: Event) -> bool:
    """Whether the event is the one that is meant."""
    if see.see != event.event or see.generation not in (None, event.generation):
        return False
    return all(event.facts.get(name) == value for name, value in see.facts.items())
