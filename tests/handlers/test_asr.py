"""The recognisers: Whisper on a real tiny model, PocketSphinx on synthetic speech, and the gate."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from backend.config import AsrSettings
from backend.errors import ProviderUnavailable
from backend.handlers.asr.gate import is_worth_hearing, rms
from backend.handlers.asr.pocketsphinx import PocketsphinxAsr
from backend.handlers.asr.sphinx_actor import SphinxActor
from backend.handlers.asr.whisper import WhisperAsr
from backend.handlers.base import BaseHandler, Context
from backend.handlers.chains import asr_chain
from backend.handlers.fallback import ProviderChange
from backend.handlers.messages import SpeechSegment, Transcript
from tests.fakes.engine import InlineEngine
from tests.fakes.fixtures import ContextFactory
from tests.handlers.speech import noise, segment, silence, speech

SAID = "one two three four five"


async def transcripts(
    asr: BaseHandler[SpeechSegment, Transcript], heard: SpeechSegment
) -> list[Transcript]:
    return [transcript async for transcript in asr.process(heard)]


def engine_of(context: Context) -> InlineEngine:
    assert isinstance(context.engine, InlineEngine)
    return context.engine


@pytest.mark.parametrize(
    ("pcm", "ratio", "is_worth"),
    [
        (speech(SAID), 0.8, True),
        (speech(SAID), 0.1, False),
        (noise(1, rms=0.001), 0.8, False),
        (silence(1), 0.8, False),
        (silence(0), 0.8, False),
    ],
)
def test_the_gate_lets_only_speech_through(pcm: np.ndarray, ratio: float, is_worth: bool) -> None:
    assert is_worth_hearing(segment(pcm, ratio), AsrSettings()) is is_worth


def test_loudness_is_told_against_full_scale() -> None:
    assert rms(noise(5, rms=0.1)) == pytest.approx(0.1, rel=0.02)


async def test_whisper_recognises_with_the_folder_that_settings_name(
    make_context: ContextFactory, tiny_whisper: Path
) -> None:
    asr = WhisperAsr(make_context(asr={"model": str(tiny_whisper), "threads": 1}))
    (transcript,) = await transcripts(asr, segment(speech(SAID)))
    assert transcript.text and transcript.language
    assert transcript.confidence is not None and 0 <= transcript.confidence <= 1


async def test_whisper_keeps_to_the_language_that_settings_name(
    make_context: ContextFactory, tiny_whisper: Path
) -> None:
    options = {"model": str(tiny_whisper), "language": "zh", "threads": 1}
    (transcript,) = await transcripts(WhisperAsr(make_context(asr=options)), segment(speech(SAID)))
    assert transcript.language == "zh"


async def test_whisper_is_loaded_once_for_all_sessions(
    make_context: ContextFactory, tiny_whisper: Path
) -> None:
    context = make_context(asr={"model": str(tiny_whisper), "threads": 1})
    one, other = WhisperAsr(context), WhisperAsr(context)
    await asyncio.gather(one.initialize(), other.initialize())
    assert one._whisper is other._whisper


async def test_whisper_that_is_stopped_does_not_decode(
    make_context: ContextFactory, tiny_whisper: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asr = WhisperAsr(make_context(asr={"model": str(tiny_whisper), "threads": 1}))
    await asr.initialize()
    stop = threading.Event()
    decoded: list[int] = []

    def transcribe(*args: object, **options: object) -> tuple[Iterator[Any], Any]:
        stop.set()  # while it finds out the language
        return (decoded.append(number) for number in range(3)), SimpleNamespace(language="en")

    monkeypatch.setattr(asr._whisper._model, "transcribe", transcribe)
    assert asr._whisper.recognise(speech(SAID), None, 1, stop)[0] == "" and not decoded


async def test_whisper_hears_nothing_in_silence(
    make_context: ContextFactory, tiny_whisper: Path
) -> None:
    asr = WhisperAsr(make_context(asr={"model": str(tiny_whisper), "threads": 1}))
    assert await transcripts(asr, segment(noise(1, rms=0.001))) == []


async def test_a_missing_model_says_what_to_run(make_context: ContextFactory) -> None:
    asr = WhisperAsr(make_context(asr={"model": "no-such-model"}))
    with pytest.raises(ProviderUnavailable, match="avatar-chat models pull no-such-model"):
        await asr.initialize()


async def test_a_broken_model_says_what_to_do(make_context: ContextFactory, tmp_path: Path) -> None:
    for name in ("model.bin", "config.json", "tokenizer.json", "vocabulary.json"):
        (tmp_path / name).write_text("{}")
    asr = WhisperAsr(make_context(asr={"model": str(tmp_path)}))
    with pytest.raises(ProviderUnavailable, match="Delete the folder"):
        await asr.initialize()


async def test_pocketsphinx_hears_english_words(make_context: ContextFactory) -> None:
    context = make_context()
    heard = await transcripts(PocketsphinxAsr(context), segment(speech(SAID)))
    (transcript,) = heard
    assert transcript.language == "en" and transcript.confidence is None
    assert transcript.text == SAID
    calls = engine_of(context).actors[0].calls
    assert calls[0] == "begin" and calls[-1] == "finish" and calls.count("feed") > 5


def test_pocketsphinx_keeps_nothing_of_what_it_has_heard() -> None:
    actor, sound = SphinxActor(), speech(SAID).tobytes()
    actor.begin(sound)
    actor.feed(sound)
    assert actor.finish() == SAID
    assert actor._decoder.hyp() is None and actor._decoder.get_lattice() is None


async def test_pocketsphinx_survives_its_worker(make_context: ContextFactory) -> None:
    context = make_context()
    asr = PocketsphinxAsr(context)
    await asr.initialize()
    await engine_of(context).actors[0].close()
    (transcript,) = await transcripts(asr, segment(speech(SAID)))
    assert transcript.text == SAID and len(engine_of(context).actors) == 2


async def test_an_utterance_that_was_cancelled_does_not_leak_into_the_next(
    make_context: ContextFactory,
) -> None:
    context = make_context()
    asr = PocketsphinxAsr(context)
    await asr.initialize()
    actor = engine_of(context).actors[0]
    await actor.call("begin", speech("good morning everybody").tobytes())
    await actor.call("feed", speech("good morning everybody").tobytes())
    again = await transcripts(asr, segment(speech(SAID)))
    assert again[0].text == SAID


async def test_the_chain_falls_back_and_takes_whisper_when_it_is_there(
    make_context: ContextFactory, tiny_whisper: Path, tmp_path: Path
) -> None:
    changes: list[ProviderChange] = []
    settings = {"model": "later", "threads": 1}
    context = make_context(asr=settings, breaker={"cooldown_s": 0.001})
    chain = asr_chain(context, changes.append)
    await chain.initialize()
    assert chain.active == "pocketsphinx" and "models pull" in changes[0].reason
    folder = tmp_path / "models" / "later"
    folder.parent.mkdir()
    folder.symlink_to(tiny_whisper)
    await transcripts(chain, segment(speech("hello")))
    await asyncio.gather(*chain._probes.values())
    await transcripts(chain, segment(speech("hello")))
    assert chain.active == "whisper"
    await chain.release()
