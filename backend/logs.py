"""Structured logs: one line per event, with its component and the session and generation it
belongs to, when there is one. The last lines are kept in mind for the status page.

Words of a conversation never go into a log: events are named, values are numbers and codes, and of
an exception only what cannot quote anybody is kept. Secrets are blanked wherever they turn up.
"""

from __future__ import annotations

import logging
import os
import sys
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from itertools import count
from pathlib import Path
from threading import Lock
from traceback import walk_tb
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

import structlog
from pydantic import BaseModel, SecretStr

from backend.config import LogSettings
from backend.errors import AvatarChatError, leaves

Entry = MutableMapping[str, Any]
_LIBRARY_WORDS = "words"

MOST_KEPT = 500
LEAST_SECRET_CHARS = 4
"""Shorter ones would blank half of every line, and protect nothing."""

_MAY_SPEAK = (AvatarChatError, OSError, ImportError, AttributeError, NameError, TypeError)
"""Errors whose messages name things of the program. Any other may quote what it was given."""

_FRAMES = 8


class RecentLines:
    """The last lines, numbered from 1. Thread-safe."""

    def __init__(self, most: int = MOST_KEPT) -> None:
        self._lines: deque[dict[str, Any]] = deque(maxlen=most)
        self._numbers = count(1)
        self._lock = Lock()

    def __call__(self, _logger: Any, _method: str, entry: Entry) -> Entry:
        """As a processor: remember, and pass on."""
        line = {name: _plain(value) for name, value in entry.items() if not name.startswith("_")}
        with self._lock:
            self._lines.append({"number": next(self._numbers), **line})
        return entry

    def after(self, number: int) -> list[dict[str, Any]]:
        """Lines that came after the one with this number, oldest first."""
        with self._lock:
            return [line for line in self._lines if line["number"] > number]


recent_lines = RecentLines()
"""Of this process."""


def configure_logs(settings: LogSettings, secrets: Iterable[str] = ()) -> None:
    """Once per process, before anything is logged. What libraries log takes the same shape.

    secrets: values that must not be seen in any line; see `secrets_in`.
    """
    level = getattr(logging, settings.level.upper())
    shape: list[structlog.typing.Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _tell_exception,
        _add_component,
        _Blanker(secrets),
        recent_lines,
    ]
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False, default=str)
        if settings.format == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), pad_event_to=0)
    )
    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, *shape, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,  # a later configuration holds for everybody
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
            foreign_pre_chain=[_name_library, *shape],
        )
    )
    logging.basicConfig(level=max(level, logging.WARNING), handlers=[handler], force=True)


def secrets_in(settings: BaseModel) -> Iterator[str]:
    """Every secret of the tree; of an address only its password."""
    if key := os.environ.get("OPENAI_API_KEY"):
        yield key
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        if isinstance(value, BaseModel):
            yield from secrets_in(value)
        elif isinstance(value, SecretStr):
            secret = value.get_secret_value()
            yield (urlsplit(secret).password or "") if "://" in secret else secret


# ---------------------------------------------------------------- processors


def without_library_words(line: Mapping[str, Any]) -> dict[str, Any]:
    """What a library said may quote what it was given."""
    return {name: value for name, value in line.items() if name != _LIBRARY_WORDS}


def _name_library(_logger: Any, _method: str, entry: Entry) -> Entry:
    """A library's line: its words are no name of an event. Further lines often quote."""
    record: logging.LogRecord = entry["_record"]
    words = str(entry["event"]).partition("\n")[0]
    return {**entry, "component": record.name, "event": "library.said", _LIBRARY_WORDS: words}


def _add_component(_logger: Any, _method: str, entry: Entry) -> Entry:
    """Events are named `component.what`."""
    entry.setdefault("component", str(entry["event"]).partition(".")[0])
    return entry


def _tell_exception(_logger: Any, _method: str, entry: Entry) -> Entry:
    """In one line: what it was, from where, and its words only where they can quote nobody."""
    given = entry.pop("exc_info", None)
    if given is True:
        given = sys.exc_info()
    error = given[1] if isinstance(given, tuple) else given
    if isinstance(error, BaseException):
        entry["exception"] = " and ".join(_told(leaf) for leaf in leaves(error))
    return entry


def _told(error: BaseException) -> str:
    words = f": {error}" if isinstance(error, _MAY_SPEAK) else ""
    told = f"{type(error).__name__}{words} at {_where(error.__traceback__)}"
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return f"{told}, from {_told(cause)}" if cause is not None else told


def _where(trace: TracebackType | None) -> str:
    """Innermost first."""
    frames = [
        f"{'/'.join(Path(frame.f_code.co_filename).parts[-2:])}:{line} {frame.f_code.co_name}"
        for frame, line in walk_tb(trace)
    ]
    return " < ".join(frames[: -_FRAMES - 1 : -1]) or "nowhere"


class _Blanker:
    """Puts stars in the place of secrets."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._secrets = sorted({s for s in secrets if len(s) >= LEAST_SECRET_CHARS}, key=len)[::-1]

    def __call__(self, _logger: Any, _method: str, entry: Entry) -> Entry:
        return {name: self._blanked(value) for name, value in entry.items()}

    def _blanked(self, value: Any) -> Any:
        match value:
            case str():
                for secret in self._secrets:
                    value = value.replace(secret, "***")
                return value
            case Mapping():
                return {name: self._blanked(inner) for name, inner in value.items()}
            case list() | tuple():
                return [self._blanked(inner) for inner in value]
        return value


def _plain(value: Any) -> Any:
    """As JSON can hold it."""
    return value if isinstance(value, str | int | float | bool | None) else str(value)
