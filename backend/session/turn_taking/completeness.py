"""Does a transcript end where a sentence ends? Told by its last sign and its last words."""

from __future__ import annotations

import re
from enum import Enum


class Completeness(Enum):
    FINISHED = "finished"
    UNKNOWN = "unknown"
    """Neither sign nor word tells; recognisers without punctuation mostly end here."""
    BROKEN_OFF = "broken_off"


_GOES_ON = (*",;:-–—、，；：…～", "...", "。。。")

_NEVER_LAST = frozenset(
    (
        *("a", "an", "the", "my", "your", "their", "our", "than", "if", "and", "but", "or", "nor"),
        *("because", "although", "unless", "whereas", "um", "uh", "er", "erm", "hmm"),
        *("dr", "mr", "mrs", "ms", "prof", "vs"),
    )
)
"""Whatever sign follows them: recognisers like to put a full stop where the sound ends."""

_RARELY_LAST = _NEVER_LAST | frozenset(
    (
        *("to", "of", "for", "with", "from", "at", "by", "in", "on", "into", "about", "as", "like"),
        *("that", "which", "who", "whose", "when", "while", "where", "so", "then", "also", "just"),
        *("is", "are", "was", "were", "am", "be", "been", "do", "does", "did", "will", "would"),
        *("could", "should", "can", "may", "might", "must", "have", "has", "had", "i", "i'm"),
        *("i'll", "i'd", "i've", "you're", "we're", "they're", "he's", "she's", "it's", "we"),
        *("they", "he", "she", "its", "his", "every", "some", "any", "very", "really", "want"),
        *("wants", "need", "needs", "let's"),
    )
)
"""Only without a full stop behind them: "that is what I am looking for." is whole."""

_NEVER_LAST_ZH = (
    *("因为", "所以", "但是", "可是", "不过", "而且", "然后", "如果", "或者", "还有", "虽然"),
    *("比如", "比如说", "就是说", "也就是", "以及", "要是", "除了", "关于", "呃", "那个"),
)
_RARELY_LAST_ZH = (
    *_NEVER_LAST_ZH,
    *("我想", "我要", "我想要", "我觉得", "我认为", "想问", "就是", "这个", "一个", "的话", "和"),
    *("跟", "与", "把", "被", "给", "从", "向", "对于", "请", "请问", "嗯"),
)

_LAST_WORD = re.compile(r"([a-z]+(?:'[a-z]+)?)$")
_QUOTES = "\"'”’」』)）] "


def judge(text: str) -> Completeness:
    """Judge the end of what has been said so far, in English or Chinese."""
    said = text.strip().rstrip(_QUOTES).lower().replace("’", "'")
    if not said:
        return Completeness.UNKNOWN
    if said.endswith(_GOES_ON):
        return Completeness.BROKEN_OFF
    if said.endswith(("!", "?", "！", "？")):
        return Completeness.FINISHED
    words = said.rstrip(".。")
    if words == said:
        is_open = _ends_with(words, _RARELY_LAST, _RARELY_LAST_ZH)
        return Completeness.BROKEN_OFF if is_open else Completeness.UNKNOWN
    is_open = _ends_with(words, _NEVER_LAST, _NEVER_LAST_ZH)
    return Completeness.BROKEN_OFF if is_open else Completeness.FINISHED


def _ends_with(words: str, latin: frozenset[str], han: tuple[str, ...]) -> bool:
    last = _LAST_WORD.search(words)
    return last.group(1) in latin if last else words.endswith(han)
