"""Pause, resume, interrupt: every way through the machine."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.config import BargeInSettings
from backend.handlers.vad.segmenter import (
    FRAME_MS,
    SpeechDropped,
    SpeechMaybe,
    SpeechResumed,
    SpeechStarted,
)
from backend.session.turn_taking.barge_in import Action, Avatar, BargeIn
from backend.session.turn_taking.words import Words

SETTINGS = BargeInSettings(pause_ms=64, confirm_ms=700, verdict_ms=2000)
NO_TURN = [words for words in Words if words is not Words.REAL]


class User:
    """Talks in frames; every action is noted with its time."""

    def __init__(self, *, trusts_sound: bool = True, avatar: Avatar = Avatar.SPEAKING) -> None:
        self.machine = BargeIn(SETTINGS, trusts_sound=trusts_sound, now_ms=0.0)
        self.avatar = avatar
        self.now_ms = 0.0
        self.actions: list[Action] = []
        self.times_ms: list[float] = []

    def begin(self) -> None:
        self._note(self.machine.event(SpeechMaybe(self.now_ms)))

    def go_on(self) -> None:
        self._note(self.machine.event(SpeechResumed(self.now_ms)))

    def cough_is_over(self) -> None:
        self._note(self.machine.event(SpeechDropped(self.now_ms)))

    def talk(self, ms: float) -> None:
        for _ in range(round(ms / FRAME_MS)):
            self._tick(is_speech=True)

    def hush(self, ms: float) -> None:
        for _ in range(round(ms / FRAME_MS)):
            self._tick(is_speech=False)

    def say(self, ms: float) -> None:
        """Speech that the detector is sure of after 250 ms."""
        self.begin()
        self.talk(min(ms, 256))
        if ms >= 256:
            self._note(self.machine.event(SpeechStarted(self.now_ms)))
            self.talk(ms - 256)

    def is_heard(self, words: Words) -> None:
        self._note(self.machine.heard(words, self.avatar))

    def _tick(self, *, is_speech: bool) -> None:
        self.now_ms += FRAME_MS
        self._note(self.machine.tick(self.now_ms, self.avatar, is_speech=is_speech))

    def _note(self, action: Action | None) -> None:
        if action is not None:
            self.actions.append(action)
            self.times_ms.append(self.now_ms)
            if action is Action.INTERRUPT:
                self.avatar = Avatar.SILENT


def test_candidate_speech_pauses_and_confirmed_speech_interrupts() -> None:
    user = User()
    user.say(1000)
    assert user.actions == [Action.PAUSE, Action.INTERRUPT]
    assert user.times_ms == [64, 704]


def test_a_click_pauses_nothing() -> None:
    user = User()
    user.begin()
    user.talk(32)
    user.hush(160)
    user.cough_is_over()
    assert user.actions == []


def test_a_cough_is_taken_back_at_once() -> None:
    user = User()
    user.begin()
    user.talk(96)
    user.hush(160)
    user.cough_is_over()
    assert user.actions == [Action.PAUSE, Action.RESUME]


def test_sound_that_never_is_surely_speech_does_not_interrupt() -> None:
    user = User()
    user.begin()
    user.talk(5000)
    assert user.actions == [Action.PAUSE, Action.RESUME]
    assert user.times_ms == pytest.approx([64, 64 + 2000], abs=FRAME_MS)


@pytest.mark.parametrize("words", NO_TURN)
def test_a_short_utterance_that_is_no_turn_resumes(words: Words) -> None:
    user = User()
    user.say(400)
    user.hush(200)
    user.is_heard(words)
    user.hush(3000)
    assert user.actions == [Action.PAUSE, Action.RESUME]


def test_a_short_utterance_of_real_words_interrupts() -> None:
    user = User()
    user.say(400)
    user.hush(200)
    user.is_heard(Words.REAL)
    assert user.actions == [Action.PAUSE, Action.INTERRUPT]


@pytest.mark.parametrize("words", NO_TURN)
def test_who_still_speaks_may_come_to_words(words: Words) -> None:
    user = User()
    user.say(400)
    user.is_heard(words)
    assert user.actions == [Action.PAUSE]
    user.talk(400)
    assert user.actions == [Action.PAUSE, Action.INTERRUPT]


def test_pauses_do_not_count_as_speech() -> None:
    user = User()
    user.say(400)
    user.hush(600)
    user.go_on()
    user.talk(200)
    assert user.actions == [Action.PAUSE]
    user.talk(200)
    assert user.actions == [Action.PAUSE, Action.INTERRUPT]


def test_one_backchannel_after_another_does_not_add_up() -> None:
    user = User()
    for _ in range(4):
        user.say(400)
        user.hush(200)
        user.is_heard(Words.BACKCHANNEL)
        user.hush(500)
    assert user.actions == [Action.PAUSE, Action.RESUME] * 4


def test_no_verdict_ends_the_pause_and_a_late_one_still_counts() -> None:
    user = User()
    user.say(400)
    user.hush(4000)
    assert user.actions == [Action.PAUSE, Action.RESUME]
    user.is_heard(Words.REAL)
    assert user.actions == [Action.PAUSE, Action.RESUME, Action.INTERRUPT]


def test_a_reply_that_is_over_by_itself_needs_no_verdict() -> None:
    user = User()
    user.say(200)
    user.avatar = Avatar.SILENT
    user.talk(1000)
    assert user.actions == [Action.PAUSE, Action.RESUME]


def test_without_echo_cancellation_only_words_interrupt() -> None:
    user = User(trusts_sound=False)
    user.say(3000)
    for words in NO_TURN:
        user.is_heard(words)
    assert user.actions == []
    user.is_heard(Words.REAL)
    assert user.actions == [Action.INTERRUPT]


@pytest.mark.parametrize("trusts_sound", [True, False])
def test_a_thinking_avatar_is_cut_by_confirmed_speech_and_never_paused(trusts_sound: bool) -> None:
    user = User(trusts_sound=trusts_sound, avatar=Avatar.THINKING)
    user.say(1000)
    assert user.actions == [Action.INTERRUPT] and user.times_ms == [704]


def test_a_silent_avatar_is_left_alone() -> None:
    user = User(avatar=Avatar.SILENT)
    user.say(3000)
    user.is_heard(Words.REAL)
    user.hush(3000)
    assert user.actions == []


_EVENTS = st.one_of(
    st.sampled_from(["begin", "start", "go_on", "drop"]),
    st.sampled_from(Words),
    st.sampled_from(Avatar),
    st.tuples(st.booleans(), st.integers(1, 40)),
)


@given(st.booleans(), st.lists(_EVENTS, max_size=60))
def test_whatever_happens_the_avatar_is_never_left_mute(
    trusts_sound: bool, story: list[object]
) -> None:
    user = User(trusts_sound=trusts_sound)
    for event in story:
        match event:
            case "begin":
                user.begin()
            case "start":
                user.machine.event(SpeechStarted(user.now_ms))
            case "go_on":
                user.go_on()
            case "drop":
                user.cough_is_over()
            case Words():
                user.is_heard(event)
            case Avatar():
                user.avatar = event
            case (True, int(frames)):
                user.talk(frames * FRAME_MS)
            case (_, int(frames)):
                user.hush(frames * FRAME_MS)
    user.hush(SETTINGS.verdict_ms + FRAME_MS)
    assert not user.machine.has_paused
    held = 0
    for action in user.actions:
        assert (action is Action.PAUSE) == (held == 0) or action is Action.INTERRUPT
        held = int(action is Action.PAUSE)
    assert held == 0
    if not trusts_sound:
        assert Action.PAUSE not in user.actions
