"""Sound in, video out: the object that draws one session's face. Lives in a worker process.

Every call does at most one batch of frames, so that a cancelled reply stops soon and other sessions
have their turn. The caller goes on with `advance` while there is `more`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import cv2
import numpy as np

from backend.avatar.card import DrawnBy
from backend.avatar.codecs import FPS, I420, SAMPLES_PER_FRAME, Pcm, VideoFormat
from backend.avatar.encoder import Encoder
from backend.avatar.file_encoder import FileEncoder
from backend.avatar.hearing import BATCH_FRAMES, Heard, Hearing
from backend.avatar.package import AvatarPackage
from backend.avatar.painter import Shot, open_painter
from backend.avatar.stream_encoder import StreamEncoder
from backend.avatar.template import load_template
from backend.protocol import Container

ENCODERS: Mapping[Container, type[Encoder]] = {"mp4": FileEncoder, "fmp4": StreamEncoder}


@dataclass(frozen=True, slots=True)
class RenderOptions:
    """`drawn_by` overrules the avatar's card."""

    net_threads: int = 1
    crf: int = 23
    audio_kbps: int = 64
    drawn_by: DrawnBy | None = None


@dataclass(frozen=True, slots=True)
class AboutRenderer:
    """What a renderer has loaded, for its owner on the other side of the process border."""

    net: str
    avatar: str
    width: int
    height: int
    fps: int
    loop_frames: int


@dataclass(frozen=True, slots=True)
class Line:
    """One sentence of a reply, as its sound is labelled.

    begin_at: the template frame to begin with, such as the one that idle shows. received_frames:
    how much of the reply has arrived so far.
    """

    reply: int
    sentence: int
    begin_at: int
    container: Container = "mp4"
    received_frames: int = 0


@dataclass(frozen=True, slots=True)
class RenderedChunk:
    """What an `Encoder` cut. `first_frame` is the template frame that it begins with; the first
    `pause_frames` of its frames belong to no sentence yet."""

    data: bytes
    container: Container
    mime: str
    frames: int
    first_frame: int
    pause_frames: int
    is_last: bool


@dataclass(frozen=True, slots=True)
class Progress:
    """After one step: frames of the sentence drawn so far, and the chunk that is full now. `more`
    asks for another `advance`."""

    frames: int = 0
    chunk: RenderedChunk | None = None
    more: bool = False


@dataclass(slots=True)
class _Stream:
    """What the sentences of one reply share. `frames` counts the reply's, up to the last cut, and
    `pause_frames` those since then that only bridge two sentences."""

    reply: int
    encoder: Encoder
    frames: int
    pause_frames: int = 0

    def leads_to(self, line: Line) -> bool:
        here = (self.reply, self.encoder.container, self.frames)
        return here == (line.reply, line.container, line.received_frames)


@dataclass(frozen=True, slots=True)
class _Sentence:
    """What is being drawn."""

    line: Line
    hearing: Hearing
    stream: _Stream


