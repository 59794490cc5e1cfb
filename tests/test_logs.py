"""The shape of a log line, and what never gets into one."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from backend.api.status import troubles
from backend.config import LogSettings, load_settings
from backend.errors import ProviderError
from backend.logs import RecentLines, configure_logs, recent_lines, secrets_in

WORDS = "my grandmother's recipe"
SECRET = "sk-very-secret"

log = structlog.get_logger()


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    before = logging.root.handlers[:], logging.root.level
    yield
    logging.root.handlers[:], level = before
    logging.root.setLevel(level)


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_a_line_is_one_json_object_that_names_its_event(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs(LogSettings(format="json"))
    with structlog.contextvars.bound_contextvars(session_id="s1", generation_id=2):
        log.info("turn.end", reason="completed")
    (line,) = lines(capsys)
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "turn.end",
        "component": "turn",
        "level": "info",
        "session_id": "s1",
        "generation_id": 2,
        "reason": "completed",
    }


def test_the_component_that_is_named_counts(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs(LogSettings(format="json"))
    log.warning("provider.failed", component="tts")
    assert lines(capsys)[0]["component"] == "tts"


def test_a_terminal_gets_text(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs(LogSettings(format="console"))
    log.info("turn.end", reason="completed")
    (line,) = capsys.readouterr().err.splitlines()
    assert "turn.end" in line and "reason=completed" in line and not line.startswith("{")


def test_libraries_log_in_the_same_shape(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs(LogSettings(format="json"))
    logging.getLogger("library.part").warning("A port is %s.", "taken")
    logging.getLogger("library.part").info("hello")
    (line,) = lines(capsys)
    assert (line["event"], line["component"]) == ("library.said", "library.part")
    assert line["words"] == "A port is taken."


def broken() -> None:
    try:
        int(WORDS)
    except ValueError as error:
        message = "The model is over its limit."
        raise ProviderError(message, component="llm", provider="openai") from error


def test_an_exception_says_where_it_came_from_and_quotes_nobody(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logs(LogSettings(format="json", level="debug"))
    try:
        broken()
    except ProviderError as error:
        log.error("reply.stage_crashed", exc_info=error)
        logging.getLogger("asyncio").error("It crashed.\nfuture: %r", error, exc_info=error)
    ours, theirs = lines(capsys)
    for line in (ours, theirs):
        assert (
            "ProviderError: The model is over its limit. at tests/test_logs.py" in line["exception"]
        )
        assert "from ValueError at tests/test_logs.py" in line["exception"]
        assert WORDS not in json.dumps(line)
    assert theirs["words"] == "It crashed."


def test_a_group_tells_of_each_of_its_errors(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs(LogSettings(format="json"))
    group = ExceptionGroup(
        "all", [OSError(28, "No space left"), ExceptionGroup("in", [KeyError(1)])]
    )
    log.error("x.crashed", exc_info=group)
    told = lines(capsys)[0]["exception"]
    assert told == "OSError: [Errno 28] No space left at nowhere and KeyError at nowhere"


@pytest.mark.parametrize("form", ["json", "console"])
def test_secrets_are_blanked_wherever_they_turn_up(
    form: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-from-elsewhere")
    settings = load_settings(
        server={"token": "a-client-token", "admin_token": "an-admin-token"},
        llm={"api_key": SECRET},
        store={"redis_url": "redis://me:pass-word@host:6379/0"},
        log={"format": form},
    )
    configure_logs(settings.log, secrets_in(settings))
    log.warning("x.y", key=f"Bearer {SECRET}", nested={"list": ["an-admin-token", 1]})
    log.error("x.crashed", exc_info=OSError(f"redis://me:pass-word@host {SECRET}"))
    logging.getLogger("lib").warning("refused a-client-token, sk-from-elsewhere")
    told = capsys.readouterr().err
    for secret in secrets_in(settings):
        assert len(secret) > 5 and secret not in told
    assert "redis://me:***@host" in told


def test_a_short_secret_does_not_blank_half_of_every_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logs(LogSettings(format="json"), ["a", ""])
    log.info("a.b", word="banana")
    assert lines(capsys)[0]["word"] == "banana"


def test_the_last_lines_are_kept_in_mind_without_secrets(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logs(LogSettings(format="json"), [SECRET])
    newest = max((line["number"] for line in recent_lines.after(0)), default=0)
    log.warning("x.y", key=SECRET, odd=object)
    log.debug("x.unheard")
    (line,) = recent_lines.after(newest)
    assert (line["event"], line["key"], line["number"]) == ("x.y", "***", newest + 1)
    assert json.dumps(line)


def test_the_last_troubles_tell_nothing_that_a_library_may_quote() -> None:
    configure_logs(LogSettings(format="json"), [])
    logging.getLogger("somebody.elses").warning("cannot read %r", "What is my name?")
    (line,) = [one for one in troubles() if one["component"] == "somebody.elses"]
    assert line["event"] == "library.said" and "name" not in json.dumps(line)
    assert "What is my name?" in json.dumps(recent_lines.after(0))


def test_only_so_many_lines_are_kept() -> None:
    kept = RecentLines(most=3)
    for number in range(5):
        kept(None, "info", {"event": f"e{number}", "_record": object()})
    assert [line["number"] for line in kept.after(0)] == [3, 4, 5]
    assert [line["event"] for line in kept.after(4)] == ["e4"]
