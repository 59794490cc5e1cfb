"""Records in this process: enough for one backend, gone with it."""

from __future__ import annotations

from backend import clock
from backend.session.store.record import SessionRecord

MAX_RECORDS = 10_000
"""Some hundred megabytes of long conversations; above it the oldest go."""


class MemoryStore:
    """Newest last, so that what is over is always at the front.

    A record is kept as its JSON: one block, where its objects would be hundreds among others that
    come and go, and hold the memory of those when they are gone.
    """

    kind = "memory"

    def __init__(self, ttl_s: float) -> None:
        self._ttl_s = ttl_s
        self._records: dict[str, tuple[float, str]] = {}

    async def save(self, record: SessionRecord) -> None:
        self._records.pop(record.session_id, None)
        over_at = clock.now() + self._ttl_s
        self._records[record.session_id] = (over_at, record.model_dump_json())
        self._forget_the_old()

    async def load(self, session_id: str) -> SessionRecord | None:
        self._forget_the_old()
        kept = self._records.get(session_id)
        return SessionRecord.model_validate_json(kept[1]) if kept else None

    async def delete(self, session_id: str) -> None:
        self._records.pop(session_id, None)

    async def check(self) -> None:
        """Always there. Asked at a pace, also when nobody comes for days after the last visitor."""
        self._forget_the_old()

    async def close(self) -> None:
        self._records.clear()

    def _forget_the_old(self) -> None:
        now = clock.now()
        while self._records:
            session_id, (over_at, _) = next(iter(self._records.items()))
            if over_at > now and len(self._records) <= MAX_RECORDS:
                return
            del self._records[session_id]
