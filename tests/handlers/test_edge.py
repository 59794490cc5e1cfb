"""Edge-TTS against a local service that speaks its frames."""

from __future__ import annotations

import asyncio
import socket
from itertools import pairwise

import numpy as np
import pytest

from backend.errors import ProviderError, ProviderRefused, ProviderUnavailable
from backend.handlers.base import Options
from backend.handlers.chains import tts_chain
from backend.handlers.fallback import ProviderChange
from backend.handlers.messages import SAMPLE_RATE, Mark, Sentence, SpokenAudio
from backend.handlers.tts.edge import EdgeTts
from backend.handlers.tts.espeak_native import Manner, Moment, espeak
from tests.fakes.fixtures import ContextFactory, EdgeFactory
from tests.handlers.speech import sentence

TEXT = "Hello there, this is a somewhat longer sentence for the voice to say."


async def speak(tts: EdgeTts, what: Sentence) -> list[SpokenAudio]:
    return [audio async for audio in tts.process(what)]


def seconds(slices: list[SpokenAudio]) -> float:
    return sum(audio.pcm.size for audio in slices) / SAMPLE_RATE


def of_kind(slices: list[SpokenAudio], kind: str) -> list[Mark]:
    return [mark for audio in slices for mark in audio.marks if mark.kind == kind]


async def test_a_sentence_arrives_as_sound_with_word_marks(
    edge: EdgeFactory, make_context: ContextFactory
) -> None:
    async with edge() as service:
        slices = await speak(EdgeTts(make_context()), sentence(TEXT))
    assert [audio.is_last for audio in slices] == [False] * (len(slices) - 1) + [True]
    said = espeak().speak(TEXT, Manner("en-us"))
    assert seconds(slices) == pytest.approx(said.pcm.size / said.rate_hz, abs=0.15)
    loudness = np.sqrt(np.mean(np.concatenate([a.pcm for a in slices]).astype(float) ** 2))
    assert loudness > 1000
    marks = of_kind(slices, "word")
    assert [mark.value for mark in marks] == [word.strip(",.") for word in TEXT.split()]
    assert all(one.start_ms < two.start_ms for one, two in pairwise(marks))
    assert service.texts == [TEXT]


async def test_sound_is_handed_on_while_the_rest_is_still_coming(
    edge: EdgeFactory, make_context: ContextFactory
) -> None:
    async with edge("gated") as service, asyncio.timeout(10):
        stream = EdgeTts(make_context()).process(sentence(TEXT))
        first = await anext(stream)
        assert first.pcm.size and not service.gate.is_set()
        service.gate.set()
        rest = [audio async for audio in stream]
    assert rest[-1].is_last and seconds(rest) > 1


async def test_voice_rate_and_pitch_are_asked_for(
    edge: EdgeFactory, make_context: ContextFactory
) -> None:
    async with edge() as service:
        context = make_context(tts={"rate_percent": 10, "pitch_hz": -5})
        await speak(EdgeTts(context), sentence("你好，朋友。", "zh"))
    assert "XiaoxiaoNeural" in service.requests[0]
    assert "rate='+10%'" in service.requests[0] and "pitch='-5Hz'" in service.requests[0]


@pytest.mark.parametrize(
    ("voice", "language", "expected"),
    [
        ("en-GB-SoniaNeural", "en", "en-GB-SoniaNeural"),
        ("en-GB-SoniaNeural", "zh", "zh-CN-XiaoxiaoNeural"),
        ("en-US-EmmaMultilingualNeural", "zh", "en-US-EmmaMultilingualNeural"),
        ("en-us+f3", "en", "en-US-AriaNeural"),
        (None, "fr", "en-US-AriaNeural"),
    ],
)
def test_the_voice_fits_the_language(
    make_context: ContextFactory, voice: str | None, language: str, expected: str
) -> None:
    assert EdgeTts(make_context(Options(voice=voice)))._voice(language) == expected


@pytest.mark.parametrize("mode", ["truncating", "cutting"])
async def test_what_was_left_out_is_asked_for_again(
    edge: EdgeFactory, make_context: ContextFactory, mode: str
) -> None:
    async with edge(mode) as service:
        slices = await speak(EdgeTts(make_context()), sentence(TEXT))
    assert len(service.texts) == 2
    assert TEXT.endswith(service.texts[1]) and len(service.texts[1]) < len(TEXT)
    words = of_kind(slices, "word")
    assert [mark.value for mark in words] == [word.strip(",.") for word in TEXT.split()]
    starts = [mark.start_ms for mark in words]
    assert starts == sorted(starts) and starts[-1] < 1000 * seconds(slices)
    assert slices[-1].is_last and seconds(slices) > 3


