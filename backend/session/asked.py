"""Which typed turns were taken, by the ids that their client gave them. Pure.

A client whose line ends before it has heard a word of the answer sends its turn again over the next
line, under the same id. So nothing is lost, and nothing is asked twice.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

MOST_KEPT = 16


class Asked:
    """The last ids, oldest first."""

    def __init__(self, ids: Iterable[str] = ()) -> None:
        self._ids = deque(ids, maxlen=MOST_KEPT)

    def __contains__(self, message_id: str | None) -> bool:
        return message_id in self._ids

    def add(self, message_id: str | None) -> None:
        """A turn was taken; one without an id, and one that comes again, leaves no trace."""
        if message_id is not None and message_id not in self._ids:
            self._ids.append(message_id)

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(self._ids)

    @property
    def last(self) -> str | None:
        return self._ids[-1] if self._ids else None
