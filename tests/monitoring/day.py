"""A day of a real service in a minute: visitors type, speak, interrupt, drop, are refused, and a
provider fails. What it showed on `/metrics` meanwhile, and a Prometheus that watched."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families
from websockets.asyncio.client import connect

from bench.service import Running, running_service
from tests.fakes.openai import FakeOpenAi, fake_openai
from tests.integration.test_listening import STORY, microphone, quiet, say, speak
from tests.monitoring.prometheus_server import Prometheus, prometheus_of
from tests.ws_client import WsClient, joined, returned

LIMIT = 2
READY_S = 200
LOOK_EVERY_S = 0.2
CLEAR = "Good morning! Bob and Pamela wait for you at the door. Please come in."
"""Lips and sound of it are easily compared."""
STREAM = {"container": "fmp4", "chunking": "progressive"}
SETTLED_S = 8
"""Until every gauge has been looked at, scraped twice, and the rules have seen it."""


@dataclass
class Day:
    """looks: `/metrics` again and again, from before the first visitor to the end."""

    prometheus: Prometheus | None
    looks: list[dict[str, Metric]] = field(default_factory=list)
    began: float = field(default_factory=time.time)

    @property
    def lasted_s(self) -> float:
        return time.time() - self.began


def live_through(folder: Path) -> Iterator[Day]:
    """The day; service and Prometheus still run while it is looked at."""
    with ExitStack() as stack:
        yield asyncio.run(_day(folder, stack))


async def _day(folder: Path, stack: ExitStack) -> Day:
    async with fake_openai() as model:
        service = stack.enter_context(running_service(_settings(model, folder), READY_S))
        prometheus = stack.enter_context(prometheus_of(f"127.0.0.1:{service.port}", folder))
        day = Day(prometheus)
        async with asyncio.TaskGroup() as group:
            looking = group.create_task(_look(day, service))
            await _before_the_first(day)
            await _visitors(service, model)
            await asyncio.sleep(SETTLED_S)
            looking.cancel()
    return day


async def _before_the_first(day: Day) -> None:
    """Visitor, until all who look have seen how it is without any."""
    async with asyncio.timeout(60):
        while True:
            if day.looks and _was_scraped(day.prometheus):
                return
            await asyncio.sleep(LOOK_EVERY_S)


def _was_scraped(prometheus: Prometheus | None) -> bool:
    return prometheus is None or bool(prometheus.now("count_over_time(avatar_chat_ready[1m]) > 1"))


def _settings(model: FakeOpenAi, folder: Path) -> dict[str, str]:
    return {
        "AVATAR_CHAT_LLM__CHAIN": json.dumps(["openai", "builtin"]),
        "AVATAR_CHAT_LLM__BASE_URL": model.base_url,
        "AVATAR_CHAT_LLM__PRICE_IN": "1",
        "AVATAR_CHAT_LLM__PRICE_OUT": "2",
        "AVATAR_CHAT_BREAKER__FAILURES": "1",
        "AVATAR_CHAT_SESSION__LIMIT": str(LIMIT),
        "AVATAR_CHAT_SESSION__GRACE_S": "1",
        "AVATAR_CHAT_TIMELINE__DIR": str(folder / "timelines"),
    }


async def _look(day: Day, service: Running) -> None:
    base = f"http://127.0.0.1:{service.port}"
    async with httpx.AsyncClient(base_url=base, timeout=60) as http:
        while True:
            text = (await http.get("/metrics")).text
            day.looks.append({one.name: one for one in text_string_to_metric_families(text)})
            await asyncio.sleep(LOOK_EVERY_S)


async def _visitors(service: Running, model: FakeOpenAi) -> None:
    async with joined(service.ws_url, reports=False, video=STREAM) as first:
        await first.send("say", text=CLEAR)
        await first.until("turn_end", reason="completed")
        await first.send("text", text="Hello there.")
        await _shown(first)
        await first.until("turn_end", reason="completed")
        async with microphone(first, echo_cancellation=True):
            await _interrupts_by_voice(first)
            await _second_visitor(service)
            model.mode = "500"
            await speak(first, say("Hello, how are you today?"), quiet(1), paced=True)
            await first.until("asr_final")
            await _shown(first)
            await first.until("turn_end", reason="completed")
        await first.send("text", text="")
        await first.until("error", code="bad_message")
        await asyncio.sleep(SETTLED_S)


async def _shown(client: WsClient) -> None:
    """The first chunk is on the screen, and then playback runs dry."""
    meta = await client.until("video_chunk_meta")
    chunk = {name: meta[name] for name in ("generation_id", "chunk_seq")}
    await client.send("playback", **chunk, event="started")
    await client.send("playback", **chunk, event="underrun", position_ms=100)


async def _interrupts_by_voice(client: WsClient) -> None:
    await client.send("say", text=STORY)
    await client.until("video_chunk_meta")
    await speak(client, quiet(0.5), say("Please stop talking, wait a minute."), paced=True)
    await speak(client, quiet(1), paced=True)
    await client.until("turn_end", reason="interrupted")
    await client.until("turn_end", reason="completed")


async def _second_visitor(service: Running) -> None:
    """Comes, drops, comes back, and meanwhile a third one finds the house full."""
    base = f"ws://127.0.0.1:{service.port}"
    async with joined(service.ws_url) as before:
        before.drop()
        async with returned(base, before), connect(service.ws_url) as third:
            assert json.loads(await third.recv())["code"] == "session_limit_reached"


def samples(families: Iterable[Metric]) -> Iterator[tuple[str, dict[str, str], float]]:
    """Name, labels and value, but no buckets: there are many, and their counts say the same."""
    for family in families:
        for sample in family.samples:
            if not sample.name.endswith("_bucket"):
                yield sample.name, sample.labels, sample.value
