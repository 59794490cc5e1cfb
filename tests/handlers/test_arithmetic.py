"""Sums in words and digits, and hostile ones."""

from __future__ import annotations

import time
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.handlers.llm.smalltalk.arithmetic import find_sum
from backend.handlers.llm.smalltalk.numbers import with_digits


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12 × 7", 84),
        ("What is 3 plus 4?", 7),
        ("3加4等于几", 7),
        ("二十三乘以四是多少？", 92),
        ("一百零五除以五等于多少", 21),
        ("twenty-five minus six", 19),
        ("two hundred and five times three", 615),
        ("How much is 15 percent of 80?", 12),
        ("百分之二十乘以五十", 10),
        ("(1 + 2) * -3", -9),
        ("1,000 + 250", 1250),
        ("2 to the power of 10", 1024),
        ("2 ^ 3 ^ 2", 512),
        ("square root of 144", 12),
        ("三的平方是多少", 9),
        ("三点五加一", Fraction(9, 2)),
        ("10 over 4", Fraction(5, 2)),
        ("3 x 4", 12),
        ("half of 9", Fraction(9, 2)),
    ],
)
def test_sums_are_understood_and_right(text: str, value: int | Fraction) -> None:
    found = find_sum(text)
    assert found is not None and found.value == value


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("10 / 0", "division_by_zero"),
        ("0 ^ -1", "division_by_zero"),
        ("9 ^ 9 ^ 9 ^ 9", "too_large"),
        ("2 ^ 0.5", "too_large"),
        ("99999999999 * 99999999999", "too_large"),
        ("sqrt(-4)", "not_real"),
    ],
)
def test_some_sums_have_no_value(text: str, why: str) -> None:
    found = find_sum(text)
    assert found is not None and found.value is None and found.why == why


@pytest.mark.parametrize(
    "text",
    [
        *("hello", "five", "", "what is love", "I have 3 apples", "1980-05-12", "1 +", "(1 + 2"),
        *("what time is it", "2 2", "+ +", "我有三个苹果", "9" * 500 + " + 1"),
        "__import__('os') + 1",
    ],
)
def test_what_is_no_sum_is_left_alone(text: str) -> None:
    assert find_sum(text) is None


@given(st.integers(-(10**6), 10**6), st.integers(1, 10**6), st.sampled_from("+-*/"))
def test_it_agrees_with_python(one: int, two: int, operator: str) -> None:
    expected = {"+": one + two, "-": one - two, "*": one * two, "/": Fraction(one, two)}[operator]
    found = find_sum(f"what is {one} {operator} {two}?")
    assert found is not None and found.value == expected


@given(st.text("0123456789+-*/^()百千万亿点 sqrt", max_size=150))
def test_nothing_takes_long(text: str) -> None:
    started = time.process_time()
    find_sum(text)
    assert time.process_time() - started < 0.2


@pytest.mark.parametrize(
    ("words", "digits"),
    [
        ("nineteen hundred and eighty four", "1984"),
        ("two million three thousand and one", "2003001"),
        ("one point five", "1.5"),
        ("一万零五百", "10500"),
        ("两亿三千万", "230000000"),
        ("二〇二六", "2026"),
        ("someone", "someone"),
    ],
)
def test_number_words_become_digits(words: str, digits: str) -> None:
    assert with_digits(words) == digits
