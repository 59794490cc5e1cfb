"""Words become phonemes as soon as enough of their sound is here."""

from __future__ import annotations

import numpy as np
import pytest
import soxr

from backend.handlers.messages import SAMPLE_RATE, Mark
from backend.handlers.tts.espeak_native import Manner, Utterance, espeak
from backend.handlers.tts.progress import ENOUGH_MS, Progress
from backend.handlers.tts.pronunciation import Pronunciation

TEXT = "Unbelievable popcorn."


@pytest.fixture
def said() -> Utterance:
    """By another voice, slower than the one that pronounces."""
    return espeak().speak(TEXT, Manner("en-us+m3", words_per_minute=140))


def heard(said: Utterance) -> Progress:
    progress = Progress()
    sound = soxr.resample(said.pcm.astype(np.float32) / 32768, said.rate_hz, SAMPLE_RATE)
    progress.pcm = np.round(sound * 32767).astype(np.int16)
    one, two = (moment.at_ms for moment in said.moments if moment.kind == "word")
    end_ms = [moment.at_ms for moment in said.moments if moment.kind == "phoneme"][-2]
    progress.note_word(TEXT, "Unbelievable", one, two)
    progress.note_word(TEXT, "popcorn", two, end_ms)
    return progress


def told(progress: Progress, *, is_last: bool = False) -> list[Mark]:
    progress.note_phonemes(Pronunciation(TEXT, "en"), is_last=is_last)
    return [mark for mark in progress.marks if mark.kind == "phoneme"]


def test_phonemes_are_where_they_are_heard(said: Utterance) -> None:
    true = [m for m in said.moments if m.kind == "phoneme" and m.value]
    marks = told(heard(said))
    assert [mark.value for mark in marks] == [moment.value for moment in true]
    off_ms = [mark.start_ms - m.at_ms for mark, m in zip(marks, true, strict=True)]
    assert np.abs(off_ms).mean() < 20


def test_the_beginning_of_a_long_word_is_not_waited_for(said: Utterance) -> None:
    progress = heard(said)
    start_ms = progress.words[0].start_ms
    samples = round((start_ms + ENOUGH_MS) * SAMPLE_RATE / 1000)
    progress.pcm = progress.pcm[: samples - 16]
    assert told(progress) == []
    progress = heard(said)
    progress.pcm = progress.pcm[:samples]
    early, whole = told(progress), told(heard(said))
    assert early and len(early) < len(whole) and len(progress.words) == 1
    assert abs(early[1].start_ms - whole[1].start_ms) < 30


def test_nothing_is_told_twice_and_nothing_is_left_out(said: Utterance) -> None:
    progress = heard(said)
    marks = told(progress)
    assert told(progress) == marks and not progress.words
    cut = heard(said)
    cut.pcm = cut.pcm[:0]
    assert [m.value for m in told(cut, is_last=True)] == [m.value for m in marks]


def test_a_word_that_is_not_in_the_text_stays_a_word(said: Utterance) -> None:
    progress = Progress()
    progress.note_word(TEXT, "something else", 0, 100)
    assert [mark.kind for mark in progress.marks] == ["word"] and not progress.words
