"""What every place for records offers. Each call is bounded in time by the store itself."""

from __future__ import annotations

from typing import Protocol

from backend.session.store.record import SessionRecord


class SessionStore(Protocol):
    """Keeps records by session id until their time is over.

    Every method raises `StoreError` when the store does not answer, or answers with a refusal.
    """

    kind: str

    async def save(self, record: SessionRecord) -> None: ...

    async def load(self, session_id: str) -> SessionRecord | None: ...

    async def delete(self, session_id: str) -> None: ...

    async def check(self) -> None:
        """Is it there?"""

    async def close(self) -> None: ...
