"""What the user looks at and does becomes words for the prompt."""

from backend.protocol import ContextUpdate, UiEvent
from backend.session.notes import MAX_CONTEXT_CHARS, MAX_EVENTS, Notes


def test_without_notes_the_prompt_is_untouched() -> None:
    assert Notes().added_to("Be kind.") == "Be kind."


def test_the_latest_view_and_the_last_events_are_told() -> None:
    notes = Notes()
    notes.looking_at(ContextUpdate(title="Old", text="gone"))
    notes.looking_at(ContextUpdate(title="Slide", page=3, text="x" * (MAX_CONTEXT_CHARS + 9)))
    for number in range(MAX_EVENTS + 2):
        notes.happened(UiEvent(name=f"event{number}", data={"item": number}))
    prompt = notes.added_to("Be kind.")
    assert prompt.startswith("Be kind.") and "Slide 3" in prompt and "gone" not in prompt
    assert "event1 " not in prompt and 'event6 {"item": 6}' in prompt
    assert prompt.count("x") == MAX_CONTEXT_CHARS
