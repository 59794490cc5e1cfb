"""A page without a screen: it plays what it is sent, in time, and reports what it plays.

It stands in for the client in replays and scenarios, as a `Sink` of the outbox. It decides nothing
about the conversation, and what it plays has no pictures: a chunk is a number and a duration.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from pydantic import TypeAdapter

from backend import clock
from backend.protocol import (
    AnyServerMessage,
    Playback,
    PlaybackControl,
    PlaybackEvent,
    ServerMessage,
    TtsAudioChunk,
    TurnEnd,
    VideoChunkMeta,
)

_server: TypeAdapter[AnyServerMessage] = TypeAdapter(AnyServerMessage)

Told = Callable[[ServerMessage, int], None]
Tell = Callable[[Playback], None]


@dataclass(frozen=True, slots=True)
class Manner:
    """How a page plays.

    `start_ms` pass from the arrival of a reply's first chunk to its first picture, `gap_ms`
    between one chunk and the next. A page that does not report plays all the same.
    """

    start_ms: float = 0.0
    gap_ms: float = 0.0
    reports: bool = True


@dataclass(slots=True)
class _Clip:
    generation: int
    chunk_seq: int
    duration_s: float
    played_s: float = 0.0
    is_started: bool = False


class Page:
    """`told` hears every message and the size of its media; `tell` takes the page's reports."""

    def __init__(self, manner: Manner, told: Told, tell: Tell) -> None:
        self._manner = manner
        self._told = told
        self._tell = tell
        self._owed: VideoChunkMeta | TtsAudioChunk | None = None
        self._generation = -1
        self._clips: deque[_Clip] = deque()
        self._since_s = 0.0
        self._playing: asyncio.Task[None] | None = None
        self._is_paused = False

    # ------------------------------------------------------------------ what comes in

    async def send_text(self, data: str) -> None:
        message = _server.validate_json(data)
        if isinstance(message, VideoChunkMeta | TtsAudioChunk):
            self._owed = message
            return
        self._told(message, 0)
        match message:
            case TurnEnd(reason="interrupted"):
                self.stop()
            case PlaybackControl(action="pause"):
                self._pause()
            case PlaybackControl(action="resume"):
                self._resume()

    async def send_bytes(self, data: bytes) -> None:
        meta, self._owed = self._owed, None
        assert meta is not None, "a binary frame without its meta"
        assert meta.size == len(data), "a binary frame of another size than its meta says"
        self._told(meta, len(data))
        self._queue(_Clip(meta.generation_id or 0, meta.chunk_seq, meta.duration_ms / 1000))

    # ------------------------------------------------------------------ playing

    def stop(self) -> None:
        """Fall silent and forget what was not played."""
        self._halt()
        if self._clips and self._clips[0].is_started:
            self._report("stopped", self._clips[0])
        self._clips.clear()
        self._is_paused = False

    def _queue(self, clip: _Clip) -> None:
        if clip.generation != self._generation:
            self._generation = clip.generation
            self._clips.clear()
        self._clips.append(clip)
        self._go_on()

    def _pause(self) -> None:
        self._is_paused = True
        self._halt()
        if self._clips and self._clips[0].is_started:
            self._report("paused", self._clips[0])

    def _resume(self) -> None:
        self._is_paused = False
        if self._clips and self._clips[0].is_started:
            self._report("resumed", self._clips[0])
        self._go_on()

    def _go_on(self) -> None:
        is_playing = self._playing is not None and not self._playing.done()
        if self._clips and not self._is_paused and not is_playing:
            self._playing = asyncio.create_task(self._play(), name="page")

    def _halt(self) -> None:
        """Stop where it is; how far it came is remembered."""
        if self._playing is None or self._playing.done():
            return
        self._playing.cancel()
        if self._clips[0].is_started:
            self._clips[0].played_s += clock.now() - self._since_s
        self._playing = None

    async def _play(self) -> None:
        while self._clips:
            clip = self._clips[0]
            if not clip.is_started:
                is_first = clip.chunk_seq == 0
                await asyncio.sleep(self._wait_ms(is_first) / 1000)
                clip.is_started = True
                self._report("started", clip)
            self._since_s = clock.now()
            await asyncio.sleep(clip.duration_s - clip.played_s)
            clip.played_s = clip.duration_s
            self._clips.popleft()
            self._report("ended", clip)

    def _wait_ms(self, is_first: bool) -> float:
        return self._manner.start_ms if is_first else self._manner.gap_ms

    def _report(self, event: PlaybackEvent, clip: _Clip) -> None:
        if self._manner.reports:
            self._tell(
                Playback(
                    generation_id=clip.generation,
                    chunk_seq=clip.chunk_seq,
                    event=event,
                    position_ms=round(clip.played_s * 1000, 1),
                )
            )
