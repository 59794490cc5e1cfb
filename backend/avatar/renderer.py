"""Sound in, video out: the object that draws one session's face. Lives in a worker process.

Every call does at most one batch of frames, so that a cancelled reply stops soon and other sessions
have their turn. The caller goes on with `advance` while there is `more`.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np

from backend.avatar.compositor import Compositor
from backend.avatar.encoder import FPS, I420, SAMPLES_PER_FRAME, ChunkEncoder, Pcm, VideoFormat
from backend.avatar.hearing import Heard, Hearing
from backend.avatar.lipsync import LipSync, load_lipsync
from backend.avatar.package import AvatarPackage
from backend.avatar.template import load_template
from backend.protocol import Container


@dataclass(frozen=True, slots=True)
class RenderOptions:
    net_threads: int = 1
    crf: int = 23
    audio_kbps: int = 64


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
class RenderedChunk:
    """A complete video file. `first_frame` is the template frame that it begins with."""

    data: bytes
    container: Container
    mime: str
    frames: int
    first_frame: int


@dataclass(frozen=True, slots=True)
class Progress:
    """After one step: the sentence's chunk once it is whole; `more` asks for another `advance`."""

    chunk: RenderedChunk | None = None
    more: bool = False


class Renderer:
    """Draws sentence after sentence; the template loop runs on from one to the next."""

    def __init__(self, avatar: Path, model: Path, options: RenderOptions) -> None:
        cv2.setNumThreads(1)  # the pictures are small, and workers are the parallelism
        self._net = _load_net(model, model.stat().st_mtime_ns if model.exists() else 0, options)
        self._package = AvatarPackage.load(avatar)
        self._template = load_template(self._package)
        self._compositor = Compositor(self._template)
        card = self._package.card
        self._format = VideoFormat(
            card.width, card.height, self._template.colour, options.crf, options.audio_kbps
        )
        self._position = 0
        self._sentence: Hashable = None
        self._hearing = Hearing(self._net)
        self._encoder: ChunkEncoder | None = None

    def about(self) -> AboutRenderer:
        card = self._package.card
        return AboutRenderer(self._net.name, card.id, card.width, card.height, FPS, card.frames)

    def push(self, sentence: Hashable, pcm: Pcm, is_last: bool) -> Progress:
        """Add sound and draw one batch if its future is known.

        sentence: what the sound belongs to; another value than before forgets a sentence that was
        left unfinished. pcm: (n,) int16 mono at 16 kHz, any n.
        """
        if sentence != self._sentence:
            self.reset()
            self._sentence = sentence
        self._hearing.feed(pcm, is_last)
        return self.advance()

    def advance(self) -> Progress:
        """Draw the next batch if it is ready; after the last one, close the file."""
        if self._hearing.ready:
            self._draw(self._hearing.take())
        if self._hearing.ready:
            return Progress(more=True)
        if self._hearing.frames is None:
            return Progress()
        return Progress(chunk=self._finish())

    def seek(self, frame: int) -> None:
        """Let the next sentence begin at this template frame, such as the one idle shows."""
        self._position = frame % len(self._template.frames)

    def reset(self) -> None:
        """Forget the sentence in work; the loop goes back to where it began."""
        self._sentence = None
        self._hearing = Hearing(self._net)
        self._encoder = None

    def _draw(self, heard: Heard) -> None:
        if self._encoder is None:
            self._encoder = ChunkEncoder(self._format)
        count = len(heard.presence)
        begin = self._position + self._encoder.frames
        numbers = [(begin + offset) % len(self._template.frames) for offset in range(count)]
        pictures = self._paint(numbers, heard)
        for offset, sound in enumerate(heard.pcm.reshape(count, SAMPLES_PER_FRAME)):
            self._encoder.add(pictures[offset], sound)

    def _paint(self, numbers: list[int], heard: Heard) -> list[I420]:
        """Every frame of a batch; only those where the mouth shows cost the net's time."""
        pictures = [self._compositor.rest(number) for number in numbers]
        shown = np.flatnonzero(heard.presence)
        if len(shown):
            faces = self._template.faces([numbers[offset] for offset in shown])
            painted = self._net.draw(faces, heard.drive[shown])
            for offset, mouth in zip(shown, painted, strict=True):
                strength = float(heard.presence[offset])
                pictures[offset] = self._compositor.paste(numbers[offset], mouth, strength)
        return pictures

    def _finish(self) -> RenderedChunk | None:
        """The chunk, or nothing for a sentence without sound."""
        encoder, first_frame = self._encoder, self._position
        self.reset()
        if encoder is None:
            return None
        data, mime = encoder.finish()
        self.seek(first_frame + encoder.frames)
        return RenderedChunk(data, encoder.container, mime, encoder.frames, first_frame)


@lru_cache(maxsize=2)
def _load_net(model: Path, _changed_ns: int, options: RenderOptions) -> LipSync:
    return load_lipsync(model, options.net_threads)
