"""Numbers written as words, English and Chinese, turned into digits inside a text."""

from __future__ import annotations

import re

_UNITS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
    "fifteen sixteen seventeen eighteen nineteen"
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_EN_VALUE = {word: value for value, word in enumerate(_UNITS.split())}
_EN_VALUE |= {word: 10 * value for value, word in enumerate(_TENS.split(), start=2)}
_EN_SCALE = {"thousand": 10**3, "million": 10**6, "billion": 10**9}
_EN_WORD = "|".join([*_EN_VALUE, "hundred", *_EN_SCALE])
_EN_NUMBER = re.compile(rf"\b(?:{_EN_WORD})(?:(?:[ -]+|[ -]+and[ -]+)(?:{_EN_WORD}))*\b")
_EN_POINT = re.compile(r"(?<=\d) point((?: \d)+)")

_ZH_DIGIT = {char: value for value, char in enumerate("零一二三四五六七八九")} | {"两": 2, "〇": 0}
_ZH_SCALE = {"十": 10, "百": 100, "千": 1000}
_ZH_WAN, _ZH_YI = 10**4, 10**8
_ZH_NUMBER = re.compile(r"[零〇一二两三四五六七八九十百千万亿]+")
_ZH_POINT = re.compile(r"(?<=\d)点(?=\d)")


def with_digits(text: str) -> str:
    """`text` (lower case) with number words as digits: "twenty-one" and "二十一" become "21"."""
    text = _EN_NUMBER.sub(lambda found: str(_english(found[0])), text)
    text = _EN_POINT.sub(lambda found: "." + found[1].replace(" ", ""), text)
    text = _ZH_NUMBER.sub(lambda found: str(_chinese(found[0])), text)
    return _ZH_POINT.sub(".", text)


def _english(words: str) -> int:
    total = group = 0
    for word in re.findall(r"[a-z]+", words):
        if word == "hundred":
            group = max(group, 1) * 100
        elif word in _EN_SCALE:
            total, group = total + max(group, 1) * _EN_SCALE[word], 0
        else:
            group += _EN_VALUE.get(word, 0)
    return total + group


def _chinese(chars: str) -> int | str:
    if not any(char in _ZH_SCALE or char in "万亿" for char in chars):
        return "".join(str(_ZH_DIGIT[char]) for char in chars)  # read digit by digit
    total = group = digit = 0
    for char in chars:
        if char == "亿":
            total, group, digit = (total + group + digit) * _ZH_YI, 0, 0
        elif char == "万":
            total, group, digit = total + (group + digit) * _ZH_WAN, 0, 0
        elif char in _ZH_SCALE:
            group, digit = group + max(digit, 1) * _ZH_SCALE[char], 0
        else:
            digit = _ZH_DIGIT[char]
    return total + group + digit
