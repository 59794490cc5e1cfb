"""A sentence up to the last word that was heard."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.handlers.messages import Mark
from backend.session.heard import heard_part

TEXT = "Hello there, Dr. Smith owes me 10 dollars."
MARKS = [
    Mark("phoneme", 0, 100, "h"),
    Mark("word", 0, 300, "Hello"),
    Mark("word", 300, 900, "there"),
    Mark("word", 900, 1400, "Dr"),
    Mark("word", 1400, 1700, "Smith"),
    Mark("word", 1700, 2000, "owes"),
    Mark("word", 2000, 2200, "me"),
    Mark("word", 2200, 2500, "ten"),
    Mark("word", 2500, 3000, "dollars"),
]


@pytest.mark.parametrize(
    ("heard_ms", "part"),
    [
        (0, ""),
        (140, ""),
        (160, "Hello"),
        (599, "Hello"),
        (601, "Hello there,"),
        (1200, "Hello there, Dr."),
        (2400, "Hello there, Dr. Smith owes me"),  # "ten" is not how the text writes it
        (2800, TEXT),
        (3000, TEXT),
        (9999, TEXT),
    ],
)
def test_word_marks_say_where_to_cut(heard_ms: float, part: str) -> None:
    assert heard_part(TEXT, MARKS, heard_ms, 3000) == part


def test_characters_are_the_words_of_chinese() -> None:
    marks = [Mark("word", 250 * n, 250 * (n + 1), word) for n, word in enumerate("今天天气很好")]
    assert heard_part("今天天气很好。", marks, 500, 1500) == "今天"
    assert heard_part("今天天气很好。", marks, 1450, 1500) == "今天天气很好。"


@pytest.mark.parametrize(
    ("text", "part"),
    [("One two three four.", "One two"), ("今天天气很好。我们走吧。", "今天天气很好。")],
)
def test_without_marks_speech_is_even(text: str, part: str) -> None:
    assert heard_part(text, [], 530, 1000) == part


def test_a_sentence_without_sound_is_read_at_once() -> None:
    assert heard_part("A list:", [], 0, 0) == "A list:"


@given(text=st.text(), heard=st.floats(0, 2000), with_marks=st.booleans())
def test_any_part_is_a_beginning(text: str, heard: float, with_marks: bool) -> None:
    words = text.split()
    marks = [
        Mark("word", 1000 * n / len(words), 1000 * (n + 1) / len(words), w)
        for n, w in enumerate(words)
    ]
    part = heard_part(text, marks if with_marks else [], heard, 1000)
    assert text.startswith(part)
