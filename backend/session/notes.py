"""What the user is looking at and has just done on the page, as words for the prompt."""

from __future__ import annotations

import json
from collections import deque

from backend.protocol import ContextUpdate, UiEvent

MAX_CONTEXT_CHARS = 4000
MAX_EVENTS = 5


class Notes:
    """Keeps the latest view and the last few events of one session."""

    def __init__(self) -> None:
        self._view: ContextUpdate | None = None
        self._events: deque[UiEvent] = deque(maxlen=MAX_EVENTS)

    def looking_at(self, view: ContextUpdate) -> None:
        self._view = view

    def happened(self, event: UiEvent) -> None:
        self._events.append(event)

    def added_to(self, prompt: str) -> str:
        """The prompt, followed by the notes when there are any."""
        parts = [prompt]
        if self._view is not None:
            name = " ".join(
                str(part) for part in (self._view.title, self._view.page) if part is not None
            )
            parts.append(f"The user is looking at: {name}\n{self._view.text[:MAX_CONTEXT_CHARS]}")
        if self._events:
            lines = (f"- {event.name} {_brief(event)}".rstrip() for event in self._events)
            parts.append("The user has just done this on the page:\n" + "\n".join(lines))
        return "\n\n".join(parts)


def _brief(event: UiEvent) -> str:
    return json.dumps(event.data, ensure_ascii=False)[:200] if event.data else ""
