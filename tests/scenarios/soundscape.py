"""Speech as samples that a fake recogniser can read back: the value of a sample names its word.

Zero is silence. The fake detector hears speech in anything else; noise sounds like speech and
holds no word.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from backend.handlers.messages import SAMPLE_RATE, Pcm

FRAME_SAMPLES = 320
"""20 ms, as a page sends them."""

_NOISE = 1000
_FIRST_WORD = 1001


@dataclass(frozen=True, slots=True)
class _Sound:
    begins: int
    value: int
    samples: int


class Soundscape:
    """What can be heard around the microphone, in samples since the scenario began."""

    def __init__(self) -> None:
        self._words: list[tuple[str, int]] = []
        self._sounds: list[_Sound] = []

    def speak(self, words: str, at_s: float, for_s: float) -> None:
        """Somebody says these words, evenly spread."""
        each = words.split()
        samples = round(for_s * SAMPLE_RATE / len(each))
        begins = round(at_s * SAMPLE_RATE)
        for number, word in enumerate(each):
            value = _FIRST_WORD + len(self._words)
            self._words.append((word, samples))
            self._sounds.append(_Sound(begins + number * samples, value, samples))

    def noise(self, at_s: float, for_s: float) -> None:
        """Something that sounds like speech."""
        self._sounds.append(_Sound(round(at_s * SAMPLE_RATE), _NOISE, round(for_s * SAMPLE_RATE)))

    def frame(self, first: int) -> Pcm:
        """The 20 ms from sample `first` on."""
        frame = np.zeros(FRAME_SAMPLES, np.int16)
        for sound in self._sounds:
            begin, end = sound.begins - first, sound.begins + sound.samples - first
            frame[max(0, begin) : max(0, end)] = sound.value
        return frame

    def words_in(self, pcm: Pcm) -> str:
        """The words of which at least half can be heard."""
        values, counts = np.unique(pcm, return_counts=True)
        heard = [
            self._words[value - _FIRST_WORD][0]
            for value, count in zip(values.tolist(), counts.tolist(), strict=True)
            if value >= _FIRST_WORD and 2 * count >= self._words[value - _FIRST_WORD][1]
        ]
        return " ".join(heard)


def is_sound(frames: Pcm) -> bool:
    """Whether most of the samples are not silence."""
    return 2 * np.count_nonzero(frames) > frames.size
