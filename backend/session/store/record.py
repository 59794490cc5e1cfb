"""What is kept of a conversation, so that it can go on over another line or on another backend.

The whole record is one value, written anew after every turn and every change of configuration.
What is not here is lost with the process: sound on its way, a reply that was being made.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from backend.handlers.base import Options
from backend.protocol import HistoryItem, Output


class SessionRecord(BaseModel):
    """One conversation at rest. `generation` is the last that was used, so that ids only grow.

    `version` is raised when the shape changes; a record of another version does not validate.
    """

    model_config = ConfigDict(frozen=True)

    version: Literal[1] = 1
    session_id: str
    resume_token: str
    generation: int
    output: Output
    options: Options
    history: tuple[HistoryItem, ...]
    asked: tuple[str, ...] = ()
    is_spoken: bool = False
