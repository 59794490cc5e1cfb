"""What is kept of a conversation, so that it can go on over another line or on another backend.

The whole record is one value, written anew after every turn and every change of configuration.
What is not here is lost with the process: sound on its way, a reply that was being made.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from backend.handlers.base import Options
from backend.protocol import HistoryItem, Output

RECORD_VERSION = 1
"""Raised when the shape changes; a record of another version is as good as none."""


class SessionRecord(BaseModel):
    """One conversation at rest. `generation` is the last that was used, so that ids only grow."""

    model_config = ConfigDict(frozen=True)

    version: int = RECORD_VERSION
    session_id: str
    resume_token: str
    generation: int
    output: Output
    options: Options
    history: tuple[HistoryItem, ...]
