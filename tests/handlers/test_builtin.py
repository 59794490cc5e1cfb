"""The built-in conversationalist: short, true to the conversation, plain about itself."""

from __future__ import annotations

import re
from datetime import datetime
from string import Formatter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.handlers.llm.builtin import BuiltinLlm
from backend.handlers.llm.smalltalk.conversation import answer
from backend.handlers.llm.smalltalk.replies import CHINESE, ENGLISH
from tests.fakes.fixtures import ContextFactory
from tests.handlers.speech import prompt

NOW = datetime(2026, 11, 21, 15, 5)


def converse(*lines: str) -> str:
    """The reply to the last line."""
    return answer(lines[-1], lines[:-1], "en", NOW)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (("hello",), "Hello|Hi"),
        (("Hello, who are you?",), "^Hello, nice to meet you! .*not a language model"),
        (("are you a human",), "not a person|not human"),
        (("What time is it?",), r"3:05 PM"),
        (("what's the date today",), "Saturday, November 21, 2026"),
        (("12 × 7",), "12 times 7 is 84"),
        (("what is the square root of 2",), "about 1.4142"),
        (("10 / 0",), "divide by zero"),
        (("what can you do",), "12 times 7"),
        (("How do I connect a model?",), "AVATAR_CHAT_LLM__BASE_URL"),
        (("how does this work",), "lips"),
        (("thanks a lot",), "welcome|pleasure"),
        (("goodbye",), "Goodbye|Bye"),
        (("I am sad today",), "sorry"),
        (("Why is the sky blue?",), "sky"),
        (("I went to the beach yesterday",), "beach"),
        (("how is the weather in Paris?",), "cannot look outside"),
        (("asdf qwer",), "asdf qwer"),
        (("...",), "listening"),
        (("repeat after me: the sun is up",), "^The sun is up$"),
        (("你好",), "你好"),
        (("你是谁？",), "不是语言模型|没有语言模型"),
        (("现在几点？",), "下午3点05分"),
        (("今天星期几？",), "2026年11月21日，星期六"),
        (("3加4等于几",), "7"),
        (("怎么接入大模型？",), "AVATAR_CHAT_LLM__API_KEY"),
        (("谢谢你",), "不客气|很高兴"),
        (("再见",), "再见|拜拜"),
        (("什么是量子力学？",), "量子力学"),
        (("昨天我去了公园",), "公园"),
    ],
)
def test_it_answers(lines: tuple[str, ...], expected: str) -> None:
    assert re.search(expected, converse(*lines))


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (("my name is john", "nice weather", "what's my name?"), "John"),
        (("Hi, I'm Anna.", "what is my name"), "Anna"),
        (("My name is Ann", "call me Bob", "who am I?"), "Bob"),
        (("Hello, my name is Zoe",), "Hello! Nice to meet you, Zoe!"),
        (("what is my name?",), "not told me"),
        (("我叫小明", "我叫什么名字？"), "小明"),
        (("I really like old films.", "what do I like?"), "old films"),
        (("我喜欢足球", "我喜欢什么？"), "足球"),
        (("I am from Oslo", "where am I from?"), "Oslo"),
        (("My name is Ann", "hello"), "Ann"),
        (("My name is Ann", "bye"), "Ann"),
        (("the sun is up", "What did I just say?"), '"the sun is up"'),
        (("太阳出来了", "我刚才说了什么？"), "“太阳出来了”"),
        (("what did I just say?",), "not said anything"),
    ],
)
def test_it_keeps_to_the_conversation(lines: tuple[str, ...], expected: str) -> None:
    assert expected in converse(*lines)


def test_it_answers_in_the_language_of_the_question() -> None:
    assert answer("你好", [], "en", NOW).startswith("你好")
    assert answer("hello", [], "zh", NOW).startswith(("Hello", "Hi"))
    assert re.search(r"[\u4e00-\u9fff]", answer("123 456", [], "zh", NOW))


def test_it_does_not_say_the_same_twice_in_a_row() -> None:
    assert converse("thanks") != converse("thanks", "thanks")


def test_both_languages_know_the_same() -> None:
    assert ENGLISH.keys() == CHINESE.keys()

    def fields(phrases: tuple[str, ...]) -> set[str | None]:
        return {name for phrase in phrases for _, name, _, _ in Formatter().parse(phrase)}

    for key in ENGLISH:
        assert fields(ENGLISH[key]) - {None} == fields(CHINESE[key]) - {None} or key == "sum"


@given(st.text(max_size=300), st.lists(st.text(max_size=50), max_size=3))
def test_it_always_says_something_short(line: str, before: list[str]) -> None:
    reply = answer(line, before, "en", NOW)
    assert reply.strip() and len(reply) < 600


@pytest.mark.parametrize("line", ["what " * 400, "(" * 2000, "我" * 2000, "a b " * 500, "1+" * 900])
def test_long_lines_are_answered_quickly(line: str) -> None:
    import time

    started = time.process_time()
    converse(line)
    assert time.process_time() - started < 0.5


async def test_the_reply_streams_word_by_word(make_context: ContextFactory) -> None:
    llm = BuiltinLlm(make_context())
    asked = prompt("my name is Ann", "Nice to meet you, Ann!", "what is my name?")
    deltas = [delta async for delta in llm.process(asked)]
    assert "".join(delta.text for delta in deltas) == "You told me that you are Ann."
    assert [delta.text for delta in deltas][:2] == ["You ", "told "]


async def test_chinese_streams_by_character(make_context: ContextFactory) -> None:
    deltas = [d async for d in BuiltinLlm(make_context()).process(prompt("你好"))]
    assert [delta.text for delta in deltas][:3] == ["你", "好", "！"]
