"""Conversations in a real Redis: another backend goes on, and an outage hurts nobody."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from bench.service import Running, running_service
from tests.conftest import Serve
from tests.integration.service_status import status, until
from tests.redis_server import RedisServer, redis_server
from tests.ws_client import WsClient, joined, returned


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisServer]:
    with redis_server(tmp_path) as server:
        yield server


def kept(redis: RedisServer, client: WsClient) -> list[str]:
    """What the user said, as Redis has it."""
    with redis.client as direct:
        value = direct.get(f"avatar-chat:session:{client.ready['session_id']}")
    history = json.loads(value)["history"] if value else []
    return [item["text"] for item in history if item["role"] == "user"]


def http_of(base: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=f"http://{base}", timeout=20)


async def tell(client: WsClient, text: str) -> None:
    await client.send("text", text=text)
    await client.until("turn_end", reason="completed")


async def saved(service: Running) -> None:
    await until(f"127.0.0.1:{service.port}", lambda answer: answer["store"]["waiting"] == 0)


async def test_another_backend_goes_on_when_one_is_killed(redis: RedisServer) -> None:
    env = {"AVATAR_CHAT_STORE__KIND": "redis", "AVATAR_CHAT_STORE__REDIS_URL": redis.url}

    def address(service: Running) -> str:
        return f"ws://127.0.0.1:{service.port}"

    with running_service(env) as first, running_service(env) as second:
        async with joined(first.ws_url, output="text", language="en") as client:
            await tell(client, "My name is Ada.")
            await saved(first)
            async with returned(address(second), client, output="text") as moved:
                assert moved.ready["resumed"] and len(moved.ready["history"]) == 2
                await tell(moved, "What is 12 times 7?")
                await saved(second)
            # The first backend still holds the session as it was before; the newer one counts.
            async with returned(address(first), moved, output="text") as back:
                assert back.ready["resumed"] and len(back.ready["history"]) == 4
                await tell(back, "Hello!")
                await saved(first)
                first.process.kill()
                first.process.wait(10)
        async with returned(address(second), back, output="text") as heir:
            assert heir.ready["resumed"]
            said = [item["text"] for item in heir.ready["history"] if item["role"] == "user"]
            assert said == ["My name is Ada.", "What is 12 times 7?", "Hello!"]
            await tell(heir, "What is my name?")
            assert "Ada" in heir.of("sentence")[-1]["text"]


@pytest.mark.parametrize(
    ("fails", "recovers"), [("kill", "start"), ("fill_up", "make_room"), ("freeze", "thaw")]
)
async def test_an_outage_is_shown_and_outlived_and_nothing_is_lost(
    serve: Serve, redis: RedisServer, fails: str, recovers: str
) -> None:
    store = {"kind": "redis", "redis_url": redis.url, "timeout_s": 0.2}
    async with serve(store=store) as base:
        url = f"ws://{base}/ws"
        async with joined(f"{url}/new", output="text") as client, http_of(base) as http:
            await tell(client, "My name is Ada.")
            await until(base, lambda answer: answer["store"]["waiting"] == 0)
            assert kept(redis, client) == ["My name is Ada."]

            await asyncio.to_thread(getattr(redis, fails))
            await tell(client, "Hello!")
            await until(base, lambda answer: answer["store"]["failure"])
            ready = await http.get("/readyz")
            assert ready.status_code == 200 and ready.json()["warnings"]["store"]
            assert (await status(base))["store"]["waiting"] == 1
            async with joined(f"{url}/mine", output="text", resume_token="old") as other:
                await tell(other, "Who are you?")
            assert not client.of("error")

            await asyncio.to_thread(getattr(redis, recovers))
            await until(base, lambda a: not (a["store"]["failure"] or a["store"]["waiting"]))
            assert kept(redis, client) == ["My name is Ada.", "Hello!"]
            assert "warnings" not in (await http.get("/readyz")).json()


async def test_a_redis_that_was_never_there_keeps_nobody_from_talking(serve: Serve) -> None:
    store = {"kind": "redis", "redis_url": "redis://127.0.0.1:1/0"}
    async with serve(store=store) as base, joined(f"ws://{base}/ws/new", output="text") as client:
        await tell(client, "My name is Ada.")
        await until(base, lambda answer: answer["store"]["failure"])
        client.drop()
        async with returned(f"ws://{base}", client, output="text") as back:
            assert back.ready["resumed"] and len(back.ready["history"]) == 2
