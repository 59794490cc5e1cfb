"""Simple sums asked in words: found, parsed and worked out, cheaply whatever is asked.

sum   = term  {("+" | "-") term}
term  = power {("*" | "/") power}
power = ["-"] ("sqrt" power | atom ["^" power])
atom  = number | "(" sum ")"
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from fractions import Fraction

from backend.handlers.llm.smalltalk.numbers import with_digits

LONGEST_CHARS = 120
MOST_TOKENS = 40
LARGEST = 10**15

_FILLER = re.compile(
    r"\b(?:hey|hi|hello|ok|okay|so|and|now|please|can you|could you|do you know|tell me|"
    r"what does|what do|what is|what's|whats|what|how much is|how much|is|calculate|compute|"
    r"work out|the|result of|value of|equals?|equal to|make|makes?)\b"
    r"|你好|那么|请问|请|你?知道|告诉我|帮我|计算一下|算一下|算算|计算|算|一共|等于几|等于多少|等于|是多少"
    r"|是几|得多少|得几|多少|几|结果|的值|呢|啊|吧|吗|了"
)
_PERCENT_OF = "%%"
"""Stands for 百分之 while number words become digits: its first character is a hundred."""
_PHRASES = (
    (r"[,，](?=\d{3}(?!\d))", ""),
    (r"(?:the )?square root of|根号|√", " sqrt "),
    (r"(?:divided|over) by|divided|over|除以|÷", " / "),
    (r"multiplied by|times|乘以|乘|×|✕|·", " * "),
    (r"(?<=[\d)\s])x(?=[\d(\s])", " * "),
    (r"plus|added to|加上|加|＋", " + "),
    (r"minus|less|减去|减|－|−", " - "),
    (r"(?:raised )?to the (?:power of|power)|\*\*|的?次方", " ^ "),
    (r"squared|的平方", " ^ 2 "),
    (r"cubed|的立方", " ^ 3 "),
    (r"percent of|% of", " / 100 * "),
    (rf"{_PERCENT_OF}(\d+(?:\.\d+)?)", r" \1 / 100 "),
    (r"percent|%", " / 100 "),
    (r"half of", " 1 / 2 * "),
)
_TOKEN = re.compile(r"\s*(\d+(?:\.\d+)?|sqrt|[-+*/^()])")
_DATE = re.compile(r"\d{4}[-/]\d{1,2}[-/]\d{1,2}")
_PUNCTUATION = re.compile(r"[?？=＝。！!,，:：]|\.(?=\s|$)")


@dataclass(frozen=True, slots=True)
class Sum:
    """A sum that was understood. `value` is None when it has none, and `why` tells."""

    tokens: tuple[str, ...]
    value: Fraction | None
    why: str = ""
    """`""`, `division_by_zero`, `too_large` or `not_real`."""


class _Unworkable(Exception):
    def __init__(self, why: str) -> None:
        self.why = why


class _NoSum(Exception):
    pass


def find_sum(text: str) -> Sum | None:
    """The sum that `text` asks for, worked out; None when it asks for none."""
    tokens = _tokens(text)
    if tokens is None or len(tokens) < 2 or not any(t in "+-*/^" or t == "sqrt" for t in tokens):
        return None
    try:
        return Sum(tokens, _Parser(tokens).parse())
    except _Unworkable as problem:
        return Sum(tokens, None, problem.why)
    except _NoSum:
        return None


def _tokens(text: str) -> tuple[str, ...] | None:
    if len(text) > LONGEST_CHARS or _DATE.search(text):
        return None
    text = with_digits(text.lower().replace("百分之", _PERCENT_OF))
    for pattern, replacement in _PHRASES:
        text = re.sub(pattern, replacement, text)
    text = _PUNCTUATION.sub(" ", _FILLER.sub(" ", text)).strip()
    tokens: list[str] = []
    position = 0
    while position < len(text):
        found = _TOKEN.match(text, position)
        if found is None or len(tokens) >= MOST_TOKENS:
            return None
        tokens.append(found[1])
        position = found.end()
    return tuple(tokens)


class _Parser:
    def __init__(self, tokens: tuple[str, ...]) -> None:
        self._tokens = tokens
        self._next = 0

    def parse(self) -> Fraction:
        value = self._sum()
        if self._next < len(self._tokens):
            raise _NoSum
        return value

    def _peek(self) -> str:
        return self._tokens[self._next] if self._next < len(self._tokens) else ""

    def _take(self) -> str:
        token = self._peek()
        self._next += 1
        return token

    def _sum(self) -> Fraction:
        value = self._term()
        while self._peek() in ("+", "-"):
            value = value + self._term() if self._take() == "+" else value - self._term()
        return _bounded(value)

    def _term(self) -> Fraction:
        value = self._power()
        while self._peek() in ("*", "/"):
            value = value * self._power() if self._take() == "*" else _divide(value, self._power())
            value = _bounded(value)
        return value

    def _power(self) -> Fraction:
        if self._peek() == "-":
            self._take()
            return -self._power()
        if self._peek() == "sqrt":
            self._take()
            return _root(self._power())
        base = self._atom()
        if self._peek() != "^":
            return base
        self._take()
        return _raise(base, self._power())

    def _atom(self) -> Fraction:
        token = self._take()
        if token == "(":
            value = self._sum()
            if self._take() != ")":
                raise _NoSum
            return value
        if not token[:1].isdigit():
            raise _NoSum
        return _bounded(Fraction(token))


def _bounded(value: Fraction) -> Fraction:
    if abs(value) > LARGEST or value.denominator > LARGEST:
        raise _Unworkable("too_large")
    return value


def _divide(value: Fraction, by: Fraction) -> Fraction:
    if by == 0:
        raise _Unworkable("division_by_zero")
    return value / by


def _raise(base: Fraction, exponent: Fraction) -> Fraction:
    if exponent.denominator != 1 or abs(exponent) > 64:
        raise _Unworkable("too_large")
    if base == 0 and exponent < 0:
        raise _Unworkable("division_by_zero")
    return _bounded(base ** int(exponent))


def _root(value: Fraction) -> Fraction:
    if value < 0:
        raise _Unworkable("not_real")
    exact = math.isqrt(value.numerator), math.isqrt(value.denominator)
    root = Fraction(*exact)
    return root if root * root == value else Fraction(math.sqrt(value)).limit_denominator(10**9)
