"""What a client has chosen, and from when on it holds."""

from __future__ import annotations

import pytest

from backend.errors import UnknownAvatar
from backend.handlers.base import Options
from backend.protocol import ConfigUpdate, Hello
from backend.session.choices import Choices


def only_nora(options: Options) -> None:
    if options.avatar not in (None, "nora"):
        raise UnknownAvatar("There is no such avatar.")


@pytest.fixture
def choices() -> Choices:
    return Choices(only_nora)


def test_a_hello_before_the_greeting_holds_at_once(choices: Choices) -> None:
    assert choices.greeted(Hello(output="text", avatar="nora", voice="hers")) == []
    assert choices.output == "text"
    assert choices.options == choices.latest == Options(avatar="nora", voice="hers")


def test_a_hello_without_a_word_on_the_output_keeps_it(choices: Choices) -> None:
    choices.update(ConfigUpdate(output="audio"))
    choices.greeted(Hello(voice="hers"))
    assert choices.output == "audio"
    choices.greeted_again(Hello(output="video"))
    assert choices.output == "video"


def test_one_after_the_greeting_holds_from_the_first_turn_on(choices: Choices) -> None:
    choices.greeted_again(Hello(voice="hers"))
    assert (choices.options.voice, choices.latest.voice) == (None, "hers")
    assert choices.take_effect()
    assert choices.options.voice == "hers"
    assert not choices.take_effect()


def test_what_cannot_be_granted_keeps_nothing_else_from_it(choices: Choices) -> None:
    (refusal,) = choices.greeted(Hello(avatar="nobody", voice="hers"))
    assert isinstance(refusal, UnknownAvatar)
    assert choices.options == Options(voice="hers")


def test_an_update_that_is_refused_changes_nothing(choices: Choices) -> None:
    choices.update(ConfigUpdate(voice="hers"))
    with pytest.raises(UnknownAvatar):
        choices.update(ConfigUpdate(avatar="nobody", voice="his", output="text"))
    assert choices.latest == Options(voice="hers") and choices.output == "video"


def test_updates_add_up_and_hold_from_the_next_turn(choices: Choices) -> None:
    choices.update(ConfigUpdate(language="zh"))
    choices.update(ConfigUpdate(role="A pirate."))
    assert choices.options == Options() and choices.language == "en"
    choices.take_effect()
    assert choices.options == Options(language="zh", role="A pirate.") and choices.language == "zh"


def test_a_language_can_be_left_to_the_service_again(choices: Choices) -> None:
    choices.greeted(Hello(language="zh"))
    choices.update(ConfigUpdate(language="auto"))
    assert choices.latest.language is None


def test_a_new_hello_outranks_what_was_pending(choices: Choices) -> None:
    choices.update(ConfigUpdate(role="A pirate.", language="zh"))
    choices.greeted(Hello(role="A nurse."))
    assert choices.options == Options(role="A nurse.", language="zh")
    assert not choices.take_effect()
