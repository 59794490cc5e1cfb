"""Records in this process: enough for one backend, gone with it."""

from __future__ import annotations

from backend import clock
from backend.session.store.record import SessionRecord

MAX_RECORDS = 10_000
"""Some hundred megabytes of long conversations; above it the oldest go."""


class MemoryStore:
    """Newest last, so that what is over is always at the front."""

    kind = "memory"

    def __init__(self, ttl_s: float) -> None:
        self._ttl_s = ttl_s
        self._records: dict[str, tuple[float, SessionRecord]] = {}

    async def save(self, record: SessionRecord) -> None:
        self._records.pop(record.session_id, None)
        self._records[record.session_id] = (clock.now() + self._ttl_s, record)
        self._forget_the_old()

    async def load(self, session_id: str) -> SessionRecord | None:
        self._forget_the_old()
        _, record = self._records.get(session_id, (0.0, None))
        return record

    async def delete(self, session_id: str) -> None:
        self._records.pop(session_id, None)

    async def check(self) -> None:
        """Always there."""

    async def close(self) -> None:
        self._records.clear()

    def _forget_the_old(self) -> None:
        now = clock.now()
        while self._records:
            session_id, (over_at, _) = next(iter(self._records.items()))
            if over_at > now and len(self._records) <= MAX_RECORDS:
                return
            del self._records[session_id]
