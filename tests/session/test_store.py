"""Both places for records, and the keeper that spares the conversation their failures."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from backend import clock
from backend.config import StoreSettings
from backend.errors import StoreError
from backend.handlers.base import Options
from backend.protocol import HistoryItem, VideoFormat
from backend.session.store import keeper as keeper_module
from backend.session.store import memory
from backend.session.store.base import SessionStore
from backend.session.store.keeper import RecordKeeper
from backend.session.store.memory import MemoryStore
from backend.session.store.record import SessionRecord
from backend.session.store.redis import RedisStore
from tests.redis_server import RedisServer, redis_server


def record(session_id: str = "a", generation: int = 1, token: str = "t") -> SessionRecord:
    return SessionRecord(
        session_id=session_id,
        resume_token=token,
        generation=generation,
        output="audio",
        options=Options(avatar="nora", video=VideoFormat(container="fmp4")),
        history=(HistoryItem(role="user", text="你好"),),
    )


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisServer]:
    with redis_server(tmp_path) as server:
        yield server


def in_redis(redis: RedisServer, **changed: float) -> RedisStore:
    return RedisStore(StoreSettings(kind="redis", redis_url=redis.url, timeout_s=0.2, **changed))


@pytest.fixture(params=["memory", "redis"])
async def store(request: pytest.FixtureRequest) -> AsyncIterator[SessionStore]:
    if request.param == "memory":
        yield MemoryStore(ttl_s=0.3)
        return
    store = in_redis(request.getfixturevalue("redis"), ttl_s=0.3)
    yield store
    await store.close()


# ---------------------------------------------------------------- the stores


async def test_what_was_saved_comes_back_whole(store: SessionStore) -> None:
    await store.save(record(generation=1))
    await store.save(record(generation=2))
    assert await store.load("a") == record(generation=2)
    assert await store.load("b") is None
    await store.delete("a")
    await store.delete("a")
    assert await store.load("a") is None
    await store.check()


async def test_what_nobody_asks_for_is_forgotten(store: SessionStore) -> None:
    await store.save(record())
    await asyncio.sleep(0.2)
    await store.save(record("b"))
    await asyncio.sleep(0.2)
    assert await store.load("a") is None and await store.load("b") is not None


async def test_memory_forgets_though_nobody_comes_any_more() -> None:
    store = MemoryStore(ttl_s=0.05)
    await store.save(record())
    await asyncio.sleep(0.06)
    await store.check()
    assert not store._records


async def test_memory_is_bounded_and_the_oldest_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "MAX_RECORDS", 2)
    store = MemoryStore(ttl_s=60)
    for name in ("a", "b", "a", "c"):
        await store.save(record(name))
    assert await store.load("b") is None
    assert await store.load("a") and await store.load("c")


async def test_an_older_record_of_the_same_conversation_does_not_replace_a_newer(
    redis: RedisServer,
) -> None:
    here, elsewhere = in_redis(redis), in_redis(redis)
    await elsewhere.save(record(generation=7))
    await here.save(record(generation=3))
    assert (await here.load("a")).generation == 7
    await here.save(record(generation=0, token="of another conversation"))
    assert (await elsewhere.load("a")).generation == 0
    await here.close()
    await elsewhere.close()


async def test_what_cannot_be_read_is_as_good_as_nothing_and_is_replaced(
    redis: RedisServer,
) -> None:
    store = in_redis(redis)
    for broken in ("not json", '{"version": 99}'):
        with redis.client as client:
            client.set("avatar-chat:session:a", broken)
        assert await store.load("a") is None
        await store.save(record())
        assert await store.load("a") == record()
    await store.close()


async def test_a_redis_that_is_gone_hangs_or_is_full_says_so_in_bounded_time(
    redis: RedisServer,
) -> None:
    store = in_redis(redis)
    await store.save(record())
    redis.fill_up()
    with pytest.raises(StoreError, match="maxmemory"):
        await store.save(record(generation=2))
    assert await store.load("a") == record()
    redis.freeze()
    started = clock.now()
    with pytest.raises(StoreError, match="did not answer"):
        await store.load("a")
    assert clock.now() - started < 1
    redis.thaw()
    redis.kill()
    with pytest.raises(StoreError, match="Redis: "):
        await store.load("a")
    redis.start()
    assert await store.load("a") is None  # it came back empty, over a new connection
    await store.close()


# ---------------------------------------------------------------- the keeper


class Moody(MemoryStore):
    """A store that remembers every call and fails while it is told to; `gate` holds saves back."""

    def __init__(self) -> None:
        super().__init__(ttl_s=60)
        self.calls: list[str] = []
        self.called = asyncio.Event()
        self.failure = ""
        self.gate = asyncio.Event()
        self.gate.set()

    def _note(self, call: str) -> None:
        self.calls.append(call)
        self.called.set()
        if self.failure:
            raise StoreError(self.failure)

    async def save(self, record: SessionRecord) -> None:
        await self.gate.wait()
        self._note(f"save {record.session_id} {record.generation}")
        await super().save(record)

    async def load(self, session_id: str) -> SessionRecord | None:
        self._note(f"load {session_id}")
        return await super().load(session_id)

    async def delete(self, session_id: str) -> None:
        self._note(f"delete {session_id}")
        await super().delete(session_id)

    async def check(self) -> None:
        self._note("check")


@pytest.fixture
async def moody(monkeypatch: pytest.MonkeyPatch) -> Moody:
    monkeypatch.setattr(keeper_module, "COOLDOWN_S", 0.02)
    monkeypatch.setattr(keeper_module, "CHECK_INTERVAL_S", 0.05)
    return Moody()


@pytest.fixture
async def keeper(moody: Moody) -> AsyncIterator[RecordKeeper]:
    keeper = RecordKeeper(moody)
    running = asyncio.create_task(keeper.run())
    await settle()
    moody.calls.clear()
    yield keeper
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def until(moody: Moody, is_so: Callable[[], object]) -> None:
    """Each call of the store may change it."""
    async with asyncio.timeout(5):
        while not is_so():
            moody.called.clear()
            await moody.called.wait()
            await settle()


async def test_only_the_newest_of_each_session_is_written_in_order(
    moody: Moody, keeper: RecordKeeper
) -> None:
    moody.gate.clear()
    keeper.save(record("a", 1))
    await settle()  # this one is being written
    for generation in (2, 3):
        keeper.save(record("a", generation))
        keeper.save(record("b", generation))
    keeper.forget("b")
    assert (await keeper.load("a")).generation == 3 and await keeper.load("b") is None
    moody.gate.set()
    await settle()
    assert moody.calls == ["save a 1", "save a 3", "delete b"]
    assert keeper.health().waiting == 0


async def test_a_failing_store_is_left_alone_and_gets_everything_when_it_is_back(
    moody: Moody, keeper: RecordKeeper
) -> None:
    moody.failure = "It is away."
    keeper.save(record("a", 1))
    await settle()
    assert keeper.health().failure == "It is away." and keeper.health().waiting == 1
    keeper.save(record("a", 2))
    await settle()
    moody.calls.clear()
    for generation in range(3, 50):
        keeper.save(record("a", generation))
        await settle()
    assert not moody.calls, "it was asked while it rested"
    assert (await keeper.load("a")).generation == 49  # what was not saved is known all the same
    assert await keeper.load("b") is None
    moody.failure = ""
    await until(moody, lambda: not keeper.health().waiting)
    assert moody.calls[-1] == "save a 49" and not keeper.health().failure


async def test_after_an_outage_everybody_is_saved_at_once(moody: Moody) -> None:
    keeper = RecordKeeper(moody)
    moody.failure = "It is away."
    for name in ("a", "b", "c"):
        keeper.save(record(name))
    for _ in range(keeper_module.FAILURES):
        await keeper.settle()
    await asyncio.sleep(2 * keeper_module.COOLDOWN_S)
    moody.failure = ""
    await keeper.settle()
    assert not keeper.health().waiting and not keeper.health().failure
    assert await keeper.load("c") is not None


async def test_a_store_that_only_reads_has_failed(moody: Moody) -> None:
    keeper = RecordKeeper(moody)
    moody.failure = "It is full."
    keeper.save(record("a"))
    await keeper.settle()
    moody.failure = ""
    await keeper.load("b")
    assert keeper.health().failure == "It is full."


async def test_an_outage_and_its_end_are_noticed_while_nothing_is_saved(
    moody: Moody, keeper: RecordKeeper
) -> None:
    moody.failure = "It is away."
    await until(moody, lambda: keeper.health().failure)
    moody.failure = ""
    await until(moody, lambda: not keeper.health().failure)
    assert set(moody.calls) == {"check"}


async def test_an_endless_outage_fills_no_memory(
    moody: Moody, keeper: RecordKeeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper_module, "MAX_WAITING", 3)
    moody.failure = "It is away."
    for number in range(10):
        keeper.save(record(f"s{number}"))
    assert keeper.health().waiting == 3
    assert await keeper.load("s9") is not None and await keeper.load("s0") is None


async def test_a_stopping_service_saves_what_waits_or_goes_without(moody: Moody) -> None:
    keeper = RecordKeeper(moody)
    keeper.save(record())
    await keeper.close()
    assert moody.calls == ["save a 1"]
    moody.failure = "It is away."
    keeper.save(record())
    await keeper.close()
    assert keeper.health().waiting == 1
