"""The conversation as the language model will see it: bounded, and only what was heard."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from backend.handlers.messages import ChatMessage
from backend.protocol import HistoryItem


@dataclass(slots=True)
class Entry:
    """One line. Its text may still be corrected, and an empty one counts for nothing."""

    role: Literal["user", "assistant"]
    text: str
    interrupted: bool = False


class History:
    """Keeps the last `turns` user turns and what was answered to them.

    What the avatar said unasked counts too: never more than two lines for each of `turns`.
    """

    def __init__(self, turns: int) -> None:
        self._turns = turns
        self._entries: deque[Entry] = deque()

    def user(self, text: str) -> None:
        self._entries.append(Entry("user", text))
        while sum(entry.role == "user" for entry in self._entries) > self._turns:
            self._forget_oldest_turn()

    def _forget_oldest_turn(self) -> None:
        self._entries.popleft()
        while self._entries[0].role != "user":
            self._entries.popleft()

    def assistant(self, text: str, *, interrupted: bool = False) -> Entry:
        """What was said; the entry is the place to correct it when the client knows better."""
        entry = Entry("assistant", text, interrupted)
        self._entries.append(entry)
        if len(self._entries) > 2 * self._turns:
            self._entries.popleft()
        return entry

    def items(self) -> tuple[HistoryItem, ...]:
        return tuple(
            HistoryItem(role=entry.role, text=entry.text, interrupted=entry.interrupted)
            for entry in self._entries
            if entry.text
        )

    def restore(self, items: Iterable[HistoryItem]) -> None:
        """Begin with what was said in an earlier life of this conversation."""
        self._entries.clear()
        for item in items:
            self._entries.append(Entry(item.role, item.text, item.interrupted))

    @property
    def unanswered(self) -> str | None:
        """The last line that counts, if it is the user's."""
        items = self.items()
        return items[-1].text if items and items[-1].role == "user" else None

    @property
    def awaits_answer(self) -> bool:
        return self.unanswered is not None

    def messages(self) -> tuple[ChatMessage, ...]:
        return tuple(ChatMessage(item.role, item.text) for item in self.items())
