"""A page without a screen: it plays what it is sent, in time, and reports what it plays.

It is the client's end of a `Line` in replays and scenarios. It decides nothing about the
conversation, and what it plays has no pictures: a chunk is a number and a duration.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from pydantic import TypeAdapter

from backend import clock
from backend.api.line import Frame, LineLost
from backend.handlers.messages import Pcm
from backend.protocol import (
    AnyServerMessage,
    ClientMessage,
    Playback,
    PlaybackControl,
    PlaybackEvent,
    TtsAudioChunk,
    TurnEnd,
    VideoChunkMeta,
)

_server: TypeAdapter[AnyServerMessage] = TypeAdapter(AnyServerMessage)

OnMessage = Callable[[AnyServerMessage], None]


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
    """One line to the service; see `backend.api.line`. `on_message` hears all that is sent."""

    def __init__(self, manner: Manner, on_message: OnMessage = lambda message: None) -> None:
        self._manner = manner
        self._on_message = on_message
        self._outgoing: asyncio.Queue[Frame | None] = asyncio.Queue()
        self._is_open = True
        self._owed: VideoChunkMeta | TtsAudioChunk | None = None
        self._generation = -1
        self._clips: deque[_Clip] = deque()
        self._since_s = 0.0
        self._playing: asyncio.Task[None] | None = None
        self._is_paused = False

    # ------------------------------------------------------------------ what the user does

    def say(self, message: ClientMessage) -> None:
        self._outgoing.put_nowait(message.model_dump_json(exclude_none=True))

    def speak(self, pcm: Pcm) -> None:
        """One frame of the microphone."""
        self._outgoing.put_nowait(pcm.astype("<i2", copy=False).tobytes())

    def hang_up(self) -> None:
        """The line is cut: nothing comes or goes any more, and nobody says so."""
        self._is_open = False
        self._halt()
        self._clips.clear()
        self._outgoing.put_nowait(None)

    # ------------------------------------------------------------------ the line

    @property
    def is_open(self) -> bool:
        return self._is_open

    async def receive(self) -> Frame:
        frame = await self._outgoing.get()
        if frame is None or not self._is_open:
            raise LineLost("cut")
        return frame

    async def send_text(self, data: str) -> None:
        self._must_be_open()
        message = _server.validate_json(data)
        if isinstance(message, VideoChunkMeta | TtsAudioChunk):
            self._owed = message
            return
        self._on_message(message)
        match message:
            case TurnEnd(reason="interrupted"):
                self._stop()
            case PlaybackControl(action="pause"):
                self._pause()
            case PlaybackControl(action="resume"):
                self._resume()

    async def send_bytes(self, data: bytes) -> None:
        self._must_be_open()
        meta, self._owed = self._owed, None
        assert meta is not None, "a binary frame without its meta"
        assert meta.size == len(data), "a binary frame of another size than its meta says"
        self._on_message(meta)
        self._queue(_Clip(meta.generation_id or 0, meta.chunk_seq, meta.duration_ms / 1000))

    async def close(self, code: int) -> None:
        self.hang_up()

    def _must_be_open(self) -> None:
        if not self._is_open:
            raise LineLost("cut")

    # ------------------------------------------------------------------ playing

    def _queue(self, clip: _Clip) -> None:
        if clip.generation != self._generation:
            self._generation = clip.generation
            self._halt()
            self._clips.clear()
            self._is_paused = False
        self._clips.append(clip)
        self._go_on()

    def _stop(self) -> None:
        """Interrupted: fall silent, and forget what was not played."""
        self._halt()
        self._report_current("stopped")
        self._clips.clear()
        self._is_paused = False

    def _pause(self) -> None:
        self._is_paused = True
        self._halt()
        self._report_current("paused")

    def _resume(self) -> None:
        self._is_paused = False
        self._report_current("resumed")
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
        self._playing = None
        if self._clips and self._clips[0].is_started:
            self._clips[0].played_s += clock.now() - self._since_s

    async def _play(self) -> None:
        while self._clips:
            clip = self._clips[0]
            if not clip.is_started:
                is_first = clip.chunk_seq == 0
                wait_ms = self._manner.start_ms if is_first else self._manner.gap_ms
                await asyncio.sleep(wait_ms / 1000)
                clip.is_started = True
                self._report("started", clip)
            self._since_s = clock.now()
            await asyncio.sleep(clip.duration_s - clip.played_s)
            clip.played_s = clip.duration_s
            self._clips.popleft()
            self._report("ended", clip)

    def _report_current(self, event: PlaybackEvent) -> None:
        if self._clips and self._clips[0].is_started:
            self._report(event, self._clips[0])

    def _report(self, event: PlaybackEvent, clip: _Clip) -> None:
        if self._manner.reports:
            self.say(
                Playback(
                    generation_id=clip.generation,
                    chunk_seq=clip.chunk_seq,
                    event=event,
                    position_ms=round(clip.played_s * 1000, 1),
                )
            )
