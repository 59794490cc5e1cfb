"""Errors and frames survive the way between processes."""

import pytest

from backend.engine.wire import HEADER, Kind, Request, frame, rebuild, take_apart, unpack
from backend.errors import BrokenAvatar, EngineError, ProviderUnavailable


def raised(error: Exception) -> Exception:
    try:
        raise error
    except Exception as caught:
        return caught


def test_a_frame_says_its_length() -> None:
    request = Request(Kind.CALL, 1, 2, "push", b"body")
    data = frame(request)
    (size,) = HEADER.unpack(data[: HEADER.size])
    assert size == len(data) - HEADER.size
    assert unpack(data[HEADER.size :]) == request


@pytest.mark.parametrize(
    "error",
    [
        BrokenAvatar("mask.png is missing."),
        ProviderUnavailable("No key.", component="llm", provider="openai"),
    ],
)
def test_our_errors_keep_class_message_and_fields(error: Exception) -> None:
    rebuilt = rebuild(take_apart(raised(error)))
    assert type(rebuilt) is type(error)
    assert rebuilt.args == error.args
    for name in ("component", "provider"):
        assert getattr(rebuilt, name, None) == getattr(error, name, None)


def test_any_other_error_becomes_ours_and_tells_where_it_was_raised() -> None:
    rebuilt = rebuild(take_apart(raised(KeyError("mouth"))))
    assert type(rebuilt) is EngineError
    assert str(rebuilt) == "KeyError: 'mouth'"
    assert "in raised" in rebuilt.__notes__[0]


def test_notes_that_an_error_had_are_kept() -> None:
    error = EngineError("x")
    error.add_note("first")
    assert rebuild(take_apart(raised(error))).__notes__[0] == "first"
