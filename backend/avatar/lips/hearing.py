"""What the net hears of one sentence while its sound is still arriving.

The net hears a little ahead of each picture, and the mouth's timing (`mouth`) a little further, so
a frame can be drawn only when enough of its future is here. Frames are taken in fixed batches:
whatever pieces the sound comes in, a batch hears the same samples and gives the same numbers.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from backend.avatar.lips import mouth
from backend.avatar.lips.articulation_marks import Articulation, Uttered
from backend.avatar.lips.ear import samples_for
from backend.avatar.lips.listener import Listener
from backend.avatar.lips.mel import MEL_FRAMES_PER_S, Float32
from backend.avatar.pictures.codecs import FPS, SAMPLES_PER_FRAME, Pcm
from backend.avatar.pictures.encoder import SOUND_LEAD_FRAMES, Encoder

BATCH_FRAMES = 8
# The mouth's timing looks this far to either side of a frame: for how loud it is there (its hold
# and its easing), and for what the net says there (its smoothing).
CONTEXT_FRAMES, NET_CONTEXT_FRAMES = 6, 1

QUIET_LEVEL = 100
QUIET_FRAMES_AT_END = 4
OPENING_FRAMES, CLOSING_FRAMES = 2, 3


@dataclass(frozen=True, slots=True)
class Heard:
    """A batch of n frames: what drives the net (n, …), how much of the mouth shows (n,), from 0
    (the template's own) to 1, and the next sound, `SOUND_LEAD_FRAMES` ahead of the pictures."""

    pcm: Pcm
    drive: Float32
    presence: Float32


class Hearing:
    """One sentence: feed it, then take what is ready; `taken` counts frames. Their whole number,
    `frames`, is known once the end is.

    encoder: what the sentence is heard for; it knows how long a sentence had better be.
    """

    def __init__(self, net: Listener, encoder: type[Encoder]) -> None:
        self._net = net
        self._ear = net.ear()
        self._articulation = Articulation()
        self._encoder = encoder
        self._pcm: Pcm = np.empty(0, np.int16)
        self.taken = 0
        self._told_samples = 0
        self.frames: int | None = None

    def feed(self, pcm: Pcm, is_last: bool, uttered: Iterable[Uttered] = ()) -> None:
        """Add sound, and marks of any of the sentence's sound. The end is padded with silence, so
        that the mouth closes and comes to rest."""
        self._articulation.add(uttered)
        self._pcm = np.concatenate([self._pcm, pcm])
        if is_last:
            self.frames = self._encoder.padded(self._frames_to_rest())
            whole = max(self.frames, _frames_of(len(self._pcm))) * SAMPLES_PER_FRAME
            self._pcm = np.pad(self._pcm, (0, whole - len(self._pcm)))

    @property
    def ready(self) -> bool:
        if self.frames is not None:
            return self.taken < self.frames
        return len(self._pcm) >= samples_for(self._end_column(self.taken + BATCH_FRAMES))

    @property
    def is_over(self) -> bool:
        """All of a sentence whose end is known was taken."""
        return self.frames is not None and self.taken >= self.frames

    def take(self) -> Heard:
        """The next batch; only when `ready`."""
        first, last = self.taken, self.taken + BATCH_FRAMES
        last = last if self.frames is None else min(last, self.frames)
        end_column = self._end_column(last)
        columns = self._ear.listen(self._pcm, end_column)
        begin, end = self._around(first, last, NET_CONTEXT_FRAMES)
        starts = np.array([self._start_column(frame) for frame in range(begin, end)], np.intp)
        heard = self._net.heard(columns, starts, self._ear.silence)
        speaking = self._speaking(columns, begin, end)
        said = self._articulation.frames(begin, end, end_column / MEL_FRAMES_PER_S)
        here = slice(first - begin, last - begin)
        self.taken = last
        return Heard(
            self._next_sound(),
            self._net.drive(heard, speaking, said)[here],
            speaking[here] * self._ramps(first, last),
        )

    def _around(self, first: int, last: int, context_frames: int) -> tuple[int, int]:
        """Frames first..last with their neighbours, within the sentence as far as it is known."""
        end = last + context_frames
        begin = max(0, first - context_frames)
        return begin, end if self.frames is None else min(end, self.frames)

    def _speaking(self, columns: Float32, first: int, last: int) -> Float32:
        """How much of the frames first..last is speech."""
        begin, end = self._around(first, last, CONTEXT_FRAMES - NET_CONTEXT_FRAMES)
        moments = np.array([_column(frame) for frame in range(begin, end)], np.intp)
        levels = mouth.levels(columns, moments, self._ear.silence)
        return mouth.speaking(levels)[first - begin : last - begin]

    def _next_sound(self) -> Pcm:
        """All of the rest with the last batch."""
        ahead = (self.taken + SOUND_LEAD_FRAMES) * SAMPLES_PER_FRAME
        begin, self._told_samples = self._told_samples, len(self._pcm) if self.is_over else ahead
        return self._pcm[begin : self._told_samples]

    def _frames_to_rest(self) -> int:
        """Pictures of the sentence with a quiet end; none for no sound at all.

        Those of its last silence are left to be owed, as far as the encoder owes some anyway.
        """
        if len(self._pcm) == 0:
            return 0
        loud = np.flatnonzero(np.abs(self._pcm.astype(np.int32)) > QUIET_LEVEL)
        voiced_frames = _frames_of(int(loud[-1]) + 1 if len(loud) else 0)
        shown_frames = _frames_of(len(self._pcm)) - self._encoder.owes_frames
        return max(shown_frames, voiced_frames + QUIET_FRAMES_AT_END)

    def _end_column(self, last: int) -> int:
        """The mel columns before this one are all that the frames before `last` depend on."""
        of_net = self._start_column(last - 1 + NET_CONTEXT_FRAMES) + self._net.window.columns
        return max(of_net, _column(last - 1 + CONTEXT_FRAMES) + MEL_FRAMES_PER_S // FPS)

    def _start_column(self, frame: int) -> int:
        return _column(frame) - self._net.window.lead

    def _ramps(self, first: int, last: int) -> Float32:
        """Ease in from the idle face and out to it: the last frame is the template's own."""
        numbers = np.arange(first, last)
        ramps = (numbers + 1) / (OPENING_FRAMES + 1)
        if self.frames is not None:
            ramps = np.minimum(ramps, (self.frames - 1 - numbers) / CLOSING_FRAMES)
        return np.clip(ramps, 0.0, 1.0).astype(np.float32)


def _column(frame: int) -> int:
    """The column at which a frame begins to be shown."""
    return round(frame * MEL_FRAMES_PER_S / FPS)


def _frames_of(samples: int) -> int:
    return -(-samples // SAMPLES_PER_FRAME)
