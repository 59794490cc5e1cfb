"""Which expression fits a sentence, and that its name is never shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.handlers.text.mood import TagFilter, mood_of_words, tagged_mood, without_tags


@pytest.mark.parametrize(
    ("text", "mood"),
    [
        ("[happy] Hi!", "happy"),
        ("好的[开心]走吧", "happy"),
        ("*sighs deeply* Well.", "sad"),
        ("(gasps) No!", "surprised"),
        ("[shy] Oh.", "coy"),
        ("【思考】嗯……", "calm"),
        ("[1] is a footnote", None),
        ("I am *really* here", None),
        ("plain", None),
    ],
)
def test_a_tag_names_the_mood(text: str, mood: str | None) -> None:
    assert tagged_mood(text) == mood


@pytest.mark.parametrize(
    ("spoken", "mood"),
    [
        ("I am sorry to hear that.", "sad"),
        ("很抱歉，我不知道。", "sad"),
        ("Hello! It is nice to see you.", "happy"),
        ("太好了！", "happy"),
        ("Wow, that is a lot.", "surprised"),
        ("Thank you, that is kind of you!", "coy"),
        ("This is unacceptable.", "angry"),
        ("The meeting is at three.", None),
        ("七乘以八等于五十六。", None),
    ],
)
def test_telling_words_suggest_one(spoken: str, mood: str | None) -> None:
    assert mood_of_words(spoken) == mood


def test_brackets_that_name_no_mood_are_shown() -> None:
    assert without_tags("[happy] See [1] and [sad]so on.") == "See [1] and so on."


@given(
    st.lists(
        st.sampled_from(["[happy] ", "[sad]", "【开心】", "[1]", "[", "]", "a b", "。", "\n"])
    ),
    st.lists(st.integers(1, 5)),
)
def test_pieces_of_any_length_show_the_same(parts: list[str], cuts: list[int]) -> None:
    text, tags, shown, at = "".join(parts), TagFilter(), "", 0
    for cut in cuts:
        shown += tags.push(text[at : at + cut])
        at += cut
    shown += tags.push(text[at:]) + tags.flush()
    assert shown == without_tags(text)


def test_text_is_not_held_longer_than_a_tag_can_be() -> None:
    tags = TagFilter()
    assert tags.push("[this is far too long to be a mood") == "[this is far too long to be a mood"
    assert tags.push(" [hap") == " "
    assert tags.push("py] Hi") == "Hi"
