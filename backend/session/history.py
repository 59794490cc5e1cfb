"""The conversation as the language model will see it: bounded, and only what was heard."""

from __future__ import annotations

from collections import deque

from backend.handlers.messages import ChatMessage
from backend.protocol import HistoryItem


class History:
    """Keeps the last `turns` user turns and what was answered to them."""

    def __init__(self, turns: int) -> None:
        self._turns = turns
        self._items: deque[HistoryItem] = deque()

    def user(self, text: str) -> None:
        self._items.append(HistoryItem(role="user", text=text))
        while sum(item.role == "user" for item in self._items) > self._turns:
            self._forget_oldest_turn()

    def _forget_oldest_turn(self) -> None:
        self._items.popleft()
        while self._items[0].role != "user":
            self._items.popleft()

    def assistant(self, text: str, *, interrupted: bool = False) -> None:
        if text:
            self._items.append(HistoryItem(role="assistant", text=text, interrupted=interrupted))

    def items(self) -> tuple[HistoryItem, ...]:
        return tuple(self._items)

    def messages(self) -> tuple[ChatMessage, ...]:
        return tuple(ChatMessage(item.role, item.text) for item in self._items)
