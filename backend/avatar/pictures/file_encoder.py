"""Chunks that are complete MP4 files.

The edit list takes away the AAC encoder's priming, so sound and picture of each start together.
"""

from __future__ import annotations

import math

import numpy as np

from backend.avatar.pictures.codecs import (
    AAC_BLOCK_SAMPLES,
    I420,
    SAMPLES_PER_FRAME,
    Pcm,
    Tracks,
    VideoFormat,
)
from backend.avatar.pictures.encoder import Encoder

MAX_OVERHANG_SAMPLES = SAMPLES_PER_FRAME - 1


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


def _overhang(frames: int) -> int:
    samples = frames * SAMPLES_PER_FRAME
    return math.ceil(samples / AAC_BLOCK_SAMPLES) * AAC_BLOCK_SAMPLES - samples
