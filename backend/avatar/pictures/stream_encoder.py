"""Chunks of one fragmented stream: a single pair of encoders makes them, so they have no seams."""

from __future__ import annotations

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
from backend.avatar.pictures.fragments import Run, Sample, fragment

SILENT_FRAME: Pcm = np.zeros(SAMPLES_PER_FRAME, np.int16)


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
        """Silence until the sound of every picture is coded."""
        while self._coded_samples < self._tracks.frames * SAMPLES_PER_FRAME:
            self.hear(SILENT_FRAME)

    @property
    def _coded_samples(self) -> int:
        return (self._sent_blocks + len(self._audio)) * AAC_BLOCK_SAMPLES
