"""Sound in, video out: the object that draws one session's face. Lives in a worker process.

Every call does at most one batch of frames, so that a cancelled reply stops soon and other sessions
have their turn. The caller goes on with `advance` while there is `more`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import cv2
import numpy as np

from backend.avatar.figure.camera import Camera
from backend.avatar.figure.performance import Beat, Performance
from backend.avatar.lips.articulation_marks import Uttered
from backend.avatar.lips.hearing import BATCH_FRAMES, Heard, Hearing
from backend.avatar.lips.loudness import Loudness
from backend.avatar.mouths.painter import open_painter
from backend.avatar.mouths.template import load_template
from backend.avatar.packages.card import DrawnBy
from backend.avatar.packages.package import AvatarPackage
from backend.avatar.packages.track_cache import IN_MEMORY, TrackCache
from backend.avatar.pictures.codecs import FPS, SAMPLES_PER_FRAME, Pcm, VideoFormat
from backend.avatar.pictures.encoder import Encoder
from backend.avatar.pictures.file_encoder import FileEncoder
from backend.avatar.pictures.stream_encoder import StreamEncoder
from backend.protocol import Clip, Container

ENCODERS: Mapping[Container, type[Encoder]] = {"mp4": FileEncoder, "fmp4": StreamEncoder}


@dataclass(frozen=True, slots=True)
class RenderOptions:
    """`drawn_by` overrules the avatar's card; `cache` is where its decoded loops are kept."""

    net_threads: int = 1
    crf: int = 23
    audio_kbps: int = 64
    drawn_by: DrawnBy | None = None
    head_motion: bool = True
    cache: TrackCache = IN_MEMORY


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

    begin_at: the template frame to begin with, such as the one that the page shows.
    received_frames: how much of the reply has arrived so far. mood: one that the avatar has no
    pictures of is calm. shown: the loop that the page shows until then; None when it shows the
    sentence before. alpha: for an avatar that has a matte, pictures with it (see `matte`).
    """

    reply: int
    sentence: int
    begin_at: int
    container: Container = "mp4"
    received_frames: int = 0
    mood: str | None = None
    shown: Clip | None = None
    alpha: bool = False


@dataclass(frozen=True, slots=True)
class RenderedChunk:
    """What an `Encoder` cut. `first_frame` is the template frame that it begins with; the first
    `pause_frames` of its frames belong to no sentence yet. `width` and `height` are as coded."""

    data: bytes
    container: Container
    mime: str
    width: int
    height: int
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
    camera: Camera
    encoder: Encoder
    performance: Performance
    frames: int
    pause_frames: int = 0

    def leads_to(self, line: Line, camera: Camera) -> bool:
        here = (self.reply, self.encoder.container, self.frames, self.camera)
        return here == (line.reply, line.container, line.received_frames, camera)


@dataclass(slots=True)
class _Sentence:
    """What is being drawn. `goes_on`: something is known to follow it in its reply."""

    line: Line
    hearing: Hearing
    stream: _Stream
    loudness: Loudness = field(default_factory=Loudness)
    goes_on: bool = False

    def beats(self, count: int) -> list[Beat]:
        """How the face behaves in the frames that were taken last."""
        first, end = self.hearing.taken - count, None if self.goes_on else self.hearing.frames
        return [
            self.stream.performance.step(
                self.loudness.at(number), None if end is None else end - number
            )
            for number in range(first, first + count)
        ]


class Renderer:
    """Draws sentence after sentence, each from the template frame that it is told.

    The sentences of a reply share one encoder. A sentence that was left unfinished takes it along,
    and so does a chunk that did not arrive: the rest would have no place in time.
    """

    _rehearsed: ClassVar[set[tuple[Path, Path]]] = set()

    def __init__(self, avatar: Path, model: Path, options: RenderOptions) -> None:
        cv2.setNumThreads(1)  # the pictures are small, and workers are the parallelism
        self._package = AvatarPackage.load(avatar)
        self._painter = open_painter(
            self._package, model, options.net_threads, options.drawn_by, options.cache
        )
        self._template = load_template(self._package, options.cache)
        self._options = options
        self._cameras: dict[bool, Camera] = {}
        self._position = 0
        self._stream: _Stream | None = None
        self._sentence: _Sentence | None = None
        if (avatar, model) not in self._rehearsed:
            self._rehearse()
            self._rehearsed.add((avatar, model))

    def about(self) -> AboutRenderer:
        card = self._package.card
        return AboutRenderer(self._painter.name, card.id, card.width, card.height, FPS, card.frames)

    def push(
        self,
        line: Line,
        pcm: Pcm,
        is_last: bool,
        chunk_frames: int | None,
        goes_on: bool = False,
        uttered: Sequence[Uttered] = (),
    ) -> Progress:
        """Add sound and draw one batch if its future is known.

        line: what the sound belongs to; another one than before forgets a sentence that was left
        unfinished. pcm: (n,) int16 mono at 16 kHz, any n. chunk_frames: how many fill a chunk; the
        end of the sentence always does. goes_on: whether another sentence is known to follow; with
        the last one the face comes to rest. uttered: what the voice says about the sentence's
        sound, whether that is here or not.
        """
        if self._sentence is None or line != self._sentence.line:
            self._sentence = self._begin(line)
        self._sentence.goes_on = goes_on
        self._sentence.loudness.feed(pcm)
        self._sentence.hearing.feed(pcm, is_last, uttered)
        return self.advance(chunk_frames)

    def advance(self, chunk_frames: int | None) -> Progress:
        """Draw the next batch if it is ready; cut the chunk that is full by then."""
        sentence = self._sentence
        if sentence is None:
            return Progress()
        hearing, encoder = sentence.hearing, sentence.stream.encoder
        if hearing.ready:
            self._draw(sentence, hearing.take())
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
        camera = self._camera(line.alpha and self._package.has_matte)
        if stream is None or is_abandoned or not stream.leads_to(line, camera):
            self._stream = stream = self._new_stream(line, camera)
        stream.performance.begin(line.mood, line.shown)
        self._position = line.begin_at % len(self._template.frames)
        return _Sentence(line, Hearing(self._painter.listener, type(stream.encoder)), stream)

    def _new_stream(self, line: Line, camera: Camera) -> _Stream:
        options, card = self._options, self._package.card
        form = VideoFormat(
            camera.width, camera.height, self._template.colour, options.crf, options.audio_kbps
        )
        performance = Performance(card.feelings, moves_head=options.head_motion)
        encoder = ENCODERS[line.container](form)
        return _Stream(line.reply, camera, encoder, performance, line.received_frames)

    def _camera(self, alpha: bool) -> Camera:
        if alpha not in self._cameras:
            tracks, painter = self._template.tracks, self._painter
            self._cameras[alpha] = Camera(self._package, tracks, painter, alpha=alpha)
        return self._cameras[alpha]

    def _draw(self, sentence: _Sentence, heard: Heard) -> None:
        stream, encoder = sentence.stream, sentence.stream.encoder
        owed, count = encoder.owed_frames, len(heard.presence)
        stream.pause_frames += owed
        beats = [stream.performance.step(0.0, None) for _ in range(owed)] + sentence.beats(count)
        numbers = self._numbers(encoder.frames, owed + count)
        encoder.hear(heard.pcm)
        for picture in stream.camera.take(numbers, beats, heard.drive, heard.presence):
            encoder.show(picture)

    def _numbers(self, offset: int, count: int) -> list[int]:
        """Template frames from `offset` after the last cut on."""
        begin = self._position + offset
        return [number % len(self._template.frames) for number in range(begin, begin + count)]

    def _cut(self, stream: _Stream, is_last: bool) -> RenderedChunk:
        encoder, first_frame = stream.encoder, self._position
        frames, pause = encoder.frames, stream.pause_frames
        stream.frames += frames
        stream.pause_frames = 0
        [self._position] = self._numbers(frames, 1)
        data, mime = encoder.cut(ends_sentence=is_last)
        camera = stream.camera
        return RenderedChunk(
            data,
            encoder.container,
            mime,
            camera.width,
            camera.height,
            frames,
            first_frame,
            pause,
            is_last,
        )
