"""The last replies of one session as spans, for who watches it live and for traces."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence

from backend.session.timeline.events import Event
from backend.session.timeline.spans import TurnSpans, turn_spans

MOST_TURNS = 20
MOST_EVENTS = 4000
"""Of replies that are not over, and of the listening before them."""

SETTLED_S = 1.0
"""After the end of an interrupted reply its stages may take so long to let go."""

OnTurn = Callable[[TurnSpans], None]


class RecentTurns:
    """Takes a session's events in order. `on_turn` is given each reply once it is over."""

    def __init__(self, on_turn: OnTurn = lambda turn: None) -> None:
        self._on_turn = on_turn
        self._events: deque[Event] = deque(maxlen=MOST_EVENTS)
        self._turns: deque[TurnSpans] = deque(maxlen=MOST_TURNS)
        self._ended: dict[int, asyncio.TimerHandle] = {}

    @property
    def turns(self) -> Sequence[TurnSpans]:
        """The replies that are over, oldest first."""
        return tuple(self._turns)

    def take(self, event: Event) -> None:
        self._events.append(event)
        if event.event == "server.turn_end" and event.generation is not None:
            loop = asyncio.get_running_loop()
            self._ended[event.generation] = loop.call_later(
                SETTLED_S, self._settle, event.generation
            )

    def close(self) -> None:
        """Nothing follows; what has ended is handed on now."""
        for generation in list(self._ended):
            self._settle(generation)

    def _settle(self, generation: int) -> None:
        self._ended.pop(generation).cancel()
        turn = turn_spans(generation, list(self._events))
        if turn is not None:
            self._turns.append(turn)
            self._on_turn(turn)
            self._forget_until(turn.asked_s)

    def _forget_until(self, asked_s: float) -> None:
        """What came before this reply explains no later one."""
        while self._events and self._events[0].t < asked_s:
            self._events.popleft()
