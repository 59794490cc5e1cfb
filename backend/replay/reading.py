"""A timeline file read again, every line checked. Knows nothing of what is done with it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from backend.errors import BadTimeline
from backend.session.timeline import VERSION, Event, Header

WORDS_IN = {"client.text": "text", "client.say": "text", "client.context_update": "text"}
"""What a client's message needs to be sent again."""


@dataclass(frozen=True, slots=True)
class Recording:
    header: Header
    events: tuple[Event, ...]

    def why_not_driven(self) -> str | None:
        """Why it cannot be sent through a session again, if it cannot."""
        asks = [event for event in self.events if event.event in ("microphone", *WORDS_IN)]
        if not asks:
            return "The client neither said nor wrote anything."
        if any(WORDS_IN.get(event.event, "pcm") not in event.facts for event in asks):
            return (
                "It holds no words and no sound: those are kept only with timeline.record set "
                "and the client's consent (hello.record)."
            )
        return None


class _Line(BaseModel):
    """An event as a line of the file."""

    model_config = ConfigDict(extra="forbid", strict=True)

    t: float
    event: str
    generation: int | None = None
    facts: dict[str, Any] = Field(default_factory=dict)


def read_recording(path: Path) -> Recording:
    """Read a timeline file.

    Raises:
        BadTimeline: it cannot be read, or a line is not what it should be; the line is named.
    """
    try:
        with path.open(encoding="utf-8") as file:
            return _read(path, file)
    except OSError as error:
        raise BadTimeline(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise BadTimeline(f"{path} is not a text file.") from error


def _read(path: Path, file: Iterable[str]) -> Recording:
    lines = _numbered(path, file)
    number, first = next(lines, (1, None))
    if first is None:
        raise BadTimeline(f"{path} is empty.")
    header = _header(f"{path}, line {number}", first)
    events = tuple(_event(f"{path}, line {number}", values) for number, values in lines)
    return Recording(header, events)


def _numbered(path: Path, file: Iterable[str]) -> Iterator[tuple[int, Any]]:
    for number, line in enumerate(file, 1):
        try:
            yield number, json.loads(line)
        except json.JSONDecodeError as error:
            cut = "" if line.endswith("\n") else " The file seems to be cut off there."
            raise BadTimeline(f"{path}, line {number}: not JSON ({error.msg}).{cut}") from error


def _header(where: str, values: Any) -> Header:
    version = values.get("version") if isinstance(values, dict) else None
    if version is None:
        raise BadTimeline(f"{where}: this is no timeline; its first line has no version.")
    if version != VERSION:
        raise BadTimeline(f"{where}: version {version}; this program reads version {VERSION}.")
    try:
        return Header.model_validate(values)
    except ValidationError as error:
        raise BadTimeline(f"{where}: {_explain(error)}") from error


def _event(where: str, values: Any) -> Event:
    try:
        line = _Line.model_validate(values)
    except ValidationError as error:
        raise BadTimeline(f"{where}: {_explain(error)}") from error
    return Event(line.t, line.event, line.generation, line.facts)


def _explain(error: ValidationError) -> str:
    first = error.errors(include_input=False, include_url=False)[0]
    return f"{'.'.join(map(str, first['loc'])) or 'line'}: {first['msg']}."
