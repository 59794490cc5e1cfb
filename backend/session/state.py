"""What a session is doing, as a pure value: the state on the wire follows from two facts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

from backend.protocol import State


class Phase(Enum):
    """Where the current reply is."""

    NONE = "none"
    THINKING = "thinking"
    SPEAKING = "speaking"


@dataclass(frozen=True, slots=True)
class Conversation:
    """`listening` is the microphone; `phase` is the reply. A reply outranks the microphone."""

    listening: bool = False
    phase: Phase = Phase.NONE

    @property
    def state(self) -> State:
        if self.phase is Phase.SPEAKING:
            return "speaking"
        if self.phase is Phase.THINKING:
            return "thinking"
        return "listening" if self.listening else "idle"

    def listen(self, on: bool) -> Conversation:
        return replace(self, listening=on)

    def reply(self, phase: Phase) -> Conversation:
        return replace(self, phase=phase)
