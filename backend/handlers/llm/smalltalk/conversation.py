"""One reply of the built-in conversationalist: the first rule that knows an answer gives it.

A rule sees the line, the lines before it and the time, and answers with a key of `replies` and
what to fill in. Nothing is stored between replies: what is remembered is in the conversation.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from backend.handlers.llm.smalltalk import memory
from backend.handlers.llm.smalltalk.arithmetic import find_sum
from backend.handlers.llm.smalltalk.facts import say_date, say_number, say_sum, say_time
from backend.handlers.llm.smalltalk.intents import (
    ASK_LIKING,
    ASK_NAME,
    ASK_PLACE,
    DATE,
    GREETING,
    KEYWORDS,
    LAST_LINE,
    NO,
    NO_GREETING,
    QUESTION,
    REPEAT,
    TIME,
    YES,
)
from backend.handlers.llm.smalltalk.replies import REPLIES
from backend.handlers.llm.smalltalk.topic import topic_of
from backend.handlers.text.language import detect_language

_LONGEST_SAID = 200
_LONGEST_GREETING = 80


@dataclass(frozen=True, slots=True)
class Talk:
    """`line` is what the user says now, `before` what the user said earlier, oldest first."""

    line: str
    before: Sequence[str]
    language: str
    now: datetime


@dataclass(frozen=True, slots=True)
class Say:
    key: str
    fill: dict[str, str] | None = None


Rule = Callable[[Talk], Say | None]


def answer(line: str, before: Sequence[str], language: str, now: datetime) -> str:
    """The reply to `line`, in its language; `language` decides when the line does not tell."""
    spoken = "zh" if detect_language(line, language) == "zh" else "en"
    talk = Talk(line.strip(), before, spoken, now)
    said = next(say for rule in _RULES if (say := rule(talk)))
    text = _phrase(talk, said)
    is_greeted = GREETING.search(talk.line) and len(talk.line) < _LONGEST_GREETING
    if is_greeted and said.key not in NO_GREETING:
        is_known = talk.before or said.key == "name_given"
        return _phrase(talk, Say("greet_back" if is_known else "greet_first")) + text
    return text


def _phrase(talk: Talk, say: Say) -> str:
    choices = REPLIES[talk.language][say.key]
    text = choices[len(talk.before) % len(choices)].format(**(say.fill or {}))
    return text[:1].upper() + text[1:]


def _silence(talk: Talk) -> Say | None:
    return None if any(char.isalnum() for char in talk.line) else Say("silence")


def _sum(talk: Talk) -> Say | None:
    found = find_sum(talk.line)
    if found is None:
        return None
    if found.value is None:
        return Say(found.why)
    value, is_exact = say_number(found.value)
    fill = {"sum": say_sum(found.tokens, talk.language), "value": value}
    return Say("sum" if is_exact else "sum_about", fill)


def _last_line(talk: Talk) -> Say | None:
    if not LAST_LINE.search(talk.line):
        return None
    if not talk.before:
        return Say("said_nothing")
    return Say("said", {"said": talk.before[-1].strip()[:_LONGEST_SAID]})


def _repeat(talk: Talk) -> Say | None:
    found = REPEAT.search(talk.line)
    return Say("repeat", {"said": found[1] or found[2]}) if found else None


def _recall(talk: Talk) -> Say | None:
    asked = (
        ("name", ASK_NAME, memory.known_name),
        ("liking", ASK_LIKING, memory.known_liking),
        ("place", ASK_PLACE, memory.known_place),
    )
    for what, question, known in asked:
        if question.search(talk.line):
            value = known(talk.before)
            return Say(f"{what}_known", {what: value}) if value else Say(f"{what}_unknown")
    return None


def _clock(talk: Talk) -> Say | None:
    if TIME.search(talk.line):
        return Say("time", {"time": say_time(talk.now, talk.language)})
    if DATE.search(talk.line):
        return Say("date", {"date": say_date(talk.now, talk.language)})
    return None


def _keyword(talk: Talk) -> Say | None:
    for key, pattern in KEYWORDS:
        if found := pattern.search(talk.line):
            name = memory.known_name(talk.before)
            if key == "bye" and name:
                return Say("bye_named", {"name": name})
            return Say(key, {"topic": topic_of(talk.line, talk.language) or found[0]})
    return None


def _told(talk: Talk) -> Say | None:
    told = (
        ("name", memory.name_in),
        ("place", memory.place_in),
        ("liking", memory.liking_in),
    )
    for what, read in told:
        if value := read(talk.line):
            return Say(f"{what}_given", {what: value})
    return None


def _greet(talk: Talk) -> Say | None:
    rest = GREETING.sub("", talk.line)
    if not GREETING.search(talk.line) or topic_of(rest, talk.language):
        return None
    name = memory.known_name(talk.before)
    return Say("greet_named", {"name": name}) if name else Say("greet")


def _short(talk: Talk) -> Say | None:
    if YES.search(talk.line):
        return Say("yes")
    return Say("no") if NO.search(talk.line) else None


def _reflect(talk: Talk) -> Say:
    topic = topic_of(GREETING.sub("", talk.line), talk.language)
    if not topic:
        return Say("lost")
    asks = QUESTION.search if talk.language == "zh" else QUESTION.match  # English puts it first
    is_question = talk.line.endswith(("?", "？")) or asks(talk.line) is not None
    return Say("question" if is_question else "statement", {"topic": topic})


_RULES: tuple[Rule, ...] = (
    _silence,
    _sum,
    _last_line,
    _repeat,
    _recall,
    _told,
    _keyword,
    _clock,
    _greet,
    _short,
    _reflect,
)
