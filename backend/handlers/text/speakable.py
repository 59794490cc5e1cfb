"""What a voice should say for a piece of reply text. Pure.

Markdown, emoji, code and stage directions are for the eye; the shown text keeps them, all but the
tags that name a mood.
"""

from __future__ import annotations

import re

from backend.handlers.messages import Sentence, Stamp
from backend.handlers.text.language import detect_language
from backend.handlers.text.mood import (
    ASIDE,
    MOOD_WORDS,
    TAG,
    mood_of_words,
    tagged_mood,
    without_tags,
    words_of,
)

_GESTURES = """
    nod nods nodding wave waves waving wink winks chuckle chuckles giggle giggles shrug shrugs
    whisper whispers clap claps bow bows tilts leans frown frowns yawn yawns cough coughs clears
    点头 挥手 眨眼 鼓掌 鞠躬 皱眉 轻声 歪头 摇头 轻笑
"""
_ACTED = frozenset(_GESTURES.split()) | MOOD_WORDS

_CODE_BLOCK = re.compile(r"```.*?(?:```|$)", re.DOTALL)
_CODE_SPAN = re.compile(r"`([^`]*)`")
_JOINED = re.compile(r"(?<=[^\W_])_+(?=[^\W_])(?!\S*@)")
_IMAGE = re.compile(r"!\[[^\]]*\]\([^)]*\)")
_LINK = re.compile(r"\[([^\]]+)\]\([^)]*\)")
_URL = re.compile(
    r"(?:(?:https?://)?www\.|https?://)([A-Za-z0-9.-]+)[^\s\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]*"
)
_PRODUCT = re.compile(r"(?<=\d) ?\* ?(?=\d)")
_SPACE_BEFORE_STOP = re.compile(r" +(?=[.,!?;:](?:\s|$))")
_HTML = re.compile(r"</?[a-zA-Z][^<>\n]{0,80}>")
_LINE_MARK = re.compile(
    r"^[ \t]*(?:#{1,6}[ \t]+|>[ \t]?|[-*+•][ \t]+|[-*_=|: ]{3,}$)", re.MULTILINE
)
_EMPHASIS = re.compile(r"\*+|~~|__|(?<!\w)_(?=\w)|(?<=\w)_(?!\w)")
_EMOJI = re.compile(
    "[\U0001f000-\U0001faff\u2190-\u21ff\u2300-\u23ff\u25a0-\u27bf\u2b00-\u2bff\u3030\u303d"
    "\ufe0e\ufe0f\u200d\u20e3\U000e0020-\U000e007f]+"
)
_LINE_BREAK = re.compile(r"([^\n]?)[ \t]*\n\s*")
_PUNCTUATION = "。！？!?.…,;:，；：、"


def speakable(text: str) -> str:
    """The words of `text` without markup; "" when there is nothing to say."""
    text = _CODE_BLOCK.sub(" ", text)
    text = _LINK.sub(r"\1", _IMAGE.sub(" ", text))
    text = _CODE_SPAN.sub(r"\1", text)
    text = _JOINED.sub(" ", _URL.sub(_host, text))
    text = _PRODUCT.sub(" × ", TAG.sub(" ", text))
    text = _LINE_MARK.sub("", _HTML.sub(" ", text))
    text = ASIDE.sub(_spoken_aside, text)
    text = _EMOJI.sub(" ", _EMPHASIS.sub("", text))
    text = text.replace("|", ", ").replace("~", "").replace("～", "")
    text = _LINE_BREAK.sub(_pause, text.strip())
    text = _SPACE_BEFORE_STOP.sub("", re.sub(r"\s+", " ", text)).strip()
    return text if any(char.isalnum() for char in text) else ""


def to_sentence(stamp: Stamp, index: int, piece: str, language: str = "en") -> Sentence:
    """A piece of the splitter as a `Sentence`; `language` is the session's own."""
    spoken = speakable(piece)
    return Sentence(
        stamp=stamp,
        index=index,
        text=without_tags(piece).strip(),
        spoken=spoken,
        language=detect_language(spoken, language),
        emotion=tagged_mood(piece) or mood_of_words(spoken),
    )


def _spoken_aside(found: re.Match[str]) -> str:
    """`*smiles warmly*` is acted, `*really*` is said; `(laughs)` is acted, `(about 3)` is said."""
    inside = found[1] or found[2]
    words = words_of(inside)
    if words and words[0] in _ACTED:
        return " "
    return inside if found[1] else found[0]


def _host(found: re.Match[str]) -> str:
    """An address is read as its site; a full stop after it stays one."""
    tail = re.search(r"[.,;:!?)]+$", found[0])
    return found[1].rstrip(".") + (tail[0] if tail else "")


def _pause(found: re.Match[str]) -> str:
    """A line break is a breath, also where the line had no full stop."""
    last = found[1]
    if not last or last in _PUNCTUATION:
        return f"{last} "
    return last + ("。" if "\u4e00" <= last <= "\u9fff" else ". ")
