"""The phonemes of a voice that tells only its words.

espeak-ng says the same sentence, silently, and tells its phonemes. Word by word, its sound is laid
over the voice's: the path of least difference between the two says when each phoneme is heard
(Sakoe & Chiba, "Dynamic programming algorithm optimization for spoken word recognition", 1978).
Where the voice's sound is not there yet, the pace is taken to be even.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import soxr
from numpy.typing import NDArray

from backend.avatar.lips.mel import MEL_BANDS, MEL_FRAMES_PER_S, mel_spectrogram
from backend.handlers.messages import SAMPLE_RATE, Mark, Pcm
from backend.handlers.tts.espeak_native import Manner, Utterance, espeak

Float = NDArray[np.float64]

_VOICES = {"en": "en-us+f2", "zh": "cmn+f2"}
_CEPSTRA = 13
_COLUMN_MS = 1000 / MEL_FRAMES_PER_S
_STEP_COSTS = np.array([0.3, 0.0, 0.3, 0.6])
"""What it costs the path to go on by 0, 1, 2 or 3 columns of espeak's in one of the voice's."""


@dataclass(frozen=True, slots=True)
class _Sound:
    """A phoneme as espeak says it; `at_char` is where its word begins in the text."""

    name: str
    at_char: int
    start_ms: float
    end_ms: float


class Pronunciation:
    """How one text is pronounced. Making it takes some 10 ms per second of speech.

    Raises:
        ValueError: espeak-ng does not know the language.
        OSError: it cannot start.
    """

    def __init__(self, text: str, language: str) -> None:
        utterance = espeak().speak(text, Manner(_VOICES.get(language, language)))
        sound = soxr.resample(
            utterance.pcm.astype(np.float32) / 32768, utterance.rate_hz, SAMPLE_RATE
        )
        self._cepstra = _cepstra(sound)
        self._sounds = _sounds(utterance)

    def phonemes(
        self, chars: range, start_ms: float, end_ms: float, heard: Pcm
    ) -> tuple[Mark, ...]:
        """The phonemes of one word, one after the other from its start to its end.

        chars: where the word stands in the text. heard: the voice's sound since `start_ms`, as far
        as it has come. Empty when espeak makes no sound there.
        """
        sounds = [sound for sound in self._sounds if sound.at_char in chars]
        if not sounds or end_ms <= start_ms:
            return ()
        begin_ms, length_ms = sounds[0].start_ms, sounds[-1].end_ms - sounds[0].start_ms
        here = heard[: round((end_ms - start_ms) * SAMPLE_RATE / 1000)]
        part = here.size * 1000 / SAMPLE_RATE / (end_ms - start_ms)
        example = self._cepstra[_column(begin_ms) : _column(begin_ms + part * length_ms)]
        pace = (end_ms - start_ms) / length_ms
        moments = np.array([sound.start_ms - begin_ms for sound in sounds])
        starts_ms = start_ms + _laid_over(moments, pace, example, _cepstra(here))
        return _marks(sounds, starts_ms, end_ms)


def _sounds(utterance: Utterance) -> list[_Sound]:
    phonemes = [moment for moment in utterance.moments if moment.kind == "phoneme"]
    ends_ms = [following.at_ms for following in phonemes[1:]]
    ends_ms.append(utterance.pcm.size * 1000 / utterance.rate_hz)
    return [
        _Sound(phoneme.value, phoneme.at_char, phoneme.at_ms, end_ms)
        for phoneme, end_ms in zip(phonemes, ends_ms, strict=True)
        if phoneme.value and end_ms > phoneme.at_ms
    ]


def _laid_over(moments_ms: Float, pace: float, example: Float, voice: Float) -> Float:
    """Moments of the example, in ms since its beginning, to when the voice is there."""
    even_ms = moments_ms * pace
    if not len(example) or 3 * len(voice) < len(example):
        return even_ms
    path = _path(_differences(voice, example))
    columns = np.rint(moments_ms / _COLUMN_MS).astype(np.intp)
    known = columns < len(example)
    heard = np.searchsorted(path, np.minimum(columns, len(example) - 1)) * _COLUMN_MS
    return np.where(known, heard, even_ms)


def _path(differences: Float) -> NDArray[np.intp]:
    """The column of the example that each column of the voice is: from first to last, never back.

    differences: (voice, example). Ends where the example ends, if that can be reached.
    """
    columns, width = differences.shape
    steps = len(_STEP_COSTS)
    came_by = np.zeros((columns, width), np.intp)
    total = np.full(width, np.inf)
    total[0] = differences[0, 0]
    for column in range(1, columns):
        before = np.concatenate([np.full(steps - 1, np.inf), total])
        ways = np.stack([before[steps - 1 - step :][:width] for step in range(steps)])
        ways += _STEP_COSTS[:, None]
        came_by[column] = ways.argmin(axis=0)
        total = ways.min(axis=0) + differences[column]
    path = np.zeros(columns, np.intp)
    path[-1] = width - 1
    for column in range(columns - 1, 0, -1):
        path[column - 1] = path[column] - came_by[column, path[column]]
    return path


def _differences(voice: Float, example: Float) -> Float:
    """(voice, example) root mean square, each less its mean, so that speakers matter little."""
    spread = example.std(axis=0) + 1e-3
    a, b = (voice - voice.mean(axis=0)) / spread, (example - example.mean(axis=0)) / spread
    return np.asarray(np.sqrt(((a[:, None] - b) ** 2).mean(axis=2)))


def _cepstra(sound: Pcm | NDArray[np.float32]) -> Float:
    """(columns, 13): the shape of the spectrum, `MEL_FRAMES_PER_S` times a second."""
    orders = np.arange(_CEPSTRA)[:, None]
    cosines = np.cos(np.pi * orders * (np.arange(MEL_BANDS) + 0.5) / MEL_BANDS)
    return np.asarray((cosines @ mel_spectrogram(sound)).T)


def _marks(sounds: Sequence[_Sound], starts_ms: Float, end_ms: float) -> tuple[Mark, ...]:
    """None shorter than a column, unless there is no room for that."""
    count = len(sounds)
    starts_ms[0] = min(starts_ms[0], end_ms)
    shortest_ms = min(_COLUMN_MS, (end_ms - starts_ms[0]) / count)
    steps = np.arange(count) * shortest_ms
    starts_ms = np.maximum.accumulate(starts_ms - steps) + steps
    latest_ms = end_ms - shortest_ms * np.arange(count, 0, -1)
    starts_ms = np.minimum(starts_ms, latest_ms)
    ends_ms = [*starts_ms[1:], end_ms]
    return tuple(
        Mark("phoneme", float(start), float(end), sound.name)
        for sound, start, end in zip(sounds, starts_ms, ends_ms, strict=True)
    )


def _column(at_ms: float) -> int:
    return round(at_ms / _COLUMN_MS)
