"""Has the microphone heard the avatar itself? Compares a transcript with what it has just said.

Recognisers mishear, all the more what comes out of a loudspeaker, so words match when they are
alike (Dice's coefficient of their letter pairs). Chinese is compared by characters. Only words in
the avatar's own order count, and only close together.
"""

from __future__ import annotations

import re
from typing import NamedTuple

Likeness = list[list[bool]]


class Evidence(NamedTuple):
    """What it takes to call a transcript echo."""

    share: float
    """Part of its words, 0…1, that repeat the avatar's."""
    least: int
    """How many words that must be."""
    least_confidence: float
    """A recogniser that is less sure, 0…1, may have misheard the avatar: its words do not count."""


CANCELLED = Evidence(share=0.7, least=2, least_confidence=0.0)
"""The client takes the avatar out of the sound: a lone word in common is the user's."""
NOT_CANCELLED = Evidence(share=0.4, least=1, least_confidence=0.5)
"""The avatar is surely in the sound. A weak recogniser makes new words of it time and again."""
ALIKE = 0.5
"""Share of letter pairs, 0…1, from which two words are taken for one."""
RECENT = 300
"""Words of the avatar that are looked at, the last ones; a loudspeaker does not echo minutes."""

_TOKEN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]|[^\W_\u3400-\u9fff]+")


def is_echo(
    text: str, avatar_words: str, evidence: Evidence, confidence: float | None = None
) -> bool:
    """Whether `text` repeats, in order, what the avatar has said, or might."""
    heard, said = tokens(text), tokens(avatar_words)[-RECENT:]
    if said and (confidence or 0.0) < evidence.least_confidence:
        return True
    enough = max(evidence.least, evidence.share * len(heard))
    if not heard or len(said) < enough:
        return False
    width = len(heard) + len(heard) // 2 + 1  # words may have been swallowed, but not many
    alike = _alike(heard, said)
    starts = range(0, max(1, len(said) - width + width // 4 + 1), max(1, width // 4))
    return any(_in_order(alike, start, start + width) >= enough for start in starts)


def tokens(text: str) -> list[str]:
    """Lower-case words; each Chinese character is one of its own."""
    plain = text.lower().replace("'", "").replace("’", "")
    return _TOKEN.findall(plain)


def _alike(heard: list[str], said: list[str]) -> Likeness:
    """Which word of `heard` may be which of `said`."""
    pairs = {word: _letter_pairs(word) for word in {*heard, *said}}
    return [[_is_alike(pairs[one], pairs[other]) for other in said] for one in heard]


def _letter_pairs(word: str) -> frozenset[str]:
    edged = f" {word} " if len(word) > 1 else word
    return frozenset(edged[index : index + 2] for index in range(max(1, len(edged) - 1)))


def _is_alike(one: frozenset[str], other: frozenset[str]) -> bool:
    return 2 * len(one & other) >= ALIKE * (len(one) + len(other))


def _in_order(alike: Likeness, start: int, end: int) -> int:
    """How many words of `heard` come in the same order in `said[start:end]`."""
    row = [0] * (len(alike[0][start:end]) + 1)
    for likeness in alike:
        above = row[:]
        for column, is_alike in enumerate(likeness[start:end], start=1):
            longest = max(above[column], row[column - 1])
            row[column] = max(longest, above[column - 1] + is_alike)
    return row[-1]
