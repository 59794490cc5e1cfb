"""`docs/settings.md`, written from `backend.config`: `python -m backend.settings_docs`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from backend.config import ENV_PREFIX, ROOT, Settings

_INTRO = """\
# Settings

Written by `python -m backend.settings_docs` from `backend/config/`; do not edit.

Strongest first: command-line arguments, the environment, a `.env` file, `avatar-chat.yaml` (or the
file that `AVATAR_CHAT_CONFIG` names), the defaults below. Lists are JSON in the environment:
`AVATAR_CHAT_TTS__CHAIN='["espeak"]'`. A wrong value stops the start and says what is allowed.

```yaml
# avatar-chat.yaml
llm:
  base_url: http://localhost:11434/v1
  model: qwen3:4b-instruct
tts:
  chain: [espeak]
```
"""


def markdown() -> str:
    """The whole page."""
    parts = [_INTRO]
    for name, section in Settings.model_fields.items():
        parts.append(f"## {name}\n")
        parts.append("| environment | default | meaning |\n|---|---|---|")
        parts += _rows(name, section.annotation)
        parts.append("")
    return "\n".join(parts)


def _rows(section: str, model: Any) -> Iterator[str]:
    for name, field in model.model_fields.items():
        env = f"{ENV_PREFIX}{section}__{name}".upper()
        yield f"| `{env}` | {_shown(field.default)} | {field.description}{_allowed(field)} |"


def _allowed(field: Any) -> str:
    limits = [_limit(item) for item in field.metadata]
    options = getattr(field.annotation, "__args__", ())
    if options and all(isinstance(option, str) for option in options):
        limits = [f"one of {', '.join(options)}"]
    return f" ({'; '.join(limits)})" if limits else ""


def _limit(constraint: Any) -> str:
    signs = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<", "min_length": "at least"}
    return next(
        f"{sign} {getattr(constraint, name)}"
        for name, sign in signs.items()
        if hasattr(constraint, name)
    )


def _shown(value: Any) -> str:
    if isinstance(value, Path):
        value = value.relative_to(ROOT) if value.is_relative_to(ROOT) else value
    if isinstance(value, SecretStr):  # what stands in the program is no secret
        value = value.get_secret_value()
    if value is None or value == "":
        return "none"
    return f"`{list(value) if isinstance(value, tuple) else value}`"


if __name__ == "__main__":
    print(markdown(), end="")
