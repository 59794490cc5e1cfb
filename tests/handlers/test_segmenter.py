"""When speech begins and ends, told in frames; no clock, no model."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.config import VadSettings
from backend.handlers.vad.segmenter import (
    FRAME_MS,
    FRAME_SAMPLES,
    Segmenter,
    SpeechDropped,
    SpeechEnded,
    SpeechMaybe,
    SpeechPaused,
    SpeechResumed,
    SpeechStarted,
    VadEvent,
    VadState,
)

SETTINGS = VadSettings(pre_roll_ms=320)
PRE_ROLL = 10
OPEN = 8  # frames in 250 ms, rounded up


class Stream:
    """Feeds runs of equal probability; frame number n holds samples of value n."""

    def __init__(self, settings: VadSettings = SETTINGS) -> None:
        self.segmenter = Segmenter(settings)
        self.count = 0

    def feed(self, probability: float, frames: int) -> list[VadEvent]:
        events = []
        for _ in range(frames):
            frame = np.full(FRAME_SAMPLES, self.count, np.int16)
            self.count += 1
            events += self.segmenter.push(frame, probability, self.count * FRAME_MS)
        return events

    def end(self, reason: str = "silence") -> SpeechEnded | SpeechDropped | None:
        return self.segmenter.end(self.count * FRAME_MS, reason)


def kinds(events: list[VadEvent]) -> list[type[VadEvent]]:
    return [type(event) for event in events]


def frames_of(ended: VadEvent | None) -> list[int]:
    assert isinstance(ended, SpeechEnded)
    return ended.pcm[::FRAME_SAMPLES].tolist()


def test_silence_says_nothing() -> None:
    stream = Stream()
    assert stream.feed(0.1, 500) == []
    assert stream.segmenter.state is VadState.SILENT


def test_an_utterance_opens_after_250_ms_and_ends_when_it_is_told() -> None:
    stream = Stream()
    stream.feed(0.1, 20)
    begun = stream.feed(0.9, 30)
    assert kinds(begun) == [SpeechMaybe, SpeechStarted]
    assert begun[0].at_ms == pytest.approx(21 * FRAME_MS)
    assert begun[1].at_ms == pytest.approx((20 + OPEN) * FRAME_MS)
    (paused,) = stream.feed(0.1, 16)
    assert isinstance(paused, SpeechPaused)
    assert paused.at_ms == pytest.approx(51 * FRAME_MS)
    ended = stream.end()
    assert isinstance(ended, SpeechEnded)
    assert ended.at_ms == pytest.approx(66 * FRAME_MS)
    assert frames_of(ended) == list(range(20 - PRE_ROLL, 66))
    assert ended.speech_ratio == pytest.approx(30 / (PRE_ROLL + 30 + 16))
    assert ended.reason == "silence"
    assert stream.segmenter.state is VadState.SILENT


def test_silence_ends_nothing_by_itself() -> None:
    stream = Stream()
    stream.feed(0.9, 20)
    assert kinds(stream.feed(0.1, 300)) == [SpeechPaused]


def test_what_is_said_so_far_can_be_had_before_its_end() -> None:
    stream = Stream(VadSettings(pre_roll_ms=0))
    stream.feed(0.9, OPEN - 1)
    assert stream.segmenter.utterance() is None, "not sure yet"
    stream.feed(0.9, 5)
    stream.feed(0.1, 2)
    said = stream.segmenter.utterance()
    assert said is not None and said.pcm[::FRAME_SAMPLES].tolist() == list(range(OPEN + 6))
    assert said.speech_ratio == pytest.approx((OPEN + 4) / (OPEN + 6))
    assert frames_of(stream.end()) == list(range(OPEN + 6)), "having it changed nothing"


def test_the_beginning_of_an_utterance_can_be_forgotten() -> None:
    stream = Stream(VadSettings(pre_roll_ms=0))
    stream.feed(0.9, 20)
    stream.feed(0.1, 10)
    stream.segmenter.forget(15 * FRAME_SAMPLES)
    ended = stream.end()
    assert isinstance(ended, SpeechEnded) and ended.speech_ratio == pytest.approx(5 / 15)
    assert frames_of(ended) == list(range(15, 30))
    stream.feed(0.9, 20)
    stream.segmenter.forget(10**6)
    assert frames_of(stream.end()) == [49], "an utterance is never empty"


def test_somebody_speaks_until_silence_begins() -> None:
    stream = Stream()
    probabilities = (0.1, 0.9, 0.4, 0.1, 0.4, 0.9)
    for probability, is_speech in zip(probabilities, (0, 1, 1, 0, 0, 1), strict=True):
        stream.feed(probability, 1)
        assert stream.segmenter.is_speech is bool(is_speech)


def test_a_cough_is_dropped_and_stays_in_the_pre_roll() -> None:
    stream = Stream()
    stream.feed(0.1, 20)
    events = stream.feed(0.9, 3) + stream.feed(0.1, 10)
    assert kinds(events) == [SpeechMaybe, SpeechDropped]
    stream.feed(0.9, 20)
    assert frames_of(stream.end())[:PRE_ROLL] == list(range(33 - PRE_ROLL, 33))


def test_a_pause_within_a_sentence_does_not_end_it() -> None:
    stream = Stream()
    stream.feed(0.9, 20)
    events = stream.feed(0.1, 15) + stream.feed(0.9, 5) + stream.feed(0.1, 1)
    assert kinds(events) == [SpeechPaused, SpeechResumed, SpeechPaused]
    assert frames_of(stream.end()) == list(range(41))


def test_between_the_thresholds_nothing_changes_sides() -> None:
    stream = Stream()
    assert stream.feed(0.45, 50) == [], "not enough to begin"
    stream.feed(0.9, 20)
    assert stream.feed(0.4, 50) == [], "not enough to end"
    stream.feed(0.1, 1)
    assert stream.feed(0.4, 20) == [] and not stream.segmenter.is_speech


def test_the_silence_behind_an_utterance_is_before_the_next() -> None:
    stream = Stream()
    stream.feed(0.9, 20)
    stream.feed(0.1, 5)
    stream.end()
    stream.feed(0.9, 20)
    assert frames_of(stream.end()) == list(range(20, 45))


def test_the_cap_ends_a_monologue_and_the_next_part_begins() -> None:
    stream = Stream(VadSettings(max_segment_s=2, pre_roll_ms=0))
    events = stream.feed(0.9, 150)
    ended = [event for event in events if isinstance(event, SpeechEnded)]
    assert [event.reason for event in ended] == ["too_long", "too_long"]
    assert all(len(event.pcm) <= 2 * 16000 for event in ended)
    first, second = (frames_of(event) for event in ended)
    assert second[0] == first[-1] + 1


def test_an_endless_candidate_is_dropped() -> None:
    stream = Stream(VadSettings(max_segment_s=2, pre_roll_ms=0))
    assert kinds(stream.feed(0.9, 2) + stream.feed(0.4, 200)) == [SpeechMaybe, SpeechDropped]


def test_an_end_drops_what_never_became_speech() -> None:
    stream = Stream()
    stream.feed(0.9, 3)
    assert isinstance(stream.end(), SpeechDropped)
    assert stream.end() is None


def test_without_pre_roll_the_segment_begins_with_speech() -> None:
    stream = Stream(VadSettings(pre_roll_ms=0))
    stream.feed(0.1, 20)
    stream.feed(0.9, 20)
    assert frames_of(stream.end())[0] == 20


@given(
    st.lists(
        st.tuples(st.sampled_from([0.1, 0.4, 0.9]), st.integers(1, 60), st.booleans()), max_size=20
    )
)
def test_events_come_in_order_and_speech_is_in_one_segment(
    runs: list[tuple[float, int, bool]],
) -> None:
    stream = Stream(VadSettings(max_segment_s=2))
    events: list[VadEvent] = []
    speech: set[int] = set()
    for probability, frames, ends in runs:
        if probability == 0.9:
            speech |= set(range(stream.count, stream.count + frames))
        events += stream.feed(probability, frames)
        if ends and (ended := stream.end()):
            events.append(ended)
    follows = {
        None: {SpeechMaybe},
        SpeechMaybe: {SpeechStarted, SpeechDropped},
        SpeechStarted: {SpeechPaused, SpeechEnded},
        SpeechPaused: {SpeechResumed, SpeechEnded},
        SpeechResumed: {SpeechPaused, SpeechEnded},
        SpeechEnded: {SpeechMaybe},
        SpeechDropped: {SpeechMaybe},
    }
    last = None
    for event in events:
        assert type(event) in follows[last]
        last = type(event)
    segments = [frames_of(event) for event in events if isinstance(event, SpeechEnded)]
    for segment in segments:
        assert segment == list(range(segment[0], segment[-1] + 1)), "nothing is cut out"
    spoken = [frame for segment in segments for frame in segment if frame in speech]
    assert len(spoken) == len(set(spoken)), "nothing is said twice"
