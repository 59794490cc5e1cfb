"""What is said of what is shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.handlers.text.language import detect_language
from backend.handlers.text.speakable import speakable, to_sentence
from tests.handlers.speech import STAMP


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("**Bold** and *light* and __under__ and ~~gone~~", "Bold and light and under and gone"),
        ("## A title\n\n- one\n- two", "A title. one. two"),
        ("Use `print(x)` here.", "Use print(x) here."),
        ("Look:\n```python\nx = 1\n```\nDone.", "Look: Done."),
        ("```\nstill coming", ""),
        ("See [the docs](https://docs.example.org/a/b?c=d).", "See the docs."),
        ("See https://www.example.org/a/b?c=d. Then go.", "See example.org. Then go."),
        ("请看https://example.com/a。好吗？", "请看example.com。好吗？"),
        ("Great! 😀👍🏽 Go on ❤️.", "Great! Go on."),
        ("[happy] Hello there!", "Hello there!"),
        ("好的[开心]我们走吧。", "好的 我们走吧。"),
        ("【微笑】你好", "你好"),
        ("*smiles warmly* Welcome!", "Welcome!"),
        ("I *really* mean it (about 3 times).", "I really mean it (about 3 times)."),
        ("(laughs) That is funny.", "That is funny."),
        ("（笑）真有意思。", "真有意思。"),
        ("Set `AVATAR_CHAT_LLM__MODEL` now.", "Set AVATAR CHAT LLM MODEL now."),
        ("好呀～～", "好呀"),
        ("3 * 4 is 12, 5 < 7 and 2_000 too.", "3 × 4 is 12, 5 < 7 and 2 000 too."),
        ("😀 …", ""),
        ("---", ""),
        ("第一行\n第二行。\n第三行", "第一行。第二行。 第三行"),
    ],
)
def test_markup_is_not_spoken(text: str, said: str) -> None:
    assert speakable(text) == said


def test_a_sentence_shows_what_was_written_and_says_what_is_meant() -> None:
    made = to_sentence(STAMP, 3, "[happy] **你好**，很高兴！ ", "en")
    assert (made.index, made.text, made.spoken) == (
        3,
        "**你好**，很高兴！",
        "你好，很高兴！",
    )
    assert (made.language, made.emotion) == ("zh", "happy")


@given(st.text(max_size=300))
def test_speech_is_one_line_and_has_something_to_say_or_nothing(text: str) -> None:
    said = speakable(text)
    assert "\n" not in said and "```" not in said and said == said.strip()
    assert said == "" or any(char.isalnum() for char in said)


@pytest.mark.parametrize(
    ("text", "fallback", "language"),
    [
        ("Hello", "zh", "en"),
        ("你好", "en", "zh"),
        ("我用 Python 写程序", "en", "zh"),
        ("The word 你好 means hello", "en", "en"),
        ("Bonjour à tous", "fr", "fr"),
        ("こんにちは世界", "en", "ja"),
        ("안녕하세요", "en", "ko"),
        ("Привет", "en", "ru"),
        ("12345", "zh", "zh"),
        ("", "de", "de"),
    ],
)
def test_the_script_tells_the_language(text: str, fallback: str, language: str) -> None:
    assert detect_language(text, fallback) == language