class Renderer:
    """Draws sentence after sentence, each from the template frame that it is told.

    The sentences of a reply share one encoder. A sentence that was left unfinished takes it along,
    and so does a chunk that did not arrive: the rest would have no place in time.
    """

    _rehearsed: ClassVar[set[tuple[Path, Path]]] = set()

    def __init__(self, avatar: Path, model: Path, options: RenderOptions) -> None:
        cv2.setNumThreads(1)  # the pictures are small, and workers are the parallelism
        self._package = AvatarPackage.load(avatar)
        self._painter = open_painter(self._package, model, options.net_threads, options.drawn_by)
        self._template = load_template(self._package)
        card = self._package.card
        self._format = VideoFormat(
            card.width, card.height, self._template.colour, options.crf, options.audio_kbps
        )
        self._position = 0
        self._stream: _Stream | None = None
        self._sentence: _Sentence | None = None
        if (avatar, model) not in self._rehearsed:
            self._rehearse()
            self._rehearsed.add((avatar, model))

    def about(self) -> AboutRenderer:
        card = self._package.card
        return AboutRenderer(self._painter.name, card.id, card.width, card.height, FPS, card.frames)

    def push(self, line: Line, pcm: Pcm, is_last: bool, chunk_frames: int | None) -> Progress:
        """Add sound and draw one batch if its future is known.

        line: what the sound belongs to; another one than before forgets a sentence that was left
        unfinished. pcm: (n,) int16 mono at 16 kHz, any n. chunk_frames: how many fill a chunk; the
        end of the sentence always does.
        """
        if self._sentence is None or line != self._sentence.line:
            self._sentence = self._begin(line)
        self._sentence.hearing.feed(pcm, is_last)
        return self.advance(chunk_frames)

    def advance(self, chunk_frames: int | None) -> Progress:
        """Draw the next batch if it is ready; cut the chunk that is full by then."""
        sentence = self._sentence
        if sentence is None:
            return Progress()
        hearing, encoder = sentence.hearing, sentence.stream.encoder
        if hearing.ready:
            self._draw(sentence.stream, hearing.take())
        if hearing.is_over:
            self._sentence = None
        is_full = chunk_frames is not None and encoder.frames >= chunk_frames
        chunk = None
        if encoder.frames and (is_full or hearing.is_over):
            chunk = self._cut(sentence.stream, hearing.is_over)
        return Progress(hearing.taken, chunk, hearing.ready)

    def _rehearse(self) -> None:
        """Draw a batch for nobody: what a process makes on first use takes a quarter of a second,
        and the first reply should not wait for it."""
        hum = 3000 * np.sin(np.arange(2 * BATCH_FRAMES * SAMPLES_PER_FRAME) / 10)
        self.push(Line(0, 0, 0, "fmp4"), hum.astype(np.int16), True, BATCH_FRAMES)
        self._stream = self._sentence = None

    def _begin(self, line: Line) -> _Sentence:
        is_abandoned, stream = self._sentence is not None, self._stream
        if stream is None or is_abandoned or not stream.leads_to(line):
            encoder = ENCODERS[line.container](self._format)
            self._stream = stream = _Stream(line.reply, encoder, line.received_frames)
        self._position = line.begin_at % len(self._template.frames)
        return _Sentence(line, Hearing(self._painter.listener, type(stream.encoder)), stream)

    def _draw(self, stream: _Stream, heard: Heard) -> None:
        encoder, owed = stream.encoder, stream.encoder.owed_frames
        stream.pause_frames += owed
        numbers = self._numbers(encoder.frames, owed + len(heard.presence))
        encoder.hear(heard.pcm)
        for number in numbers[:owed]:
            encoder.show(self._rest(number))
        for picture in self._paint(numbers[owed:], heard):
            encoder.show(picture)

    def _numbers(self, offset: int, count: int) -> list[int]:
        """Template frames from `offset` after the last cut on."""
        begin = self._position + offset
        return [number % len(self._template.frames) for number in range(begin, begin + count)]

    def _paint(self, numbers: list[int], heard: Heard) -> list[I420]:
        """Every frame of a batch; only those where the mouth shows cost the painter's time."""
        pictures = [self._rest(number) for number in numbers]
        shown = np.flatnonzero(heard.presence)
        if len(shown):
            shots = [Shot(numbers[offset], pictures[offset]) for offset in shown]
            painted = self._painter.paint(shots, heard.drive[shown], heard.presence[shown])
            for offset, picture in zip(shown, painted, strict=True):
                pictures[offset] = picture
        return pictures

    def _rest(self, number: int) -> I420:
        """The template's own frame, not to be written to."""
        return self._template.frames[number].picture

    def _cut(self, stream: _Stream, is_last: bool) -> RenderedChunk:
        encoder, first_frame = stream.encoder, self._position
        frames, pause = encoder.frames, stream.pause_frames
        stream.frames += frames
        stream.pause_frames = 0
        [self._position] = self._numbers(frames, 1)
        data, mime = encoder.cut(ends_sentence=is_last)
        return RenderedChunk(data, encoder.container, mime, frames, first_frame, pause, is_last)
