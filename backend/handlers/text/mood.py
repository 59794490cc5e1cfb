"""Which expression fits a sentence: what a tag asks for, else what the words say. Pure.

A model (or whoever calls `say`) names a mood in brackets, `[happy] Hello!`; the tag is neither
spoken nor shown. Where none is named, a few telling phrases decide, and most sentences are calm:
a face that reacts to every word looks nervous.
"""

from __future__ import annotations

import re
from typing import Literal, get_args

Mood = Literal["happy", "sad", "angry", "surprised", "coy", "calm"]
MOODS: tuple[Mood, ...] = get_args(Mood)

MOOD_REQUEST = (
    "Your face is seen. Where it should show something, begin that sentence with one of "
    f"{' '.join(f'[{mood}]' for mood in MOODS)}; most sentences need none."
)

TAG = re.compile(r"[\[【]([^\]】\n]{1,24})[\]】]")
ASIDE = re.compile(r"(?<!\*)\*(?!\*)([^*\n]{1,60})\*(?!\*)|[(（]([^()（）\n]{1,24})[)）]")

_WORDS: dict[Mood, str] = {
    "happy": "happy smile smiles smiling laugh laughs laughing joy cheerful grin grins excited "
    "cheer cheers 开心 高兴 微笑 笑 大笑 愉快 欢快 兴奋 激动",
    "sad": "sad sadly cry cries sigh sighs sorrow 难过 伤心 悲伤 叹气 哭",
    "angry": "angry anger annoyed 生气 愤怒",
    "surprised": "surprised surprise gasp gasps 惊讶 吃惊 惊喜",
    "coy": "coy coyly shy blush blushes 害羞 脸红",
    "calm": "calm gentle gently neutral thinking thinks think pause pauses "
    "平静 温柔 中性 思考 沉思 停顿",
}
_BY_WORD: dict[str, Mood] = {word: mood for mood, row in _WORDS.items() for word in row.split()}
MOOD_WORDS = frozenset(_BY_WORD)

# The first that fits counts, so the rarer moods stand first.
_TELLING: tuple[tuple[Mood, re.Pattern[str]], ...] = (
    ("coy", re.compile(r"\b(kind of you|how nice of you|you flatter)\b|过奖|不好意思", re.I)),
    ("angry", re.compile(r"\b(outrageous|unacceptable|how dare)\b|岂有此理|太过分", re.I)),
    (
        "surprised",
        re.compile(
            r"\b(wow|no way|incredible|unbelievable|what a surprise)\b|哇|天哪|居然|竟然", re.I
        ),
    ),
    (
        "sad",
        re.compile(
            r"\b(sorry|unfortunately|i am afraid|i'm afraid|sadly|i regret|condolences)\b"
            r"|抱歉|对不起|遗憾|可惜|难过",
            re.I,
        ),
    ),
    (
        "happy",
        re.compile(
            r"\b(glad|happy|delighted|wonderful|congratulations|well done|you are welcome"
            r"|my pleasure|lovely|nice to (see|meet)|good to (see|hear)|hello|hi there|thank you)\b"
            r"|高兴|恭喜|太好了|太棒了|不客气|欢迎|你好|谢谢|开心",
            re.I,
        ),
    ),
)


def tagged_mood(text: str) -> Mood | None:
    """The mood that `[happy]`, `[开心]` or `*smiles*` names; the first one counts."""
    for found in re.finditer(rf"{TAG.pattern}|{ASIDE.pattern}", text):
        inside = next(group for group in found.groups() if group)
        for word in words_of(inside):
            if word in _BY_WORD:
                return _BY_WORD[word]
    return None


def mood_of_words(spoken: str) -> Mood | None:
    """The mood that the words themselves suggest; None for most sentences."""
    return next((mood for mood, telling in _TELLING if telling.search(spoken)), None)


def without_tags(text: str) -> str:
    """The text without its mood tags; brackets that name no mood stay."""
    return _MOOD_TAG.sub("", text)


class TagFilter:
    """Takes mood tags out of a text that arrives in pieces of any length."""

    def __init__(self) -> None:
        self._held = ""

    def push(self, piece: str) -> str:
        """What can be shown by now; a bracket at the end is held until what follows it is known."""
        text = self._held + piece
        opened = max(text.rfind("["), text.rfind("【"))
        is_open = opened >= 0 and _AT_END.fullmatch(text, opened) is not None
        cut = opened if is_open else len(text)
        self._held = text[cut:]
        return without_tags(text[:cut])

    def flush(self) -> str:
        """What was held, less a tag at the very end."""
        held, self._held = self._held, ""
        return without_tags(held)


def words_of(inside: str) -> list[str]:
    """Words of a stage direction, Latin ones in lower case."""
    return re.findall(r"[a-z]+|[\u4e00-\u9fff]+", inside.lower())


_NAMES = "|".join(sorted(map(re.escape, MOOD_WORDS), key=len, reverse=True))
_MOOD_TAG = re.compile(rf"[\[【] ?(?:{_NAMES}) ?[\]】] ?", re.I)
_AT_END = re.compile(r"[\[【][^\]】\n]{0,24}[\]】]?")
