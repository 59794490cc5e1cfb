"""Which language a line of text is in, told by its script. Good enough to choose a voice."""

from __future__ import annotations

import re

_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_LATIN_WORD = re.compile(r"[A-Za-z\u00c0-\u024f]+")
_OTHER_SCRIPTS = (
    ("ja", re.compile(r"[\u3040-\u30ff]")),
    ("ko", re.compile(r"[\uac00-\ud7af]")),
    ("ru", re.compile(r"[\u0400-\u04ff]")),
    ("ar", re.compile(r"[\u0600-\u06ff]")),
    ("hi", re.compile(r"[\u0900-\u097f]")),
)
_NOT_LATIN = frozenset(["zh", *(language for language, _ in _OTHER_SCRIPTS)])


def detect_language(text: str, fallback: str = "en") -> str:
    """`zh`, `en`, or another code when the script tells it.

    Latin script says only that it is not, say, Chinese: `fallback` holds if it is a language
    written so, and it holds too for text without letters.
    """
    for language, script in _OTHER_SCRIPTS:
        if script.search(text):
            return language
    han, latin = len(_HAN.findall(text)), len(_LATIN_WORD.findall(text))
    if han and han >= latin:
        return "zh"
    if latin:
        return "en" if fallback in _NOT_LATIN else fallback
    return fallback
