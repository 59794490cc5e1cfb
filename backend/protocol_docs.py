"""`docs/protocol.md`, written from `protocol.py`: `python -m backend.protocol_docs`."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator
from typing import Any, get_args

from pydantic import BaseModel

from backend import protocol as p

_INTRO = """\
# The wire contract, version {version}

Written by `python -m backend.protocol_docs` from `backend/protocol.py`; do not edit.

One WebSocket per session: `GET /ws/{{session_id}}`, where `new` asks the server for an id. Text
frames are JSON objects with a `type`; binary frames are media.

Every server message carries `session_id` and `seq` (1, 2, 3 … per connection, no gap) and, when it
belongs to a reply, `generation_id`. A generation starts when a reply starts or is interrupted;
after the `state_update` that answers an interruption, no byte of an older generation follows.

Microphone audio goes up as binary frames of s16le PCM, {rate} Hz, mono, 20 to 40 ms each (at most
one second), between `start_listen` and `stop_listen`. Media come down right behind their meta:
`video_chunk_meta` or `tts_audio_chunk`, then one binary frame of exactly `size` bytes, with nothing
between them. Each video chunk is a complete MP4 file whose sound and picture start together.

Not available yet, and answered with the error `not_available`: the container `fmp4`, `progressive`
chunking, and `audio_chunk` in other formats than `pcm_s16le`. `resume_token` is handed out; coming
back with it opens a new session.

Errors: {codes}.
"""


def markdown() -> str:
    """The whole page."""
    codes = ", ".join(f"`{code}`" for code in _error_codes())
    parts = [_INTRO.format(version=p.PROTOCOL_VERSION, rate=p.MIC_SAMPLE_RATE, codes=codes)]
    for title, models in (
        ("Client → server", _members(p.ClientMessage)),
        ("Server → client", _members(p.AnyServerMessage)),
        ("Parts of messages", (p.VideoFormat, p.AvatarInfo, p.Providers, p.HistoryItem)),
    ):
        parts.append(f"## {title}\n")
        parts += [_section(model) for model in models]
    return "\n".join(parts)


def _members(union: Any) -> tuple[type[BaseModel], ...]:
    members: tuple[type[BaseModel], ...] = get_args(get_args(union)[0])
    return members


def _section(model: type[BaseModel]) -> str:
    tag = model.model_fields.get("type")
    lines = [f"### `{tag.default if tag else model.__name__}`\n"]
    if model.__doc__:
        lines.append(f"{inspect.cleandoc(model.__doc__)}\n")
    rows = list(_rows(model))
    if rows:
        lines += ["| field | type | default |", "|---|---|---|", *rows, ""]
    return "\n".join(lines)


def _rows(model: type[BaseModel]) -> Iterator[str]:
    stamped = p.ServerMessage.model_fields if issubclass(model, p.ServerMessage) else {}
    properties = model.model_json_schema()["properties"]
    for name, field in model.model_fields.items():
        if name == "type" or name in stamped:
            continue
        shown = field.alias or name
        default = "required" if field.is_required() else f"`{json.dumps(field.default)}`"
        note = f": {field.description}" if field.description else ""
        yield f"| `{shown}` | {_type_name(properties[shown])}{note} | {default} |"


def _type_name(schema: dict[str, Any]) -> str:
    """One property of a JSON Schema in a few words."""
    if "$ref" in schema:
        return f"`{schema['$ref'].rsplit('/', 1)[-1]}`"
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    if "anyOf" in schema:
        return " or ".join(_type_name(option) for option in schema["anyOf"])
    if schema.get("type") == "array":
        items = schema.get("items") or {}
        return f"list of {_type_name(items)}" if items else "list"
    return str(schema.get("type", "any"))


def _error_codes() -> list[str]:
    from backend import errors

    known = [
        error
        for _, error in inspect.getmembers(errors, inspect.isclass)
        if issubclass(error, errors.AvatarChatError)
    ]
    return sorted({error.code for error in known})


if __name__ == "__main__":
    print(markdown(), end="")
