"""A reply's pictures and sound to chunks that a browser plays. No faces, no sockets.

Two containers behind one interface. `mp4`: every chunk is a complete file, whose edit list takes
away the AAC encoder's priming, so that sound and picture start together. `fmp4`: one stream per
reply from one pair of encoders; its chunks append to one another without a seam.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from backend.avatar.codecs import (
    AAC_BLOCK_SAMPLES,
    I420,
    SAMPLES_PER_FRAME,
    Pcm,
    Tracks,
    VideoFormat,
)
from backend.avatar.fragments import Run, Sample, fragment
from backend.protocol import Container

SOUND_LEAD_FRAMES = 5
"""How far sound must run ahead of pictures for AAC to have coded theirs: the two blocks that it
hears ahead and most of one that is not full yet."""

MAX_OVERHANG_SAMPLES = SAMPLES_PER_FRAME - 1
SILENT_FRAME: Pcm = np.zeros(SAMPLES_PER_FRAME, np.int16)


class Encoder(ABC):
    """Takes a reply in and gives it out in chunks; `frames` counts the pictures since the last cut.

    Sound may be told ahead of its pictures, and is best told `SOUND_LEAD_FRAMES` ahead.
    """

    container: ClassVar[Container]
    owes_frames: ClassVar[int]
    """How many pictures of silence it owes after each sentence, at least."""

    def __init__(self, form: VideoFormat) -> None:
        self._form = form
        self.frames = 0

    @staticmethod
    @abstractmethod
    def padded(frames: int) -> int:
        """The length to which a sentence of so many frames is best drawn out with silence."""

    @property
    def owed_frames(self) -> int:
        """Pictures of silence that were not shown yet and come before those of the next sound."""
        return 0

    @abstractmethod
    def hear(self, pcm: Pcm) -> None:
        """The next samples of sound, any number."""

    @abstractmethod
    def show(self, picture: I420) -> None:
        """The next picture."""

    @abstractmethod
    def cut(self, *, ends_sentence: bool) -> tuple[bytes, str]:
        """Everything shown since the last cut, and its MIME type with the codecs parameter.

        After the end of a sentence more may come late or never: all its sound has to be in.
        """


class FileEncoder(Encoder):
    """Each chunk a complete MP4 file. Pictures are compressed as they come, so a cut is cheap."""

    container = "mp4"
    owes_frames = 0

    def __init__(self, form: VideoFormat) -> None:
        super().__init__(form)
        self._sound: Pcm = np.empty(0, np.int16)
        self._tracks: Tracks | None = None

    @staticmethod
    def padded(frames: int) -> int:
        """The least count, `frames` or a little above, whose sound nearly fills whole AAC blocks.

        The edit list says where the sound ends, but a decoder that does not read it plays the rest
        of the last block: up to 64 ms, more than a frame. Some counts leave less than a frame over,
        and one of them is always next door.
        """
        return next(n for n in range(frames, frames + 8) if _overhang(n) < MAX_OVERHANG_SAMPLES)

    def hear(self, pcm: Pcm) -> None:
        self._sound = np.concatenate([self._sound, pcm])

    def show(self, picture: I420) -> None:
        if len(self._sound) < SAMPLES_PER_FRAME:
            raise ValueError("a picture came before its sound")
        here, self._sound = np.split(self._sound, [SAMPLES_PER_FRAME])
        self._tracks = self._tracks or Tracks(self._form, is_fragmented=False)
        self._tracks.mux(self._tracks.show(picture, is_key=self.frames == 0))
        self._tracks.mux(self._tracks.hear(here))
        self.frames += 1

    def cut(self, *, ends_sentence: bool) -> tuple[bytes, str]:
        if self._tracks is None:
            raise ValueError("nothing was shown since the last cut")
        tracks, self._tracks, self.frames = self._tracks, None, 0
        mime = tracks.mime
        return tracks.close(), mime


class StreamEncoder(Encoder):
    """One fragmented stream; the first chunk begins with its init segment.

    AAC's lag is bridged with silence at the end of a sentence: a little of it brings out the blocks
    that were heard, and its pictures are owed. They begin the next sentence, if there is one.

    The packet that primes a decoder has no place on a time line that begins at zero and is left
    out, so the first block of the stream fades in.
    """

    container = "fmp4"
    owes_frames = 4

    def __init__(self, form: VideoFormat) -> None:
        super().__init__(form)
        self._tracks = Tracks(form, is_fragmented=True)
        self._video: list[Sample] = []
        self._audio: list[Sample] = []
        self._heard_samples = 0
        self._sent_frames = self._sent_blocks = self._sent_fragments = 0
        self._begins_sentence = True

    @staticmethod
    def padded(frames: int) -> int:
        return frames

    @property
    def owed_frames(self) -> int:
        ahead = self._heard_samples // SAMPLES_PER_FRAME - self._tracks.frames
        return ahead if self._begins_sentence else 0

    def hear(self, pcm: Pcm) -> None:
        self._heard_samples += len(pcm)
        self._audio += [
            Sample(bytes(packet), is_key=True)
            for packet in self._tracks.hear(pcm)
            if packet.pts >= 0
        ]

    def show(self, picture: I420) -> None:
        packets = self._tracks.show(picture, is_key=self._begins_sentence)
        self._video += [Sample(bytes(packet), packet.is_keyframe) for packet in packets]
        self._begins_sentence = False
        self.frames += 1

    def cut(self, *, ends_sentence: bool) -> tuple[bytes, str]:
        if ends_sentence:
            self._let_out()
        self._begins_sentence = ends_sentence
        self._sent_fragments += 1
        ticks = self._tracks.picture_ticks
        runs = (
            Run(1, self._sent_frames * ticks, ticks, self._video),
            Run(2, self._sent_blocks * AAC_BLOCK_SAMPLES, AAC_BLOCK_SAMPLES, self._audio),
        )
        init = self._tracks.header if self._sent_fragments == 1 else b""
        data = init + fragment(self._sent_fragments, runs)
        self._sent_frames += len(self._video)
        self._sent_blocks += len(self._audio)
        self._video, self._audio, self.frames = [], [], 0
        return data, self._tracks.mime

    def _let_out(self) -> None:
        while self._coded_samples < self._tracks.frames * SAMPLES_PER_FRAME:
            self.hear(SILENT_FRAME)

    @property
    def _coded_samples(self) -> int:
        return (self._sent_blocks + len(self._audio)) * AAC_BLOCK_SAMPLES


ENCODERS: Mapping[Container, type[Encoder]] = {"mp4": FileEncoder, "fmp4": StreamEncoder}


def _overhang(frames: int) -> int:
    samples = frames * SAMPLES_PER_FRAME
    return math.ceil(samples / AAC_BLOCK_SAMPLES) * AAC_BLOCK_SAMPLES - samples
