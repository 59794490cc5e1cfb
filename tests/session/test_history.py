"""History is bounded by whole turns."""

from backend.session.history import History


def test_keeps_the_last_turns_whole() -> None:
    history = History(turns=2)
    for number in range(4):
        history.user(f"q{number}")
        history.assistant(f"a{number}", interrupted=number == 3)
    assert [item.text for item in history.items()] == ["q2", "a2", "q3", "a3"]
    assert [item.interrupted for item in history.items()] == [False, False, False, True]


def test_what_the_avatar_said_unasked_stays_in_order() -> None:
    history = History(turns=1)
    history.assistant("welcome")
    history.user("hi")
    assert [message.role for message in history.messages()] == ["assistant", "user"]
    history.user("again")
    assert [message.content for message in history.messages()] == ["again"]


def test_what_the_avatar_said_unasked_is_bounded_too() -> None:
    history = History(turns=2)
    for number in range(100):
        history.assistant(f"slide {number}")
    assert [item.text for item in history.items()] == [f"slide {n}" for n in range(96, 100)]
    history.user("hi")
    history.assistant("Hello")
    assert [item.text for item in history.items()][-2:] == ["hi", "Hello"]


def test_an_unheard_reply_leaves_no_trace() -> None:
    history = History(turns=1)
    history.user("hi")
    history.assistant("", interrupted=True)
    assert len(history.items()) == 1


def test_an_entry_can_be_corrected() -> None:
    history = History(turns=5)
    history.user("hi")
    entry = history.assistant("Hello there", interrupted=True)
    entry.text = "Hello"
    assert [item.text for item in history.items()] == ["hi", "Hello"]


def test_another_life_goes_on_where_the_first_ended() -> None:
    first, second = History(turns=5), History(turns=5)
    first.user("hi")
    first.assistant("Hello", interrupted=True)
    second.restore(first.items())
    assert second.items() == first.items() and second.messages() == first.messages()
