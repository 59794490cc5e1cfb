"""What a reply says, sentence by sentence, and how much of it was heard. No clock, no I/O."""

from __future__ import annotations

from dataclasses import dataclass, field

from backend.handlers.messages import SAMPLE_RATE, Mark, SpokenAudio
from backend.session.heard import heard_part
from backend.session.playout import Playout


@dataclass(slots=True)
class _Line:
    """One sentence: its text as it was written, and what its voice has said about it so far."""

    text: str
    samples: int = 0
    marks: list[Mark] = field(default_factory=list)

    def heard(self, heard_ms: float) -> str:
        return heard_part(self.text, self.marks, heard_ms, self.samples * 1000 / SAMPLE_RATE)


class Script:
    """Grows while the reply is written and spoken."""

    def __init__(self) -> None:
        self._lines: list[_Line] = []

    def add(self, text: str) -> int:
        """One more sentence; its number."""
        self._lines.append(_Line(text))
        return len(self._lines) - 1

    def goes_on_after(self, number: int) -> bool:
        """Whether words are already written that come after this sentence."""
        return any(char.isalnum() for line in self._lines[number + 1 :] for char in line.text)

    def sounded(self, sound: SpokenAudio) -> None:
        """A sentence has this much more sound."""
        line = self._lines[sound.sentence.index]
        line.samples += sound.pcm.size
        line.marks += sound.marks

    def text(self) -> str:
        """All of it."""
        return "".join(line.text for line in self._lines).strip()

    def begun(self, playout: Playout, now: float) -> str:
        """Every sentence that is heard now or was, to its end."""
        return "".join(line.text for line in self._begun(playout, now)).strip()

    def heard(self, playout: Playout, now: float) -> str:
        """Up to the last word that was heard. What has no sound is only read, in its turn."""
        begun = self._begun(playout, now)
        parts = [line.text for line in begun]
        if begun and begun[-1].samples:  # the ones before it are through
            parts[-1] = begun[-1].heard(playout.heard_ms(len(begun) - 1, now))
        return "".join(parts).strip()

    def _begun(self, playout: Playout, now: float) -> list[_Line]:
        return self._lines[: playout.heard_sentences(now)]
