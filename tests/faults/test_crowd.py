"""A thousand people at the door in one instant: each is let in or told why not, and who talks goes
on talking."""

from __future__ import annotations

import asyncio
import json
import resource
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from bench.service import running_service
from tests.integration.service_status import until_sessions
from tests.ws_client import joined

CROWD = 1000
USUAL = 1024
_, HARD = resource.getrlimit(resource.RLIMIT_NOFILE)
PLACES = 4
LONG = "One two three four five six seven eight nine ten. " * 6


@contextmanager
def few_descriptors() -> Iterator[None]:
    """What is started now begins with what many systems give a process."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (USUAL, HARD))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


async def comes(url: str, everybody_is_here: asyncio.Barrier) -> str:
    """What a visitor is told first."""
    async with connect(url, open_timeout=60, close_timeout=30) as socket:
        with suppress(ConnectionClosed):  # who is refused may be told before it says anything
            await socket.send(json.dumps({"type": "hello", "output": "text"}))
        first = json.loads(await asyncio.wait_for(socket.recv(), 60))
        assert first["type"] == "session_ready" or not first["recoverable"]
        await everybody_is_here.wait()  # nobody makes room for the next one
        return str(first.get("code", first["type"]))


async def test_each_is_served_or_told_why_not() -> None:
    env = {"AVATAR_CHAT_SESSION__LIMIT": str(PLACES)}
    with few_descriptors(), running_service(env) as service:
        resource.setrlimit(resource.RLIMIT_NOFILE, (2 * CROWD, HARD))  # of the visitors
        async with joined(service.ws_url, output="audio") as talks:
            await talks.send("say", text=LONG)
            await talks.until("tts_audio_chunk")
            barrier = asyncio.Barrier(CROWD)
            crowd = asyncio.gather(*(comes(service.ws_url, barrier) for _ in range(CROWD)))
            await talks.until("turn_end", timeout_s=60, reason="completed")
            told = Counter(await crowd)
            assert told == {
                "session_ready": PLACES - 1,
                "session_limit_reached": CROWD - PLACES + 1,
            }
            await talks.send("text", text="Are you still there?")
            await talks.until("turn_end", reason="completed")
            assert not talks.of("error") and talks.media[-1][0]["is_last"]
        await until_sessions(f"127.0.0.1:{service.port}", attached=0)
