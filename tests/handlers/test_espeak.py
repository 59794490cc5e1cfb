"""The built-in voice."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import numpy as np
import pytest

from backend.handlers.base import Options
from backend.handlers.messages import SAMPLE_RATE, Pcm, Sentence, SpokenAudio
from backend.handlers.tts.espeak import LEVEL_RMS, PEAK, SLICE_SAMPLES, EspeakTts
from backend.handlers.tts.espeak_native import Manner, espeak
from tests.fakes.fixtures import ContextFactory
from tests.handlers.speech import sentence

ENGLISH = "Hello! I am happy to see you, and I hope that you are well today."
CHINESE = "你好！很高兴见到你，今天过得怎么样？"


async def speak(tts: EspeakTts, what: Sentence) -> list[SpokenAudio]:
    return [audio async for audio in tts.process(what)]


def joined(slices: list[SpokenAudio]) -> Pcm:
    return np.concatenate([audio.pcm for audio in slices])


@pytest.fixture
def tts(make_context: ContextFactory) -> EspeakTts:
    return EspeakTts(make_context())


@pytest.mark.parametrize(("text", "language"), [(ENGLISH, "en"), (CHINESE, "zh")])
async def test_a_sentence_is_spoken_in_slices(tts: EspeakTts, text: str, language: str) -> None:
    slices = await speak(tts, sentence(text, language))
    assert [audio.is_last for audio in slices] == [False] * (len(slices) - 1) + [True]
    assert all(audio.pcm.size == SLICE_SAMPLES for audio in slices[:-1])
    pcm = joined(slices)
    assert pcm.dtype == np.int16 and 2.5 < pcm.size / SAMPLE_RATE < 6


@pytest.mark.parametrize(("text", "language"), [(ENGLISH, "en"), (CHINESE, "zh")])
async def test_it_is_as_loud_as_it_should_be_and_never_clips(
    tts: EspeakTts, text: str, language: str
) -> None:
    sound = joined(await speak(tts, sentence(text, language))) / 32768
    voiced = sound[np.abs(sound) > 0.01]
    assert np.sqrt(np.mean(voiced**2)) == pytest.approx(LEVEL_RMS, rel=0.25)
    assert np.abs(sound).max() <= PEAK + 0.001


async def test_marks_tell_phonemes_and_words(tts: EspeakTts) -> None:
    slices = await speak(tts, sentence("Hello, my friend. How are you?"))
    marks = [mark for audio in slices for mark in audio.marks]
    length_ms = joined(slices).size * 1000 / SAMPLE_RATE
    words = [mark.value for mark in marks if mark.kind == "word"]
    assert words == ["Hello", "my", "friend", "How", "are", "you"]
    phonemes = [mark for mark in marks if mark.kind == "phoneme"]
    assert [mark.value for mark in phonemes][:4] == ["h", "ə", "l", "ˈoʊ"]
    assert "" in {mark.value for mark in phonemes}, "a pause is a phoneme without a name"
    for one, following in pairwise(phonemes):
        assert one.start_ms < one.end_ms == following.start_ms
    assert phonemes[-1].end_ms == pytest.approx(length_ms, abs=1)


async def test_each_slice_carries_its_own_marks(tts: EspeakTts) -> None:
    for index, audio in enumerate(await speak(tts, sentence(ENGLISH))):
        for mark in audio.marks:
            assert index == min(int(mark.start_ms // 500), index)
            assert mark.start_ms >= index * 500


async def test_nothing_to_say_is_an_empty_last_slice(tts: EspeakTts) -> None:
    (audio,) = await speak(tts, sentence("  "))
    assert audio.is_last and audio.pcm.size == 0


async def test_rate_and_pitch_are_heard(make_context: ContextFactory) -> None:
    plain = joined(await speak(EspeakTts(make_context()), sentence(ENGLISH)))
    fast_context = make_context(tts={"rate_percent": 50, "pitch_hz": 40})
    fast = joined(await speak(EspeakTts(fast_context), sentence(ENGLISH)))
    assert fast.size < 0.8 * plain.size
    assert _pitch_hz(fast) > 1.15 * _pitch_hz(plain)


async def test_the_default_voice_is_a_womans(tts: EspeakTts) -> None:
    assert 165 < _pitch_hz(joined(await speak(tts, sentence(ENGLISH)))) < 260


@pytest.mark.parametrize(
    ("voice", "language", "expected"),
    [
        ("en-us+m3", "en", "en-us+m3"),
        ("en-us+m3", "zh", "cmn+f2"),
        ("zh-CN-XiaoxiaoNeural", "zh", "cmn+f2"),
        ("en-US-AriaNeural", "en", "en-us+f2"),
        (None, "fr", "fr+f2"),
        (None, "xx", "en-us+f2"),
    ],
)
async def test_the_voice_fits_the_language(
    make_context: ContextFactory, voice: str | None, language: str, expected: str
) -> None:
    tts = EspeakTts(make_context(Options(voice=voice)))
    await tts.initialize()
    assert tts._voice(language) == expected


async def test_two_sessions_at_once_do_not_mix(make_context: ContextFactory) -> None:
    context = make_context()
    alone = joined(await speak(EspeakTts(context), sentence(ENGLISH)))
    together = await asyncio.gather(
        *(speak(EspeakTts(context), sentence(text)) for text in [ENGLISH, "Goodbye."] * 4)
    )
    for slices in together[::2]:
        assert abs(joined(slices).size - alone.size) < SAMPLE_RATE // 50


def test_an_unknown_voice_is_refused() -> None:
    with pytest.raises(ValueError, match="nobody"):
        espeak().speak("hello", Manner("nobody"))


def _pitch_hz(pcm: Pcm) -> float:
    """Median pitch of the voiced frames, by autocorrelation."""
    found = []
    for start in range(0, pcm.size - 1024, 512):
        frame = pcm[start : start + 1024].astype(float)
        if np.sqrt(np.mean(frame**2)) < 1000:
            continue
        similar = np.correlate(frame, frame, "full")[1023:]
        shortest, longest = SAMPLE_RATE // 400, SAMPLE_RATE // 70
        lag = shortest + int(similar[shortest:longest].argmax())
        if similar[lag] > 0.5 * similar[0]:
            found.append(SAMPLE_RATE / lag)
    return float(np.median(found))
