"""`docs/protocol.md`, written from `protocol.py` and the prose beside this file:
`python -m backend.protocol_docs`."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator
from pathlib import Path
from string import Template
from typing import Any, get_args

from pydantic import BaseModel

from backend import protocol as p

_PROSE = Path(__file__).with_suffix(".md")
"""What no model can say; `$name` stands for what is filled in."""


def markdown() -> str:
    """The whole page."""
    codes = ", ".join(f"`{code}`" for code in _error_codes())
    prose = Template(_PROSE.read_text())
    filled = {"version": p.PROTOCOL_VERSION, "rate": p.MIC_SAMPLE_RATE, "codes": codes}
    parts = [prose.substitute(filled)]
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
