"""What the net hears of one sentence while its sound is still arriving.

The net hears a little ahead of each picture, and the mouth's timing (`mouth`) a little further, so
a frame can be drawn only when enough of its future is here. Frames are taken in fixed batches:
whatever pieces the sound comes in, a batch hears the same samples and gives the same numbers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from backend.avatar import mouth
from backend.avatar.encoder import FPS, SAMPLES_PER_FRAME, Pcm, whole_frames
from backend.avatar.lipsync import LipSync
from backend.avatar.mel import (
    HOP_SAMPLES,
    MEL_FRAMES_PER_S,
    WINDOW_FRAMES,
    Float32,
    mel_spectrogram,
    windows_at,
)

BATCH_FRAMES = 8
# `mouth.settle` looks this far to either side of a frame: its hold and its easing.
CONTEXT_FRAMES = 6
# A mel column is made of the samples within half an FFT window of its centre; the columns before
# the first one that is used also absorb the start of the pre-emphasis.
HALF_WINDOW_SAMPLES = 400
MARGIN_COLUMNS = 3

QUIET_LEVEL = 100
QUIET_FRAMES_AT_END = 4
OPENING_FRAMES, CLOSING_FRAMES = 2, 3


@dataclass(frozen=True, slots=True)
class Heard:
    """A batch of n frames: their sound (n * 640,), what drives the net (n, …), and how much of the
    mouth shows (n,), from 0 (the template's own) to 1."""

    pcm: Pcm
    drive: Float32
    presence: Float32


class Hearing:
    """One sentence: feed it, then take what is ready. `frames` is known once the end is."""

    def __init__(self, net: LipSync) -> None:
        self._net = net
        self._pcm: Pcm = np.empty(0, np.int16)
        self._next = 0
        self.frames: int | None = None

    def feed(self, pcm: Pcm, is_last: bool) -> None:
        """Add sound. The end is padded with silence, so that the mouth closes and comes to rest."""
        self._pcm = np.concatenate([self._pcm, pcm])
        if is_last:
            self.frames = _frames_to_rest(self._pcm)
            self._pcm = np.pad(self._pcm, (0, self.frames * SAMPLES_PER_FRAME - len(self._pcm)))

    @property
    def ready(self) -> bool:
        if self.frames is not None:
            return self._next < self.frames
        last_column = (
            self._start_column(self._next + BATCH_FRAMES + CONTEXT_FRAMES - 1) + WINDOW_FRAMES
        )
        return len(self._pcm) >= last_column * HOP_SAMPLES + HALF_WINDOW_SAMPLES

    def take(self) -> Heard:
        """The next batch; only when `ready`."""
        first, last = self._next, self._next + BATCH_FRAMES
        last = last if self.frames is None else min(last, self.frames)
        low = max(0, first - CONTEXT_FRAMES)
        high = (
            last + CONTEXT_FRAMES
            if self.frames is None
            else min(last + CONTEXT_FRAMES, self.frames)
        )
        windows = self._windows(low, high)
        here = slice(first - low, last - low)
        speaking = mouth.speaking(windows, self._net.mel_lead_frames)[here]
        self._next = last
        return Heard(
            self._pcm[first * SAMPLES_PER_FRAME : last * SAMPLES_PER_FRAME],
            self._net.drive(windows)[here],
            speaking * self._ramps(first, last),
        )

    def _windows(self, low: int, high: int) -> Float32:
        """Mel windows of frames low..high, from no more sound than they need."""
        starts = np.array([self._start_column(frame) for frame in range(low, high)], np.intp)
        begin, end = max(0, int(starts[0]) - MARGIN_COLUMNS), int(starts[-1]) + WINDOW_FRAMES
        piece = self._pcm[begin * HOP_SAMPLES : (end - 1) * HOP_SAMPLES + HALF_WINDOW_SAMPLES]
        return windows_at(mel_spectrogram(piece)[:, : end - begin], starts - begin)

    def _start_column(self, frame: int) -> int:
        return round(frame * MEL_FRAMES_PER_S / FPS) - self._net.mel_lead_frames

    def _ramps(self, first: int, last: int) -> Float32:
        """Ease in from the idle face and out to it: the last frame is the template's own."""
        numbers = np.arange(first, last)
        ramps = (numbers + 1) / (OPENING_FRAMES + 1)
        if self.frames is not None:
            ramps = np.minimum(ramps, (self.frames - 1 - numbers) / CLOSING_FRAMES)
        return np.clip(ramps, 0.0, 1.0).astype(np.float32)


def _frames_to_rest(pcm: Pcm) -> int:
    """Frames of a sentence with a quiet end; none for no sound at all."""
    if len(pcm) == 0:
        return 0
    loud = np.flatnonzero(np.abs(pcm.astype(np.int32)) > QUIET_LEVEL)
    voiced = int(loud[-1]) + 1 if len(loud) else 0
    samples = max(len(pcm), voiced + QUIET_FRAMES_AT_END * SAMPLES_PER_FRAME)
    return whole_frames(-(-samples // SAMPLES_PER_FRAME))
