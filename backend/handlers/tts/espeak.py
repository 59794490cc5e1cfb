"""The built-in voice: espeak-ng from its wheel, many languages, nothing to download.

A sentence takes a few milliseconds, so it is made whole, levelled as a whole, and handed on in
slices. Marks are phonemes (IPA) and words.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from itertools import pairwise

import numpy as np
import soxr
from numpy.typing import NDArray

from backend.errors import ProviderError, ProviderUnavailable
from backend.handlers.base import BaseHandler
from backend.handlers.messages import SAMPLE_RATE, Mark, Pcm, Sentence, SpokenAudio
from backend.handlers.tts.espeak_native import Espeak, Manner, Moment, Utterance, espeak

SLICE_SAMPLES = SAMPLE_RATE // 2
LEVEL_RMS = 0.1
"""Loudness that every sentence is brought to: -20 dBFS."""
PEAK = 0.89
"""Highest sample after levelling: -1 dBFS."""
_MOST_GAIN = 2.0
_WORDS_PER_MINUTE = {"zh": 205}
_DEFAULT_WORDS_PER_MINUTE = 165
_PITCH, _PITCH_RANGE = 54, 60
_PITCH_PER_HZ = 0.5
_ESPEAK_LANGUAGES = {"zh": "cmn"}


class EspeakTts(BaseHandler[Sentence, SpokenAudio]):
    component = "tts"
    provider = "espeak"

    _espeak: Espeak

    async def _load(self) -> None:
        try:
            self._espeak = await self.context.weights.get("tts.espeak", espeak)
        except OSError as error:
            raise ProviderUnavailable(
                f"The built-in voice could not start: {error}",
                component=self.component,
                provider=self.provider,
            ) from error

    async def process(self, item: Sentence) -> AsyncIterator[SpokenAudio]:
        await self.initialize()
        utterance = await asyncio.to_thread(self._speak, item) if item.spoken.strip() else None
        for pcm, marks, is_last in _slices(utterance):
            yield SpokenAudio(item.stamp, item, pcm, is_last, marks)

    def _speak(self, sentence: Sentence) -> tuple[Pcm, tuple[Mark, ...]]:
        utterance = self._espeak.speak(sentence.spoken, self._manner(sentence.language))
        if not utterance.pcm.size:
            raise ProviderError(
                "The built-in voice gave no sound.", component="tts", provider=self.provider
            )
        return to_pcm(utterance), to_marks(utterance)

    def _manner(self, language: str) -> Manner:
        tts = self.context.settings.tts
        pace = _WORDS_PER_MINUTE.get(language, _DEFAULT_WORDS_PER_MINUTE)
        return Manner(
            voice=self._voice(language),
            words_per_minute=round(pace * (1 + tts.rate_percent / 100)),
            pitch=round(_PITCH + tts.pitch_hz * _PITCH_PER_HZ),
            pitch_range=_PITCH_RANGE,
        )

    def _voice(self, language: str) -> str:
        """The session's voice if it is one of espeak's and speaks the language, else ours."""
        code = _ESPEAK_LANGUAGES.get(language, language)
        chosen = self.context.options.voice or ""
        configured = self.context.settings.tts.espeak_voices
        wanted = [chosen] if chosen.split("-")[0].split("+")[0] == code else []
        wanted += [configured.get(language, f"{code}+f2"), configured.get("en", "en-us")]
        return next((name for name in wanted if self._espeak.has_voice(name)), "en-us")


def to_pcm(utterance: Utterance) -> Pcm:
    """Level and resample to `SAMPLE_RATE`; shape (n,), int16, never clipped."""
    sound = soxr.resample(utterance.pcm.astype(np.float32) / 32768, utterance.rate_hz, SAMPLE_RATE)
    levelled: Pcm = np.round(sound * _gain(sound) * 32767).astype(np.int16)
    return levelled


def _gain(sound: NDArray[np.float32]) -> float:
    loud = np.abs(sound)
    voiced = sound[loud > 0.01]  # pauses must not make a sentence louder
    if not voiced.size:
        return 1.0
    rms = float(np.sqrt(np.mean(voiced**2)))
    return min(LEVEL_RMS / rms, PEAK / float(loud.max()), _MOST_GAIN)


def to_marks(utterance: Utterance) -> tuple[Mark, ...]:
    """Phonemes and words, each lasting until the next of its kind, in order of their start."""
    end_ms = utterance.pcm.size * 1000 / utterance.rate_hz
    marks = [
        mark
        for kind in ("phoneme", "word")
        for mark in _lasting([m for m in utterance.moments if m.kind == kind], end_ms)
    ]
    return tuple(sorted(marks, key=lambda mark: mark.start_ms))


def _lasting(moments: Sequence[Moment], end_ms: float) -> Iterator[Mark]:
    for moment, following in pairwise([*moments, Moment("", end_ms, "")]):
        if following.at_ms > moment.at_ms:
            yield Mark(moment.kind, moment.at_ms, following.at_ms, moment.value)


def _slices(
    utterance: tuple[Pcm, tuple[Mark, ...]] | None,
) -> Iterator[tuple[Pcm, tuple[Mark, ...], bool]]:
    pcm, marks = utterance or (np.zeros(0, np.int16), ())
    starts = range(0, max(pcm.size, 1), SLICE_SAMPLES)
    for start in starts:
        end = start + SLICE_SAMPLES
        is_last = end >= pcm.size
        yield pcm[start:end], tuple(m for m in marks if _within(m, start, end, is_last)), is_last


def _within(mark: Mark, start: int, end: int, is_last: bool) -> bool:
    position = mark.start_ms * SAMPLE_RATE / 1000
    return start <= position and (position < end or is_last)
