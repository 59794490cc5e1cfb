"""How far a voice that tells its words has come in a sentence, and what that says of its sound."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import numpy as np

from backend.handlers.messages import SAMPLE_RATE, Mark, Pcm
from backend.handlers.tts.pronunciation import Pronunciation

ENOUGH_MS = 240
"""So much sound of a word tells where its phonemes are: an avatar looks no further ahead, and would
draw the beginning of a longer word without them."""


@dataclass(frozen=True, slots=True)
class Word:
    """Where it stands in the sentence, and when it is heard."""

    chars: range
    start_ms: float
    end_ms: float

    def is_told_by(self, sound_ms: float) -> bool:
        """Whether so much of the sentence's sound is enough of it."""
        return sound_ms >= min(self.end_ms, self.start_ms + ENOUGH_MS)


@dataclass(slots=True)
class Progress:
    """How far the voice has come in one sentence. `said` counts characters of its text; `words` are
    those whose phonemes are not told yet."""

    said: int = 0
    pcm: Pcm = field(default_factory=lambda: np.zeros(0, np.int16))
    marks: list[Mark] = field(default_factory=list)
    words: list[Word] = field(default_factory=list)
    pronouncing: asyncio.Task[Pronunciation | None] | None = None
    """Begun with the first word, so that a service that refuses costs nothing."""

    @property
    def sound_ms(self) -> float:
        return self.pcm.size * 1000 / SAMPLE_RATE

    def note_word(self, text: str, word: str, start_ms: float, end_ms: float) -> None:
        self.marks.append(Mark("word", start_ms, end_ms, word))
        at = text.find(word, self.said)
        if at >= 0:
            self.said = at + len(word)
            self.words.append(Word(range(at, self.said), start_ms, end_ms))

    def note_phonemes(self, pronunciation: Pronunciation, *, is_last: bool) -> None:
        """Of every word that has sound enough by now."""
        for word in list(self.words):
            if is_last or word.is_told_by(self.sound_ms):
                heard = self.pcm[round(word.start_ms * SAMPLE_RATE / 1000) :]
                self.marks += pronunciation.phonemes(word.chars, word.start_ms, word.end_ms, heard)
                self.words.remove(word)
