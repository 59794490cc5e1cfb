"""From spoken sentences to strips: the mouth stays with the sound, whatever is done to it."""

import random
import shutil
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from backend.avatar.lips.mel import SAMPLE_RATE_HZ, Float32
from backend.avatar.lips.phones import CONTRACT
from backend.avatar.network import Network, load_network
from training import audio, disguise, people, speech_set
from training.espeak import Espeak, Speech

RNG_SEED = 3


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(RNG_SEED)


@pytest.fixture(scope="module")
def spoken() -> list[Speech]:
    source = next(s for s in speech_set.sources() if s.name == "english")
    return list(islice(source.speak(random.Random(1)), 5))


@pytest.fixture(scope="module")
def phones() -> Network:
    return load_network(people.SHIPPED, CONTRACT)


def hiss() -> Float32:
    """Noise under 3 kHz, which every place and codec lets through, swelling and fading."""
    spectrum = np.fft.rfft(np.random.default_rng(0).normal(0, 0.1, SAMPLE_RATE_HZ))
    spectrum[3000:] = 0
    swell = np.sin(np.linspace(0, 3 * np.pi, SAMPLE_RATE_HZ)) ** 2
    return np.asarray(np.fft.irfft(spectrum) * swell, np.float32)


def delay_samples(sound: Float32, reference: Float32) -> int:
    size = 2 * len(reference)
    across = np.fft.rfft(sound, size) * np.conj(np.fft.rfft(reference, size))
    best = int(np.argmax(np.fft.irfft(across, size)))
    return best if best < len(reference) else best - size


def test_a_shard_comes_back_as_it_was_saved(tmp_path: Path, spoken: list[Speech]) -> None:
    speech_set.save(tmp_path / "english-00.npz", spoken)
    loaded = speech_set.load(tmp_path / "english-00.npz")
    assert [s.phones for s in loaded] == [s.phones for s in spoken]
    for found, wanted in zip(loaded, spoken, strict=True):
        np.testing.assert_allclose(found.pcm, wanted.pcm, atol=1e-4)
    assert [path.name for path in tmp_path.iterdir()] == ["english-00.npz"]


def test_what_a_shard_says_follows_from_its_name() -> None:
    english = speech_set.sources()[0]
    one, again, other = (next(english.speak(random.Random(seed))) for seed in "aab")
    assert [phone.name for phone in one.phones] == [phone.name for phone in again.phones]
    assert one.phones != other.phones


def test_a_strip_has_a_mouth_for_every_column(
    spoken: list[Speech], rng: np.random.Generator, phones: Network
) -> None:
    strip = audio.strip(spoken, rng, phones)
    assert strip["sound"].shape[1:] == (122,)
    assert strip["controls"].shape == (len(strip["sound"]), 8)
    assert float(strip["controls"].min()) >= 0
    assert float(strip["controls"].max()) <= 1


def test_a_strip_of_plain_clips_opens_where_it_sounds(
    spoken: list[Speech], phones: Network
) -> None:
    class Plain(np.random.Generator):
        def random(self, *_args: object, **_more: object) -> float:  # type: ignore[override]
            return 0.99  # no disguise, no breath, no codec

    strip = audio.strip(spoken, Plain(np.random.PCG64(1)), phones)
    loudness = strip["sound"][:, :80].astype(float).mean(1)
    opening = strip["controls"][:, 0].astype(float)
    assert np.corrcoef(loudness, opening)[0, 1] > 0.4


def test_another_speaker_moves_marks_with_the_sound(rng: np.random.Generator) -> None:
    speech = Espeak().say("Hello there.", "en-us")
    other = disguise.speaker(speech, rng)
    factor = speech.duration_s / other.duration_s
    assert 0.84 < factor < 1.26
    assert other.phones[3].start_s == pytest.approx(speech.phones[3].start_s / factor, abs=1e-3)


def test_places_keep_length_and_moment(rng: np.random.Generator) -> None:
    pcm = hiss()
    for _ in range(8):
        placed = disguise.place(pcm, rng)
        assert placed.shape == pcm.shape
        assert abs(delay_samples(placed, pcm)) <= 8


@pytest.mark.parametrize("number", range(4))
def test_codecs_keep_length_and_moment(number: int) -> None:
    if shutil.which("ffmpeg") is None:
        pytest.skip("ffmpeg is not installed")
    pcm = hiss()
    coded = disguise.through_a_codec(pcm, number)
    assert coded.shape == pcm.shape
    assert abs(delay_samples(coded, pcm)) <= 8
    assert not np.array_equal(coded, pcm)


@pytest.mark.parametrize("kind", [disguise.noise, disguise.music, disguise.breath])
def test_sounds_of_rooms_fill_their_length(
    kind: Callable[[int, np.random.Generator], Float32], rng: np.random.Generator
) -> None:
    sound = kind(8000, rng)
    assert sound.shape == (8000,)
    assert np.abs(sound).max() == pytest.approx(1)


def test_nobody_speaks_at_rest(
    rng: np.random.Generator, spoken: list[Speech], phones: Network
) -> None:
    quiet = audio.quiet(rng)
    assert len(quiet) == 2 * SAMPLE_RATE_HZ
    strip = audio.strip(spoken[:1], rng, phones)
    assert not strip["controls"][-100:].any()
