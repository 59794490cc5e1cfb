"""The real network on synthetic speech and noise."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from backend.errors import ProviderUnavailable
from backend.handlers.messages import SAMPLE_RATE, Pcm
from backend.handlers.vad import silero
from backend.handlers.vad.segmenter import SpeechEnded, SpeechMaybe, SpeechStarted, VadEvent
from backend.handlers.vad.silero import SileroVad
from tests.fakes.fixtures import ContextFactory
from tests.handlers.speech import noise, silence, speech

WORDS = "Hello, this is a sentence that somebody says."


async def hear(vad: SileroVad, pcm: Pcm, size: int = 640) -> list[VadEvent]:
    """Everything that becomes known, the end of it all included."""
    parts = [pcm[start : start + size] for start in range(0, len(pcm), size)]
    events = [event for part in parts for event in [e async for e in vad.process(part)]]
    ended = vad.end()
    return events if ended is None else [*events, ended]


@pytest.fixture
def vad(make_context: ContextFactory) -> SileroVad:
    return SileroVad(make_context())


async def test_speech_between_silences_is_one_segment(vad: SileroVad) -> None:
    said = speech(WORDS)
    events = await hear(vad, np.concatenate([silence(1), said, silence(1)]))
    started = [event for event in events if isinstance(event, SpeechStarted)]
    ended = [event for event in events if isinstance(event, SpeechEnded)]
    assert len(started) == len(ended) == 1
    assert 1000 < started[0].at_ms < 1500
    seconds = len(ended[0].pcm) / SAMPLE_RATE
    assert seconds == pytest.approx(len(said) / SAMPLE_RATE + 1.4, abs=0.2)
    onset_ms = next(event.at_ms for event in events if isinstance(event, SpeechMaybe)) - 1000
    assert onset_ms < 130, "a barge-in must be felt at once"
    assert ended[0].speech_ratio > 0.5


async def test_silence_and_noise_are_not_speech(vad: SileroVad) -> None:
    assert await hear(vad, silence(2)) == []
    events = await hear(vad, noise(3, rms=0.05))
    assert not any(isinstance(event, SpeechStarted) for event in events)


async def test_how_the_stream_is_cut_does_not_matter(make_context: ContextFactory) -> None:
    pcm = np.concatenate([silence(0.5), speech(WORDS), silence(1)])
    heard = [await hear(SileroVad(make_context()), pcm, size) for size in (333, 16000)]
    (one,), (other,) = ([e for e in run if isinstance(e, SpeechEnded)] for run in heard)
    assert np.array_equal(one.pcm, other.pcm)
    assert one.at_ms == other.at_ms


async def test_flush_gives_the_utterance_so_far_and_forgets_it(vad: SileroVad) -> None:
    async for _ in vad.process(speech(WORDS)[: 2 * SAMPLE_RATE]):
        pass
    assert vad.is_open
    ended = vad.flush()
    assert isinstance(ended, SpeechEnded) and ended.reason == "flushed"
    assert len(ended.pcm) > SAMPLE_RATE
    assert vad.flush() is None


async def test_sessions_share_the_network_but_not_what_they_hear(
    make_context: ContextFactory,
) -> None:
    context = make_context()
    talking, quiet = SileroVad(context), SileroVad(context)
    pcm = np.concatenate([speech(WORDS), silence(1)])
    loud, nothing = await asyncio.gather(hear(talking, pcm), hear(quiet, silence(4)))
    assert any(isinstance(event, SpeechEnded) for event in loud)
    assert nothing == []
    assert talking._net is quiet._net
    assert context.weights.loaded() == ("vad.silero",)


async def test_the_file_of_faster_whisper_serves_as_well(
    make_context: ContextFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(silero, "_FILES", silero._FILES[1:])
    pcm = np.concatenate([silence(0.5), speech(WORDS), silence(1)])
    events = await hear(SileroVad(make_context()), pcm)
    assert sum(isinstance(event, SpeechEnded) for event in events) == 1


async def test_without_a_file_it_says_so(vad: SileroVad, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(silero, "_FILES", (("no_such_package", "x.onnx"),))
    with pytest.raises(ProviderUnavailable, match="silero-vad"):
        await vad.initialize()
