"""How loud a sentence is in each of its video frames. Pure."""

from __future__ import annotations

import numpy as np

from backend.avatar.pictures.codecs import SAMPLES_PER_FRAME, Pcm

_FULL_SCALE = 32768.0


class Loudness:
    """Feed sound of any length; frames that are not there yet, or never will be, are silent."""

    def __init__(self) -> None:
        self._levels: list[float] = []
        self._rest: Pcm = np.empty(0, np.int16)

    def feed(self, pcm: Pcm) -> None:
        sound = np.concatenate([self._rest, pcm])
        whole = len(sound) // SAMPLES_PER_FRAME * SAMPLES_PER_FRAME
        frames, self._rest = sound[:whole].reshape(-1, SAMPLES_PER_FRAME), sound[whole:]
        power = np.square(frames.astype(np.float32) / _FULL_SCALE).mean(axis=1)
        self._levels += np.sqrt(power).tolist()

    def at(self, frame: int) -> float:
        """Root mean square of a frame's sound, full scale = 1."""
        return self._levels[frame] if frame < len(self._levels) else 0.0
