"""A client that takes nothing stalls itself and nobody else, and not for ever."""

from __future__ import annotations

import asyncio
import socket as sockets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from statistics import median

import httpx
import psutil
from prometheus_client.parser import text_string_to_metric_families
from websockets.asyncio.client import connect

from bench.service import running_service
from tests.conftest import Serve
from tests.http_client import joined as joined_over_http
from tests.integration.service_status import until, until_sessions
from tests.ws_client import WsClient, joined, returned

LONG = "One two three four five six seven eight nine ten. " * 75  # minutes of sound
MOST_WAITING_BYTES = 4 * 2**20
STALL_S = 2.0
SESSION = {
    "stall_timeout_s": STALL_S,
    "ahead_s": 1000.0,
}  # everything is sent as soon as it is made


async def metric(base: str, name: str) -> float:
    async with httpx.AsyncClient(base_url=f"http://{base}", timeout=20) as http:
        text = (await http.get("/metrics")).text
    families = text_string_to_metric_families(text)
    return next(s.value for f in families for s in f.samples if s.name == name)


@asynccontextmanager
async def reading_nothing(base: str) -> AsyncIterator[WsClient]:
    """A client with small buffers that asks for a long reply and stops to read."""
    host, _, port = base.partition(":")
    raw = sockets.socket()
    raw.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 4096)
    raw.connect((host, int(port)))
    raw.setblocking(False)
    async with connect(f"ws://{base}/ws/new", sock=raw, max_size=None) as socket:
        client = WsClient(socket)
        await client.send("hello", output="audio")
        await client.until("state_update", state="idle")
        await client.send("say", text=LONG)
        socket.transport.pause_reading()
        yield client
        client.drop()


async def test_others_are_answered_as_ever_while_one_reads_nothing(serve: Serve) -> None:
    loop = asyncio.get_running_loop()

    async def answer_s(client: WsClient) -> float:
        asked = loop.time()
        await client.send("text", text="Hello!")
        await client.until("turn_end", reason="completed")
        return loop.time() - asked

    async with (
        serve(session={**SESSION, "stall_timeout_s": 60.0}) as base,
        joined(f"ws://{base}/ws/new", output="text") as other,
    ):
        alone_s = max([await answer_s(other) for _ in range(5)])
        async with reading_nothing(base):
            async with asyncio.timeout(30):
                while not (waiting := await metric(base, "avatar_chat_outbox_bytes")):
                    await answer_s(other)
            beside_s = median([await answer_s(other) for _ in range(20)])
            later = await metric(base, "avatar_chat_outbox_bytes")
        assert beside_s < alone_s + 0.5
        assert 0 < waiting <= MOST_WAITING_BYTES and later <= MOST_WAITING_BYTES


async def test_who_reads_nothing_loses_the_line_in_bounded_time_and_may_come_back(
    serve: Serve,
) -> None:
    async with serve(session=SESSION) as base:
        stalled = await metric(base, "avatar_chat_lines_stalled_total")
        async with reading_nothing(base) as client:
            await until_sessions(base, attached=0, detached=1)
            assert await metric(base, "avatar_chat_lines_stalled_total") == stalled + 1
            await until(base, lambda answer: answer["sessions"]["active"] == 0)
            async with returned(f"ws://{base}", client, output="text") as back:
                assert back.ready["resumed"]
                await back.send("text", text="Hello!")
                await back.until("turn_end", reason="completed")


async def test_its_socket_is_let_go_of_though_it_never_reads_the_goodbye() -> None:
    env = {
        "AVATAR_CHAT_SESSION__STALL_TIMEOUT_S": str(STALL_S),
        "AVATAR_CHAT_SESSION__AHEAD_S": "1000",
    }
    with running_service(env) as service:
        base = f"127.0.0.1:{service.port}"
        process = psutil.Process(service.process.pid)
        async with reading_nothing(base) as client:
            _, port = client.socket.local_address

            def holds_it(_: object) -> bool:
                return any(c.raddr and c.raddr[1] == port for c in process.net_connections("tcp"))

            assert holds_it(None)
            await until(base, lambda status: not holds_it(status))


async def test_who_acknowledges_nothing_loses_the_channel_too(serve: Serve) -> None:
    session = {**SESSION, "poll_timeout_s": 1.0}
    async with serve(session=session) as base, joined_over_http(base, output="audio") as client:
        await client.send("say", text=LONG)
        most = 0
        async with asyncio.timeout(30):
            while True:  # polling all the time, and never saying that anything was received
                answer = await client.socket.http.get(client.socket.address, params={"wait_s": 0.2})
                if answer.status_code == 404:
                    break
                most = max(most, len(answer.content))
        assert 0 < most <= 2 * MOST_WAITING_BYTES
        await until_sessions(base, attached=0, detached=1)
