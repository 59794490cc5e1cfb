"""Who may make and delete avatars, for every kind of asker."""

from __future__ import annotations

import pytest
from fastapi import Request
from pydantic import SecretStr

from backend.api.rights import has_token, require_creation
from backend.avatar.create.refusals import CreationOff, NotAllowed
from backend.config import AvatarSettings, ServerSettings, Settings
from backend.errors import AvatarNotCreated

HERE, THERE = "127.0.0.1", "192.0.2.7"


def ask(
    creation: str, client: str = HERE, token: str | None = None, **headers: str
) -> AvatarNotCreated | None:
    """Why a request with these headers is refused, if it is."""
    given = {"host": "localhost:8000", **headers}
    scope = {
        "type": "http",
        "method": "POST",
        "scheme": "http",
        "path": "/api/avatars",
        "query_string": b"",
        "server": (HERE, 8000),
        "client": (client, 5000),
        "headers": [(k.replace("_", "-").encode(), v.encode()) for k, v in given.items()],
    }
    settings = Settings(
        avatar=AvatarSettings(creation=creation), server=ServerSettings(token=token)
    )
    try:
        require_creation(Request(scope), settings)
    except AvatarNotCreated as refusal:
        return refusal
    return None


def test_off_is_off_even_with_the_token() -> None:
    assert isinstance(ask("off", token="t", authorization="Bearer t"), CreationOff)


@pytest.mark.parametrize("host", ["localhost:8000", "127.0.0.1", "[::1]:8000"])
def test_this_computer_may(host: str) -> None:
    assert ask("local", host=host) is None
    assert ask("local", client="::1", host=host) is None


@pytest.mark.parametrize(
    ("client", "headers"),
    [
        (THERE, {}),
        (HERE, {"x_forwarded_for": THERE}),
        (HERE, {"x_forwarded_for": HERE}),  # a proxy repeats what it was told
        (HERE, {"forwarded": "for=192.0.2.7"}),
        (HERE, {"x_real_ip": THERE}),
        (HERE, {"host": "rebound.example"}),
        (HERE, {"origin": "https://elsewhere.example"}),
        (HERE, {"origin": "null"}),
        (HERE, {"authorization": "Bearer wrong"} | {"x_real_ip": THERE}),
        (HERE, {"authorization": "t"} | {"x_real_ip": THERE}),
    ],
)
def test_others_may_not(client: str, headers: dict[str, str]) -> None:
    refusal = ask("local", client, token="t", **headers)
    assert isinstance(refusal, NotAllowed)


def test_the_words_say_what_to_do() -> None:
    refusal = ask("local", THERE)
    assert refusal is not None and "server.token" in refusal.message


@pytest.mark.parametrize("creation", ["local", "token"])
@pytest.mark.parametrize("client", [HERE, THERE])
def test_who_has_the_token_may(creation: str, client: str) -> None:
    assert ask(creation, client, token="t", authorization="bearer t") is None


def test_behind_a_token_this_computer_needs_it_too() -> None:
    assert isinstance(ask("token"), NotAllowed)
    assert isinstance(ask("token", token="t", authorization="Bearer u"), NotAllowed)


def test_no_token_that_is_set_is_none_that_is_right() -> None:
    assert isinstance(ask("token", authorization="Bearer "), NotAllowed)


@pytest.mark.parametrize("empty", ["", "  "])
def test_a_token_that_is_set_to_nothing_is_none(empty: str) -> None:
    assert ServerSettings(token=empty).token is None
    assert ServerSettings(admin_token=empty).admin_token is None
    for header in ("Bearer", "Bearer ", "Bearer   "):
        assert isinstance(ask("token", token=empty, authorization=header), NotAllowed)
        assert isinstance(ask("local", THERE, token=empty, authorization=header), NotAllowed)


def test_an_empty_token_is_no_token_wherever_it_comes_from() -> None:
    scope = {"type": "http", "headers": [(b"authorization", b"Bearer ")]}
    assert not has_token(Request(scope), SecretStr(""))


def test_the_page_itself_asks_from_its_own_origin() -> None:
    assert ask("local", origin="http://localhost:8000") is None
    assert isinstance(ask("local", origin="http://localhost:8001"), NotAllowed)
