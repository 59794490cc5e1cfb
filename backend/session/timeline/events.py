"""What a timeline file holds: one header line, then one line per event. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ConfigDict

from backend.config import Settings
from backend.protocol import Providers

VERSION = 1

KEPT_SETTINGS: dict[str, set[str]] = {
    "session": {"queue_size", "ahead_s", "report_wait_s", "grace_s"},
    "end_of_turn": {"speculate_ms", "floor_ms", "default_ms", "ceiling_ms", "partial_interval_ms"},
    "barge_in": {"enabled", "pause_ms", "confirm_ms", "verdict_ms", "guard_ms"},
    "vad": {"on_threshold", "off_threshold", "open_ms", "pre_roll_ms"},
    "asr": {"chain", "model", "language"},
    "llm": {"chain", "model"},
    "tts": {"chain"},
}
"""The options that explain what a timeline shows. None of them is a secret or holds words."""

MARKS = (
    *("first_partial", "final", "first_token", "first_sentence"),
    *("first_audio", "first_chunk", "first_frame"),
)
"""Of a reply, in the order in which it comes to them. The last, `total`, is drawn nowhere."""


class Header(BaseModel):
    """The first line."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: int = VERSION
    session_id: str
    started_at: str
    """Wall clock, ISO 8601, UTC. Everything after it is in seconds since then."""
    avatar: str = ""
    providers: Providers | None = None
    """What really ran; missing when the session never got as far as its greeting."""
    settings: dict[str, dict[str, Any]] = {}


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened `t` seconds after the session began.

    `facts` hold JSON values only: numbers, names and sizes, and words where they may be kept.
    """

    t: float
    event: str
    generation: int | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)

    def line(self) -> dict[str, Any]:
        """One line of a file, to be written as JSON."""
        line: dict[str, Any] = {"t": round(self.t, 3), "event": self.event}
        if self.generation is not None:
            line["generation"] = self.generation
        if self.facts:
            line["facts"] = dict(self.facts)
        return line


def kept_settings(settings: Settings) -> dict[str, dict[str, Any]]:
    """The part of the settings that goes into the header."""
    return settings.model_dump(mode="json", include=KEPT_SETTINGS)
