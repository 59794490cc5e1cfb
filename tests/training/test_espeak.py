"""Speech with marks, and what is said."""

from pathlib import Path

import numpy as np
import pytest

from training import sentences, speech_set
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


def test_held_out_voices_and_sentences_are_not_for_training() -> None:
    variants = speech_set.training_variants()
    assert not set(variants) & set(speech_set.HELD_OUT_VOICES)
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
