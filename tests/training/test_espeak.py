"""Speech with marks, and what is made of it for training."""

import random
from pathlib import Path

import numpy as np
import pytest

from training import audio, sentences
from training.espeak import Espeak


@pytest.fixture(scope="module")
def espeak() -> Espeak:
    return Espeak()


def test_phones_come_in_order_with_their_moments(espeak: Espeak) -> None:
    speech = espeak.say("Maybe Bob.", "en-us")
    names = [phone.name.lstrip("',") for phone in speech.phones]
    starts = [phone.start_s for phone in speech.phones]
    assert names[:6] == ["m", "eI", "b", "i:", "b", "0"]
    assert starts == sorted(starts)
    assert 0.5 < speech.duration_s < 1.5
    assert starts[-1] <= speech.duration_s + 0.05
    assert 0.05 < np.abs(speech.pcm).max() <= 1


def test_mandarin_has_phones_too(espeak: Espeak) -> None:
    names = {phone.name.lstrip("',") for phone in espeak.say("妈妈，你好。", "cmn").phones}
    assert {"m", "n", "X"} <= names


def test_unknown_voice_is_refused(espeak: Espeak) -> None:
    with pytest.raises(ValueError, match="no-such-voice"):
        espeak.say("hello", "no-such-voice")


def test_a_clip_has_a_row_for_every_column(espeak: Espeak) -> None:
    clip = audio.clip_of(espeak.say("Bob moved the map.", "en-us"))
    assert clip.mel.shape[1] == len(clip.track.controls) == len(clip.track.closed)
    assert clip.track.closed.any()


def test_repitching_moves_marks_with_the_sound(espeak: Espeak) -> None:
    speech = espeak.say("Hello there.", "en-us")
    faster = audio.repitched(speech, 1.25)
    assert faster.duration_s == pytest.approx(speech.duration_s / 1.25, abs=0.001)
    assert faster.phones[3].start_s == pytest.approx(speech.phones[3].start_s / 1.25)


def test_noise_has_a_resting_mouth() -> None:
    clips = list(audio.noise_clips(8, random.Random(1)))
    assert len(clips) == 2
    assert all((clip.track.controls == 0).all() for clip in clips)


def test_held_out_voices_and_sentences_are_not_for_training() -> None:
    variants = audio.training_variants()
    assert not set(variants) & set(audio.HELD_OUT_VOICES)
    assert len(variants) > 50
    chinese = sentences.mandarin(2500, seed=1)
    assert chinese == sentences.mandarin(2500, seed=1)
    assert len(set(chinese)) == 2500
    assert not set(chinese) & set(sentences.HELD_OUT["zh"])


def test_plain_sentences_are_read_from_docstrings(tmp_path: Path) -> None:
    module = tmp_path / "module.py"
    module.write_text(
        '"""Short.\n\nThis line reads quite well aloud. Call f(x) to see it\nfail at once.\n"""\n'
        "def f():\n    'Return whatever the other\n    one has given'\n".replace("'", '"""')
    )
    assert list(sentences._speakable(module)) == [
        "This line reads quite well aloud.",
        "Return whatever the other one has given.",
    ]
