"""SIGTERM: nobody new, every reply heard to its end, and the client goes on at another backend."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from bench.service import Running, running_service
from tests.redis_server import redis_server
from tests.ws_client import WsClient, joined, returned

LONG = "One two three four five six seven eight nine ten. "


async def sent_on(client: WsClient) -> int:
    """Read to the end of the line; its close code."""
    try:
        while True:
            await client.next()
    except ConnectionClosed as closed:
        assert closed.rcvd is not None
        return closed.rcvd.code


def terminate(service: Running) -> None:
    service.process.send_signal(signal.SIGTERM)


async def exit_code(service: Running) -> int:
    return await asyncio.to_thread(service.process.wait, 20)


async def test_replies_are_heard_out_and_clients_go_on_elsewhere(tmp_path: Path) -> None:
    with redis_server(tmp_path) as redis:
        env = {"AVATAR_CHAT_STORE__KIND": "redis", "AVATAR_CHAT_STORE__REDIS_URL": redis.url}
        with running_service(env) as leaving, running_service(env) as other:
            async with (
                joined(leaving.ws_url) as waits,
                joined(leaving.ws_url, reports=False) as talks,
            ):
                await talks.send("text", text="My name is Ada.")
                await talks.until("turn_end", reason="completed")
                await talks.send("say", text=LONG * 3)
                await talks.until("video_chunk_meta")
                terminate(leaving)
                assert await sent_on(waits) == 1012
                await refuses_newcomers(leaving)
                assert await sent_on(talks) == 1012
                assert talks.of("turn_end")[-1]["reason"] == "completed"
                assert talks.media[-1][0]["is_last"]
            assert await exit_code(leaving) == 0
            address = f"ws://127.0.0.1:{other.port}"
            async with returned(address, waits) as quiet, returned(address, talks) as back:
                assert quiet.ready["resumed"] and "history" not in quiet.ready
                heard = back.ready["history"][-1]
                assert heard["text"] == (LONG * 3).strip() and not heard["interrupted"]
                await back.send("text", text="What is my name?")
                await back.until("turn_end", reason="completed")
                assert "Ada" in back.of("sentence")[-1]["text"]


async def refuses_newcomers(service: Running) -> None:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{service.port}") as http:
        ready = await http.get("/readyz")
        assert (ready.status_code, ready.json()["pending"]) == (503, {"service": "leaving"})
        assert (await http.get("/health")).status_code == 200
        assert (await http.post("/api/channel", json={})).status_code == 503
        assert (await http.post("/api/session/create")).status_code == 503
        for method in ("GET", "POST", "DELETE"):  # it may be open at another backend
            elsewhere = await http.request(method, "/api/channel/unknown")
            assert elsewhere.status_code == 503 and elsewhere.json()["error"]
    with pytest.raises(InvalidStatus) as refused:
        async with connect(service.ws_url):
            pass
    assert refused.value.response.status_code == 503


async def test_who_does_not_come_to_an_end_is_sent_on_all_the_same() -> None:
    with running_service({"AVATAR_CHAT_SESSION__LEAVE_S": "1"}) as service:
        async with joined(service.ws_url, reports=False) as client:
            await client.send("say", text=LONG * 20)
            await client.until("video_chunk_meta")
            terminate(service)
            assert await sent_on(client) == 1012
        assert await exit_code(service) == 0


async def test_a_second_signal_ends_it_at_once() -> None:
    with running_service({"AVATAR_CHAT_SESSION__LEAVE_S": "600"}) as service:
        async with joined(service.ws_url, reports=False) as client:
            await client.send("say", text=LONG * 20)
            await client.until("video_chunk_meta")
            terminate(service)
            with pytest.raises(InvalidStatus):
                async with asyncio.timeout(30):
                    while True:  # until the first signal has been taken
                        async with connect(service.ws_url):
                            pass
            terminate(service)
            await sent_on(client)
        assert await exit_code(service) == -signal.SIGTERM
