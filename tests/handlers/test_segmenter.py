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
OPEN, CLOSE = 8, 16  # frames in 250 ms and 500 ms, rounded up


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


def kinds(events: list[VadEvent]) -> list[type[VadEvent]]:
    return [type(event) for event in events]


def frames_of(ended: VadEvent) -> list[int]:
    assert isinstance(ended, SpeechEnded)
    return ended.pcm[::FRAME_SAMPLES].tolist()


def test_silence_says_nothing() -> None:
    stream = Stream()
    assert stream.feed(0.1, 500) == []
    assert stream.segmenter.state is VadState.SILENT


def test_an_utterance_opens_after_250_ms_and_closes_after_500_ms() -> None:
    stream = Stream()
    stream.feed(0.1, 20)
    begun = stream.feed(0.9, 30)
    assert kinds(begun) == [SpeechMaybe, SpeechStarted]
    assert begun[0].at_ms == pytest.approx(21 * FRAME_MS)
    assert begun[1].at_ms == pytest.approx((20 + OPEN) * FRAME_MS)
    paused, ended = stream.feed(0.1, CLOSE)
    assert isinstance(paused, SpeechPaused) and isinstance(ended, SpeechEnded)
    assert ended.at_ms == pytest.approx((50 + CLOSE) * FRAME_MS)
    assert frames_of(ended) == list(range(20 - PRE_ROLL, 50 + CLOSE))
    assert ended.speech_ratio == pytest.approx(30 / (PRE_ROLL + 30 + CLOSE))
    assert ended.reason == "silence"
    assert stream.segmenter.state is VadState.SILENT


def test_a_cough_is_dropped_and_stays_in_the_pre_roll() -> None:
    stream = Stream()
    stream.feed(0.1, 20)
    events = stream.feed(0.9, 3) + stream.feed(0.1, 10)
    assert kinds(events) == [SpeechMaybe, SpeechDropped]
    stream.feed(0.9, 20)
    ended = stream.feed(0.1, CLOSE)[-1]
    assert frames_of(ended)[:PRE_ROLL] == list(range(33 - PRE_ROLL, 33))


def test_a_pause_within_a_sentence_does_not_end_it() -> None:
    stream = Stream()
    stream.feed(0.9, 20)
    events = stream.feed(0.1, CLOSE - 1) + stream.feed(0.9, 5)
    assert kinds(events) == [SpeechPaused, SpeechResumed]
    assert kinds(stream.feed(0.1, CLOSE)) == [SpeechPaused, SpeechEnded]


def test_between_the_thresholds_nothing_changes_sides() -> None:
    stream = Stream()
    assert stream.feed(0.45, 50) == [], "not enough to begin"
    stream.feed(0.9, 20)
    assert stream.feed(0.4, 50) == [], "not enough to end"
    stream.feed(0.1, 1)
    assert kinds(stream.feed(0.4, CLOSE)) == [SpeechEnded], "silence that began goes on"


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


def test_flush_ends_an_utterance_at_once() -> None:
    stream = Stream()
    stream.feed(0.9, 20)
    (ended,) = stream.segmenter.flush(1000.0)
    assert isinstance(ended, SpeechEnded) and ended.reason == "flushed"
    assert frames_of(ended) == list(range(20))
    assert stream.segmenter.flush(1001.0) == []


def test_flush_drops_what_never_became_speech() -> None:
    stream = Stream()
    stream.feed(0.9, 3)
    assert kinds(stream.segmenter.flush(100.0)) == [SpeechDropped]


def test_without_pre_roll_the_segment_begins_with_speech() -> None:
    stream = Stream(VadSettings(pre_roll_ms=0))
    stream.feed(0.1, 20)
    stream.feed(0.9, 20)
    assert frames_of(stream.feed(0.1, CLOSE)[-1])[0] == 20


@given(st.lists(st.tuples(st.sampled_from([0.1, 0.4, 0.9]), st.integers(1, 60)), max_size=20))
def test_events_come_in_order_and_segments_never_overlap(runs: list[tuple[float, int]]) -> None:
    stream = Stream(VadSettings(max_segment_s=2))
    events = [event for run in runs for event in stream.feed(*run)]
    events += stream.segmenter.flush(stream.count * FRAME_MS)
    follows = {
        None: {SpeechMaybe},
        SpeechMaybe: {SpeechStarted, SpeechDropped, SpeechEnded},
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
    used = [n for event in events if isinstance(event, SpeechEnded) for n in frames_of(event)]
    assert used == sorted(set(used))
