"""What a reply is asked for."""

from __future__ import annotations

import pytest

from backend.config import LlmSettings
from backend.handlers.messages import Stamp
from backend.protocol import ConfigUpdate, Hello, Say, UiEvent
from backend.session.choices import Choices
from backend.session.history import History
from backend.session.questions import Questions

STAMP = Stamp("s", 1)


@pytest.fixture
def history() -> History:
    return History(turns=8)


@pytest.fixture
def choices() -> Choices:
    return Choices(lambda options: None)


@pytest.fixture
def questions(history: History, choices: Choices) -> Questions:
    settings = LlmSettings(system_prompt="You are a guide.", mood_tags=False)
    return Questions(history, choices, settings)


def test_the_model_is_given_the_role_the_notes_and_what_was_said(questions: Questions) -> None:
    questions.notes.happened(UiEvent(name="opened the map"))
    request = questions.ask("Where is it?", 5.0, STAMP)
    assert request.prompt is not None and request.prompt.stamp == STAMP
    system, asked = request.prompt.messages
    assert system.content.startswith("You are a guide.") and "opened the map" in system.content
    assert (asked.role, asked.content) == ("user", "Where is it?")
    assert (request.asked_at, request.output, request.language) == (5.0, "video", "en")


def test_a_line_to_be_said_has_no_prompt_and_is_no_question(
    questions: Questions, choices: Choices, history: History
) -> None:
    choices.greeted(Hello(output="audio"))
    request = questions.say(Say(text="你好，欢迎！", emotion="happy"), 5.0)
    assert request.prompt is None and history.items() == ()
    assert (request.output, request.language, request.emotion) == ("audio", "zh", "happy")


def test_choices_hold_once_they_have_taken_effect(questions: Questions, choices: Choices) -> None:
    choices.update(ConfigUpdate(role="A pirate."))
    choices.take_effect()
    prompt = questions.ask("Hello?", 5.0, STAMP).prompt
    assert prompt is not None and prompt.messages[0].content == "A pirate."


def test_a_turn_that_comes_again_stands_in_the_history_once(
    questions: Questions, history: History
) -> None:
    for _ in range(2):
        questions.ask("Hello?", 5.0, STAMP, message_id="one")
    assert [item.text for item in history.items()] == ["Hello?"]


def test_a_turn_is_settled_while_it_is_answered_and_once_something_was_heard(
    questions: Questions, history: History
) -> None:
    assert not questions.is_settled("one", is_answering=True)
    questions.ask("Hello?", 5.0, STAMP, message_id="one")
    assert questions.is_settled("one", is_answering=True)
    assert not questions.is_settled("one", is_answering=False) and questions.answered is None
    history.assistant("Hello.")
    assert questions.is_settled("one", is_answering=False) and questions.answered == "one"


def test_a_turn_without_an_id_is_always_new(questions: Questions) -> None:
    questions.ask("Hello?", 5.0, STAMP)
    assert not questions.is_settled(None, is_answering=True) and questions.answered is None
