"""The microphone of one session: takes its samples, and has a `Listener` make turns of them.

One task per open microphone, which ends with everything it has started. Where frames stop coming
in the middle of something, what is missing is taken for silence. What is said, and whose turn it
is, is `turn_taking`'s business.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from backend import clock, metrics
from backend.errors import NotListening, RateLimited
from backend.handlers.cancelling import raise_if_cancelled
from backend.handlers.messages import SAMPLE_RATE, Pcm, Stamp
from backend.session.stages import Stages
from backend.session.turn_taking.conversation import AvatarSpeech, Conversationalist
from backend.session.turn_taking.decisions import EarEvent
from backend.session.turn_taking.listener import Listener
from backend.session.turn_taking.recogniser import Recognised

__all__ = ["AvatarSpeech", "Conversationalist", "Ear", "EarEvent"]

MAX_BACKLOG_FRAMES = 3000  # a minute of 20 ms frames
MISSING_S = 1.0
"""Frames that are so late are taken for silence, this much at a time."""


@dataclass(frozen=True, slots=True)
class _Sound:
    """Samples, the last of which came at the clock second `at_s`; the next are due in a while."""

    pcm: Pcm
    at_s: float
    next_by_s: float


@dataclass(frozen=True, slots=True)
class _Opened:
    echo_cancellation: bool


@dataclass(frozen=True, slots=True)
class _Closed:
    """What was said so far is all."""


@dataclass(frozen=True, slots=True)
class _Whole:
    """An utterance that nobody has to find the end of."""

    pcm: Pcm


_Item = _Sound | _Opened | _Closed | _Whole | Recognised


class Ear:
    """Tells `conversation` what it hears, and `observe` how it came to it."""

    def __init__(
        self,
        stages: Stages,
        stamp: Callable[[], Stamp],
        conversation: Conversationalist,
        observe: Callable[[EarEvent], None] = lambda event: None,
    ) -> None:
        self._stages = stages
        self._stamp = stamp
        self._conversation = conversation
        self._observe = observe
        self._inbox: asyncio.Queue[_Item] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None
        self._listener: Listener | None = None
        self._open = False
        self._has_refused = False

    def open(self, echo_cancellation: bool | None) -> None:
        """Start to listen. Without a word on echo cancellation there is none."""
        self._open = True
        self._has_refused = False
        self._inbox.put_nowait(_Opened(bool(echo_cancellation)))
        self._start()

    def push(self, pcm: Pcm) -> bool:
        """Microphone samples. Returns whether they are taken.

        Raises:
            NotListening: the microphone is closed; said once until it is opened again.
            RateLimited: sound comes in faster than it can be taken.
        """
        if not self._open:
            if self._has_refused:
                return False
            self._has_refused = True
            raise NotListening("Audio came while the microphone is closed; send start_listen.")
        if self._inbox.qsize() >= MAX_BACKLOG_FRAMES:
            raise RateLimited("Audio comes in faster than it can be taken.")
        now = clock.now()
        self._inbox.put_nowait(_Sound(pcm, now, now + pcm.size / SAMPLE_RATE + MISSING_S))
        return True

    def read(self, pcm: Pcm) -> None:
        """One whole utterance, apart from the microphone."""
        self._inbox.put_nowait(_Whole(pcm))
        self._start()

    @property
    def is_hearing(self) -> bool:
        """Whether something that was said is not yet understood."""
        return self._listener is not None and self._listener.is_hearing

    @property
    def backlog(self) -> int:
        """Microphone frames that wait to be heard."""
        return self._inbox.qsize()

    def finish(self) -> None:
        """Close the microphone; what was said so far is read at once."""
        if self._open:
            self._open = False
            self._inbox.put_nowait(_Closed())

    async def close(self) -> None:
        """Stop, whatever is going on. Safe to call twice; may be opened again."""
        self._open = False
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._listener = None
        self._stages.vad.flush()  # what was half said is not heard by whoever opens it next
        self._inbox = asyncio.Queue()

    def _start(self) -> None:
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._listen())

    async def _listen(self) -> None:
        inbox, next_by_s = self._inbox, clock.now()
        async with asyncio.TaskGroup() as group:
            self._listener = listener = Listener(
                self._stages,
                self._stamp,
                self._conversation,
                group,
                deliver=inbox.put_nowait,
                observe=self._observe,
            )
            while True:
                item = await _next(inbox, next_by_s if listener.is_waiting else None)
                if isinstance(item, _Sound):
                    next_by_s = item.next_by_s
                try:
                    await _pass_on(item, listener)
                except Exception as error:  # a stage that fails must not leave the session deaf
                    raise_if_cancelled(error)
                    self._conversation.failed(error)
                    await listener.forget()


async def _next(inbox: asyncio.Queue[_Item], by_s: float | None) -> _Item:
    """What comes next, or the silence that takes its place."""
    try:
        async with asyncio.timeout_at(by_s):
            return await inbox.get()
    except TimeoutError:
        now, silence = clock.now(), np.zeros(round(MISSING_S * SAMPLE_RATE), np.int16)
        return _Sound(silence, now, now + MISSING_S)


async def _pass_on(item: _Item, listener: Listener) -> None:
    match item:
        case _Sound():
            await listener.hear(item.pcm, item.at_s)
            metrics.STAGE_SECONDS.labels("vad").observe(clock.now() - item.at_s)
        case _Opened():
            listener.begin(echo_cancellation=item.echo_cancellation)
        case _Closed():
            await listener.finish()
        case _Whole():
            listener.read(item.pcm)
        case Recognised():
            await listener.recognised(item)
