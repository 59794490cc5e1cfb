"""Backchannels, echo, noises and real words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.session.turn_taking.backchannel import is_backchannel
from backend.session.turn_taking.echo import CANCELLED, NOT_CANCELLED, is_echo, tokens
from backend.session.turn_taking.words import Words, kind_of_words

SEA = (
    "The sea is very deep and blue. Fish live in it. Once upon a time there was a captain who "
    "sailed around the whole world in a small boat."
)
WEATHER = "今天天气很好，我们去公园走走吧。"


@pytest.mark.parametrize(
    "text",
    [
        *("uh-huh", "Uh huh.", "Mm-hm.", "yeah", "Yeah, yeah.", "OK.", "okay right", "I see."),
        *("嗯", "嗯嗯", "对，对，对。", "好的。", "哦，是吗？", "知道了"),
    ],
)
def test_go_on(text: str) -> None:
    assert is_backchannel(text)


@pytest.mark.parametrize(
    "text",
    [
        *("no", "stop", "wait", "yeah but", "ok stop", "right now", "okra", "ok ok ok ok ok", ""),
        *("不", "不对", "等一下", "好的但是", "对不起"),
    ],
)
def test_not_just_go_on(text: str) -> None:
    assert not is_backchannel(text)


@pytest.mark.parametrize(
    "heard",
    [
        "the sea is very deep and blue",
        "Very deep and blue.",
        "see is very deep",
        "once upon a time there was a cat to",
        "a captain sailed around the whole world",
    ],
)
def test_the_avatars_own_words_are_echo_even_if_misheard(heard: str) -> None:
    assert is_echo(heard, SEA, CANCELLED) and is_echo(heard, SEA, NOT_CANCELLED, 0.9)


@pytest.mark.parametrize(
    "heard",
    [
        "stop please",
        "wait a moment",
        "what time is it",
        "where did he sail to",
        "tell me about the weather",
        "no I do not want that",
        "blue and deep",
        "sea",
    ],
)
def test_other_words_are_not(heard: str) -> None:
    assert not is_echo(heard, SEA, CANCELLED)


def test_without_cancellation_half_a_repetition_is_enough() -> None:
    misheard = "once upon a time when that did you fail to the phone"
    assert is_echo(misheard, SEA, NOT_CANCELLED, 0.9) and not is_echo(misheard, SEA, CANCELLED)
    assert is_echo("sea", SEA, NOT_CANCELLED, 0.9)
    assert not is_echo("excuse me what time is it", SEA, NOT_CANCELLED, 0.9)


@pytest.mark.parametrize("confidence", [None, 0.3])
def test_without_cancellation_what_may_be_misheard_is_echo(confidence: float | None) -> None:
    assert is_echo("excuse me", SEA, NOT_CANCELLED, confidence)
    assert not is_echo("excuse me", SEA, CANCELLED, confidence)
    assert not is_echo("excuse me", "", NOT_CANCELLED, confidence), "nobody spoke but the user"


def test_chinese_is_compared_by_characters() -> None:
    assert tokens("我们go公园!") == ["我", "们", "go", "公", "园"]
    assert is_echo("天气很好我们去公园", WEATHER, CANCELLED)
    assert not is_echo("停一下", WEATHER, CANCELLED)
    assert not is_echo("明天会下雨吗", WEATHER, NOT_CANCELLED, 0.9)


def test_nothing_echoes_a_silent_avatar() -> None:
    assert not is_echo("hello", "", NOT_CANCELLED) and not is_echo("", SEA, CANCELLED)


@given(st.lists(st.sampled_from(SEA.split()), min_size=2, max_size=60))
def test_who_repeats_everything_is_an_echo(words: list[str]) -> None:
    text = " ".join(words)
    assert is_echo(text, f"Well. {text}", CANCELLED)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("", Words.NONE),
        (" … ", Words.NONE),
        ("[BLANK_AUDIO]", Words.NONE),
        ("(coughs)", Words.NONE),
        ("*sighs*", Words.NONE),
        ("♪♪", Words.NONE),
        ("（咳嗽）", Words.NONE),
        ("Mm-hm.", Words.BACKCHANNEL),
        ("(laughs) yeah", Words.BACKCHANNEL),
        ("very deep and blue", Words.ECHO),
        ("Wait!", Words.REAL),
        ("等等", Words.REAL),
    ],
)
def test_every_kind_of_words(text: str, kind: Words) -> None:
    assert kind_of_words(text, SEA, CANCELLED) is kind
