"""Where a transcript ends, judged in two languages, with and without punctuation."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.session.turn_taking.completeness import Completeness, judge

FINISHED = [
    "Hello there.",
    "What is it?",
    "Stop!",
    "That is what I am looking for.",
    "He said “yes.”",
    "今天天气很好。",
    "你好吗？",
    "太好了！",
    "Where to?",
]
UNKNOWN = ["", "  ", "hello there", "how are you today", "今天天气很好", "42", "one two three"]
BROKEN_OFF = [
    "I want to",
    "I want",
    "because",
    "well i think that",
    "and the",
    "Well, I think,",
    "And...",
    "And…",
    "I was going to the -",
    "I met Dr.",
    "Because.",
    "So I said um.",
    "I’m",
    "因为",
    "因为。",
    "我想",
    "今天我们去公园，",
    "我觉得",
    "比如说",
    "今天天气很好，但是",
]


@pytest.mark.parametrize("text", FINISHED)
def test_a_sentence_that_ends(text: str) -> None:
    assert judge(text) is Completeness.FINISHED


@pytest.mark.parametrize("text", UNKNOWN)
def test_nothing_tells(text: str) -> None:
    assert judge(text) is Completeness.UNKNOWN


@pytest.mark.parametrize("text", BROKEN_OFF)
def test_a_sentence_that_breaks_off(text: str) -> None:
    assert judge(text) is Completeness.BROKEN_OFF


@given(st.text())
def test_anything_can_be_judged_and_space_around_it_does_not_matter(text: str) -> None:
    assert judge(f"  {text} ") is judge(text)