@pytest.mark.parametrize(
    ("text", "language", "voice"),
    [(TEXT, "en", "en-us"), ("妈妈买了八本书，和一把蓝色的雨伞。", "zh", "cmn")],
)
async def test_words_come_with_their_phonemes(
    edge: EdgeFactory, make_context: ContextFactory, text: str, language: str, voice: str
) -> None:
    async with edge():
        slices = await speak(EdgeTts(make_context()), sentence(text, language))
    phonemes, words = of_kind(slices, "phoneme"), of_kind(slices, "word")
    true = [m for m in espeak().speak(text, Manner(voice)).moments if m.kind == "phoneme"]
    assert [m.value for m in phonemes] == [m.value for m in true if m.value]
    assert all(one.end_ms <= two.start_ms + 1e-6 for one, two in pairwise(phonemes))
    assert phonemes[0].start_ms >= words[0].start_ms
    off_ms = [
        one.start_ms - m.at_ms for one, m in zip(phonemes, filter(_sounds, true), strict=True)
    ]
    assert np.abs(off_ms).mean() < 20 and abs(np.mean(off_ms)) < 10


async def test_a_language_that_espeak_does_not_know_is_spoken_all_the_same(
    edge: EdgeFactory, make_context: ContextFactory
) -> None:
    async with edge():
        slices = await speak(EdgeTts(make_context()), sentence(TEXT, "xx"))
    assert seconds(slices) > 3 and of_kind(slices, "word")
    assert not of_kind(slices, "phoneme")


async def test_a_refusal_is_an_error(edge: EdgeFactory, make_context: ContextFactory) -> None:
    async with edge("forbidden"):
        with pytest.raises(ProviderError, match="refuses"):
            await speak(EdgeTts(make_context()), sentence(TEXT))


async def test_closing_hangs_up(edge: EdgeFactory, make_context: ContextFactory) -> None:
    async with edge("gated") as service, asyncio.timeout(10):
        stream = EdgeTts(make_context()).process(sentence(TEXT))
        await anext(stream)
        await stream.aclose()  # type: ignore[attr-defined]  # `process` is a generator
        await service.hung_up.wait()


async def test_cancelling_hangs_up(edge: EdgeFactory, make_context: ContextFactory) -> None:
    async with edge("silent") as service, asyncio.timeout(10):
        task = asyncio.create_task(speak(EdgeTts(make_context()), sentence(TEXT)))
        await service.asked.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await service.hung_up.wait()


async def test_offline_is_known_at_the_start(
    make_context: ContextFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    import edge_tts.communicate

    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    monkeypatch.setattr(edge_tts.communicate, "WSS_URL", f"wss://127.0.0.1:{port}/x?a=1")
    with pytest.raises(ProviderUnavailable, match="network"):
        await EdgeTts(make_context()).initialize()


async def test_nothing_to_say_asks_nobody(edge: EdgeFactory, make_context: ContextFactory) -> None:
    async with edge() as service:
        (audio,) = await speak(EdgeTts(make_context()), sentence(" "))
        assert audio.is_last and not audio.pcm.size and not service.requests


@pytest.mark.parametrize(
    ("voice", "language", "text", "is_about_what_was_asked"),
    [
        ("en-US-NobodyNeural", "en", TEXT, True),
        (None, "ru", "Добрый день.", True),
        (None, "en", "😀", True),
        (None, "en", TEXT, False),
    ],
)
async def test_no_sound_is_a_failure_only_of_what_it_should_be_able_to_say(
    edge: EdgeFactory,
    make_context: ContextFactory,
    voice: str | None,
    language: str,
    text: str,
    is_about_what_was_asked: bool,
) -> None:
    async with edge("mute"):
        with pytest.raises(ProviderError) as caught:
            await speak(EdgeTts(make_context(Options(voice=voice))), sentence(text, language))
    assert isinstance(caught.value, ProviderRefused) is is_about_what_was_asked


async def test_a_voice_that_cannot_be_is_refused(
    edge: EdgeFactory, make_context: ContextFactory
) -> None:
    async with edge("ok"):
        with pytest.raises(ProviderRefused, match="en-Neural"):
            await speak(EdgeTts(make_context(Options(voice="en-Neural"))), sentence(TEXT))


@pytest.mark.parametrize("mode", ["silent", "forbidden"])
async def test_in_the_chain_the_built_in_voice_takes_over(
    edge: EdgeFactory, make_context: ContextFactory, mode: str
) -> None:
    changes: list[ProviderChange] = []
    async with edge(mode):
        context = make_context(tts={"first_audio_timeout_s": 0.3})
        chain = tts_chain(context, changes.append)
        await chain.initialize()
        assert chain.active == "edge"
        slices = [audio async for audio in chain.process(sentence(TEXT))]
        await chain.release()
    assert slices[-1].is_last and seconds(slices) > 3
    assert [(change.from_provider, change.to_provider) for change in changes] == [
        ("edge", "espeak")
    ]


def _sounds(moment: Moment) -> bool:
    return bool(moment.value)
