"""What may be kept of a message or an event. Pure.

Words become how many characters they had, sound how long it was. A string is kept only when its
field is known to hold a name and no words, so a field that is added later is safe by default.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import fields
from enum import Enum
from typing import Any, cast

import numpy as np

from backend.handlers.messages import SAMPLE_RATE, Pcm
from backend.protocol import ClientMessage, ServerMessage

NAMES = frozenset(
    (
        *("state", "reason", "event", "action", "code", "level", "component", "from", "to"),
        *("output", "format", "container", "chunking", "mime", "codec", "avatar", "language"),
        *("voice", "emotion", "vad", "asr", "llm", "tts", "provider"),
    )
)
"""Fields whose strings are names that the service, its page or its settings chose."""

NESTED = frozenset(("avatar", "video", "providers", "metrics"))
"""Fields whose inner fields are ours; of any other only the size is kept."""

SECRETS = frozenset(("token", "resume_token"))
BULKY = frozenset(("data", "pcm", "marks"))
"""Never kept as they are: sound comes as `microphone`, mouth shapes are made again."""

STAMPED = frozenset(("type", "session_id", "generation_id"))
"""Said by the line itself."""


def message_facts(message: ClientMessage | ServerMessage, *, with_words: bool) -> dict[str, Any]:
    """A message as facts. Its type and generation stand on the line itself."""
    fields_ = message.model_dump(mode="json", exclude_none=True, by_alias=True)
    return _kept(
        {name: value for name, value in fields_.items() if name not in STAMPED | SECRETS},
        with_words=with_words,
    )


def event_facts(event: object, *, with_words: bool) -> dict[str, Any]:
    """A dataclass (a voice event, a decision) as facts; stamps and unknown objects are left out."""
    values = {field.name: getattr(event, field.name) for field in fields(cast(Any, event))}
    return _kept(values, with_words=with_words)


def snake_name(event: object) -> str:
    """`SpeechPaused` → `speech_paused`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", type(event).__name__).lower()


def encode_pcm(pcm: Pcm) -> str:
    """Samples as base64 of s16le."""
    return base64.b64encode(pcm.astype("<i2", copy=False).tobytes()).decode("ascii")


def sound_ms(pcm: Pcm) -> float:
    return round(pcm.size * 1000 / SAMPLE_RATE, 1)


def _kept(values: Mapping[str, Any], *, with_words: bool) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    for name, value in values.items():
        facts |= _fact(name, value, with_words=with_words)
    return facts


def _fact(name: str, value: Any, *, with_words: bool) -> dict[str, Any]:
    match value:
        case bool() | int():
            return {name: value}
        case float():
            return {name: round(value, 3)}
        case Enum():
            return {name: value.value}
        case str():
            may_keep = name in NAMES or (with_words and name not in BULKY)
            return {name: value} if may_keep else {f"{name}_chars": len(value)}
        case np.ndarray():
            return {f"{name}_ms": sound_ms(value)}
        case Mapping() if name in NESTED:
            return {name: _kept(value, with_words=with_words)}
        case Mapping() | list() | tuple():
            may_keep = with_words and (name not in BULKY or isinstance(value, Mapping))
            return {name: value} if may_keep else {f"{name}_count": len(value)}
    return {}
