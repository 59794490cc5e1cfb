"""Columns of sound: the same whatever they are asked for in, and phones that people would hear."""

from pathlib import Path

import numpy as np
import pytest
from face_samples import speech

from backend.avatar.lips.ear import Ear, samples_for
from backend.avatar.lips.mel import SAMPLE_RATE_HZ, mel_spectrogram
from backend.avatar.lips.phones import CONTRACT, PHONE_COUNT, REACH_COLUMNS
from backend.avatar.network import Network, load_network
from backend.handlers.tts.espeak_native import Manner, espeak

MODELS = Path(__file__).parents[2] / "models" / "onnx"
# Places in the order of CMU Sphinx's en-us model.
AA, AH, AO, EY, IH, IY = 2, 4, 5, 14, 18, 19


@pytest.fixture(scope="module")
def phones() -> Network:
    return load_network(MODELS / "lightlips.phones.onnx", CONTRACT)


def heard(phones: Network, text: str) -> np.ndarray:
    """How likely each phone was, (columns, 42), at its own moment."""
    said = espeak().speak(text, Manner("en-us"))
    moments = np.arange(0, len(said.pcm), said.rate_hz / SAMPLE_RATE_HZ)
    pcm = np.interp(moments, np.arange(len(said.pcm)), said.pcm).astype(np.int16)
    columns = Ear(phones).listen(pcm, len(pcm) // 200)
    return np.exp(columns[-PHONE_COUNT:, REACH_COLUMNS:].T)


def test_without_phones_an_ear_hears_mel() -> None:
    pcm = speech(0.6)
    np.testing.assert_allclose(Ear().listen(pcm, 40), mel_spectrogram(pcm)[:, :40], atol=1e-5)


@pytest.mark.parametrize("step", [1, 7, 26])
def test_batches_give_what_the_whole_gives(phones: Network, step: int) -> None:
    pcm = speech(1.2)
    whole, ear = Ear(phones).listen(pcm, 92), Ear(phones)
    for end in range(step, 92, step):
        known = ear.listen(pcm[: samples_for(end)], end)
        np.testing.assert_allclose(known, whole[:, :end], atol=1e-3)


def test_what_was_heard_stays_heard(phones: Network) -> None:
    pcm = speech(1.0)
    ear = Ear(phones)
    first = ear.listen(pcm[: samples_for(30)], 30).copy()
    np.testing.assert_array_equal(ear.listen(pcm, 60)[:, :30], first)


def test_after_the_sound_there_is_silence(phones: Network) -> None:
    ear = Ear(phones)
    columns = ear.listen(np.zeros(0, np.int16), 30)
    np.testing.assert_allclose(columns, np.repeat(ear.silence[:, None], 30, axis=1), atol=1e-4)


def test_phones_are_likelihoods(phones: Network) -> None:
    features = np.random.default_rng(0).normal(0, 5, (9, 39)).astype(np.float32)
    said = phones(features)
    assert said.shape == (9, PHONE_COUNT)
    assert -8 <= said.min() <= said.max() <= 0


@pytest.mark.parametrize(("text", "wanted"), [("Ah.", [AA, AO, AH]), ("Eee.", [IY, IH, EY])])
def test_a_held_vowel_is_taken_for_itself_or_its_like(
    phones: Network, text: str, wanted: list[int]
) -> None:
    said = heard(phones, text)
    middle = said[len(said) // 4 : len(said) // 2].mean(axis=0)
    assert middle[wanted].sum() > 0.4
