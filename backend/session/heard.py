"""How far into a sentence somebody has heard: its text up to the last word that was audible. Pure.

The voice's own word marks say where each word is. A voice without marks is taken to speak at an
even pace.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from backend.handlers.messages import Mark

_WORD_END = re.compile(r"(?<=\w)(?!\w)|(?<=[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af])")
"""After each word; in scripts without spaces after each character."""

_TRAILING = ".,!?;:…。，！？；：、\"')）」』”’"
"""What belongs to the word before it."""


def heard_part(text: str, marks: Sequence[Mark], heard_ms: float, total_ms: float) -> str:
    """The beginning of `text` that was heard after `heard_ms` of the sentence's `total_ms`.

    A word counts as heard once more than half of it was. Times are milliseconds of the sentence.
    """
    if heard_ms >= total_ms:
        return text
    words = [mark for mark in marks if mark.kind == "word"]
    if any(_find(text, mark.value, 0) is not None for mark in words):
        return _cut(text, _end_of_words(text, words, heard_ms))
    return _cut(text, _even_pace(text, heard_ms / total_ms))


def _end_of_words(text: str, words: Sequence[Mark], heard_ms: float) -> int:
    end = 0
    for word in words:
        if (word.start_ms + word.end_ms) / 2 > heard_ms:
            break
        found = _find(text, word.value, end)
        end = found if found is not None else end
    return end


def _find(text: str, word: str, begin: int) -> int | None:
    """Where the word ends in the text, which may write it differently."""
    at = text.lower().find(word.lower(), begin)
    return None if at < 0 else at + len(word)


def _even_pace(text: str, part: float) -> int:
    """The last end of a word within this part of the text."""
    limit = part * len(text)
    return max(
        (match.start() for match in _WORD_END.finditer(text) if match.start() <= limit), default=0
    )


def _cut(text: str, end: int) -> str:
    while 0 < end < len(text) and text[end] in _TRAILING:
        end += 1
    return text[:end].rstrip()
