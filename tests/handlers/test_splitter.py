"""Where reply text is cut."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.handlers.text.splitter import (
    FIRST_WEIGHT,
    LONG_WEIGHT,
    LONGEST_WEIGHT,
    SentenceSplitter,
)


def split(text: str, *, size: int | None = None) -> list[str]:
    splitter = SentenceSplitter()
    parts = [text[i : i + size] for i in range(0, len(text), size)] if size else [text]
    pieces = [piece for part in parts for piece in splitter.push(part)]
    return pieces + splitter.flush()


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("I met Dr. Smith today. He was late.", ["I met Dr. Smith today. ", "He was late."]),
        ("It costs $1,000.50. Next.", ["It costs $1,000.50. ", "Next."]),
        ("Version 3.11 is out.", ["Version 3.11 is out."]),
        ("今天天气很好。我们去公园吧！好的。", ["今天天气很好。", "我们去公园吧！", "好的。"]),
        ("It was the year …1980. Then it rained.", ["It was the year …1980. ", "Then it rained."]),
        ("…1980.", ["…1980."]),
        ("Hi! How are you?", ["Hi! How are you?"]),
        ("Hi there! How are you?", ["Hi there! ", "How are you?"]),
        ("The code is 12345.Let us go.", ["The code is 12345.", "Let us go."]),
        ("12345.Let", ["12345.Let"]),
        ("Well... I think so. Yes, I do.", ["Well... I think so. ", "Yes, I do."]),
        ("I am not sure... Perhaps tomorrow.", ["I am not sure... ", "Perhaps tomorrow."]),
        ("他想了想……然后走了。再见。", ["他想了想……", "然后走了。", "再见。"]),
        ("That is great! 😀 Let us begin.", ["That is great! ", "😀 Let us begin."]),
        ("好的[开心]我们现在走吧。走！", ["好的[开心]我们现在走吧。", "走！"]),
        ("J. K. Rowling wrote it. I read it.", ["J. K. Rowling wrote it. ", "I read it."]),
        ("Well, my dear friend, sit down.", ["Well, my dear friend, ", "sit down."]),
        ("你好，我叫小雅，很高兴认识你。", ["你好，我叫小雅，", "很高兴认识你。"]),
        ("他说：“你好啊。”然后走了。", ["他说：“你好啊。”", "然后走了。"]),
        ('He said: "I am here." Then he left.', ['He said: "I am here." ', "Then he left."]),
        ("3,000 people came. 2:30 is fine.", ["3,000 people came. ", "2:30 is fine."]),
    ],
)
def test_known_traps(text: str, pieces: list[str]) -> None:
    assert split(text) == pieces


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("Go to https://a.example/x.html?q=1!b,c now. Bye.", "https://a.example/x.html?q=1!b,c"),
        ("Write to bob.smith@mail.example.org today. Bye.", "bob.smith@mail.example.org"),
        ("*waves, then smiles. Really.* Hello my friend. Hi.", "*waves, then smiles. Really.*"),
        ("The U.S. team met at 5 p.m. today. No. 5 won.", "The U.S. team met at 5 p.m. today."),
        ("Thanks for that. See No. 5, e.g. the red one.", "See No. 5, e.g. the red one."),
        ("So here: `x = f(1. , 2)`, and so on.", "`x = f(1. , 2)`"),
        ("As follows: [a note, not said. No.] And so on.", "[a note, not said. No.]"),
        ("1. First do this thing.\n2. Then do that.", "1. First do this thing."),
        ("Version v2.0.1-beta.3 is out. Enjoy it.", "v2.0.1-beta.3"),
    ],
)
def test_some_things_are_never_cut(text: str, whole: str) -> None:
    assert any(whole in piece for piece in split(text))


def test_a_code_block_is_one_piece() -> None:
    text = "Here it is:\n```python\na = 1. \nprint('x. y, z! ')\n```\nThat is all."
    code = next(piece for piece in split(text) if "```" in piece)
    assert code.count("```") == 2 and "print" in code
    assert split(text)[0].startswith("Here it is")
    assert split(text)[-1] == "That is all."


def test_lines_end_pieces() -> None:
    assert split("# A fine title\n\n- the first item\n- the second item") == [
        "# A fine title\n\n",
        "- the first item\n",
        "- the second item",
    ]


def test_the_first_clause_comes_before_the_sentence_ends() -> None:
    splitter = SentenceSplitter()
    pushed = [splitter.push(part) for part in ("Of course", ", ", "I can ")]
    assert pushed == [[], [], ["Of course, "]]


def test_later_clauses_stay_together() -> None:
    assert split("Of course, I can do that, and this, and more.")[1:] == [
        "I can do that, and this, and more."
    ]


def test_an_endless_sentence_is_cut_at_spaces() -> None:
    pieces = split("word " * 300)
    assert len(pieces) > 3
    assert all(piece.strip().split() == ["word"] * len(piece.split()) for piece in pieces)
    assert max(len(piece.replace(" ", "")) for piece in pieces) <= LONG_WEIGHT + 4


def test_an_endless_word_is_cut_somewhere() -> None:
    assert max(len(piece) for piece in split("a" * 5000)) <= LONGEST_WEIGHT


def test_a_flushed_splitter_begins_anew() -> None:
    splitter = SentenceSplitter()
    splitter.push("```code without an end. ")
    assert splitter.flush() == ["```code without an end. "]
    assert splitter.push("Of course, we can") == ["Of course, "]


LIVELY = st.text(st.sampled_from("ab 1.,!?。，！…\n*[](`)'\"”X中文@:/-😀"), max_size=120)


@given(st.one_of(LIVELY, st.text(max_size=200)), st.integers(1, 7))
def test_cuts_do_not_depend_on_how_the_stream_was_chopped(text: str, size: int) -> None:
    assert split(text, size=size) == split(text)


@given(st.one_of(LIVELY, st.text(max_size=200)))
def test_nothing_is_lost_and_no_piece_is_blank(text: str) -> None:
    pieces = split(text)
    joined = "".join(pieces)
    assert text.startswith(joined) and not text[len(joined) :].strip()
    assert all(piece.strip() for piece in pieces)


@given(LIVELY)
def test_pieces_but_the_last_are_worth_speaking(text: str) -> None:
    for piece in split(text)[:-1]:
        assert sum(2.5 for char in piece if not char.isspace()) >= FIRST_WEIGHT


@given(st.integers(0, 10**9), st.integers(0, 999))
def test_numbers_stay_whole(whole: int, part: int) -> None:
    number = f"{whole:,}.{part:03d}"
    assert any(number in piece for piece in split(f"The price is {number} dollars. Is it fine?"))
