"""Records in Redis: any backend that shares it can go on with a conversation."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from pydantic import ValidationError
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from backend.config import StoreSettings
from backend.errors import StoreError
from backend.session.store.record import SessionRecord

_SAVE = """
local found = redis.call('GET', KEYS[1])
if found then
  local ok, kept = pcall(cjson.decode, found)
  if ok and kept.resume_token == ARGV[3] and kept.generation > tonumber(ARGV[4]) then return 0 end
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
"""
"""A backend whose client went on elsewhere does not put its older record over the newer one."""

log = structlog.get_logger()


class RedisStore:
    """One key per conversation, its value the record's JSON; Redis itself forgets the old."""

    kind = "redis"

    def __init__(self, settings: StoreSettings) -> None:
        self._settings = settings
        self._redis = Redis.from_url(
            settings.redis_url.get_secret_value(),
            socket_timeout=settings.timeout_s,
            socket_connect_timeout=settings.timeout_s,
            retry=Retry(NoBackoff(), 1),  # a connection of before a restart costs one try
        )
        self._save = self._redis.register_script(_SAVE)

    async def save(self, record: SessionRecord) -> None:
        async with self._bounded():
            await self._save(
                keys=[self._key(record.session_id)],
                args=[
                    record.model_dump_json(),
                    round(self._settings.ttl_s * 1000),
                    record.resume_token,
                    record.generation,
                ],
            )

    async def load(self, session_id: str) -> SessionRecord | None:
        async with self._bounded():
            found = await self._redis.get(self._key(session_id))
        if found is None:
            return None
        try:
            return SessionRecord.model_validate_json(found)
        except ValidationError as error:
            log.warning("store.unreadable_record", fields=error.error_count())
            return None

    async def delete(self, session_id: str) -> None:
        async with self._bounded():
            await self._redis.delete(self._key(session_id))

    async def check(self) -> None:
        async with self._bounded():
            await self._redis.ping()

    async def close(self) -> None:
        async with self._bounded():
            await self._redis.aclose()

    def _key(self, session_id: str) -> str:
        return self._settings.key_prefix + session_id

    @asynccontextmanager
    async def _bounded(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self._settings.timeout_s):
                yield
        except TimeoutError:
            raise StoreError(f"Redis did not answer in {self._settings.timeout_s} s.") from None
        except (RedisError, OSError) as error:
            raise StoreError(f"Redis: {error}") from error
