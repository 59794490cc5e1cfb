"""`/api/status/history`: from the service's own memory, and from a Prometheus that watches it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest

from bench.service import Running, kept_port, running_service
from tests.conftest import Serve
from tests.integration.service_status import until
from tests.monitoring.prometheus_server import prometheus_of
from tests.ws_client import joined

FROM_AFAR = {"X-Forwarded-For": "203.0.113.9"}
MOVED = ("turn.first_chunk.p95", "stage.tts.p50")
NOBODY_THERE = "http://127.0.0.1:9"


def last(history: dict[str, Any], name: str) -> float | None:
    """The newest number of a series."""
    values = next((one["values"] for one in history["series"] if one["name"] == name), [])
    return next((value for value in reversed(values) if value is not None), None)


def growth(history: dict[str, Any], name: str) -> float:
    (values,) = (one["values"] for one in history["series"] if one["name"] == name)
    return sum(value or 0 for value in values)


async def one_reply(service: Running) -> None:
    async with joined(service.ws_url) as client:
        await client.send("text", text="Hello there.")
        await client.until("turn_end", reason="completed")


async def test_the_service_remembers_its_last_hour(embedded: Running) -> None:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{embedded.port}") as http:
        await one_reply(embedded)
        async with asyncio.timeout(20):  # counters are looked at every few seconds
            while True:
                history = (await http.get("/api/status/history")).json()
                if (last(history, "turns") or 0) >= 1:
                    break
    assert history["source"] == "service" and history["alerts"] is None
    assert len(history["at"]) == 60 and history["at"] == sorted(history["at"])
    assert all(len(one["values"]) == 60 for one in history["series"])
    assert 0 < (last(history, "turn.first_chunk.p50") or 0) < 60
    assert (last(history, "stage.tts.p95") or 0) > 0
    assert last(history, "errors") is not None and last(history, "people") is not None


async def test_who_may_not_watch_gets_none(embedded: Running) -> None:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{embedded.port}") as http:
        refused = await http.get("/api/status/history", headers=FROM_AFAR)
    assert refused.status_code == 403 and "server.admin_token" in refused.json()["error"]


async def test_without_an_answer_of_prometheus_the_service_tells_what_it_knows(
    serve: Serve,
) -> None:
    async with (
        serve(wait=False, monitor={"prometheus_url": NOBODY_THERE}) as base,
        httpx.AsyncClient(base_url=f"http://{base}", timeout=60) as http,
    ):
        history = (await http.get("/api/status/history", params={"minutes": 360})).json()
    assert history["source"] == "service" and "does not answer" in history["trouble"]
    assert len(history["at"]) == 60


async def test_what_answers_may_be_no_prometheus(serve: Serve) -> None:
    async with serve(wait=False) as other:
        monitor = {"prometheus_url": f"http://{other}/health?"}
        async with (
            serve(wait=False, monitor=monitor) as base,
            httpx.AsyncClient(base_url=f"http://{base}", timeout=60) as http,
        ):
            history = (await http.get("/api/status/history")).json()
    assert history["source"] == "service" and "ValueError" in history["trouble"]


async def test_a_real_prometheus_tells_more(tmp_path: Path) -> None:
    with (
        kept_port() as port,
        prometheus_of(f"127.0.0.1:{port}", tmp_path) as prometheus,
    ):
        if prometheus is None:
            pytest.skip("prometheus is not installed")
        env = {"AVATAR_CHAT_MONITOR__PROMETHEUS_URL": prometheus.base}
        with running_service(env, port=port) as service:
            await until(f"127.0.0.1:{port}", lambda status: status["ready"]["ready"])
            async with (
                httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60) as http,
                joined(service.ws_url) as client,
                asyncio.timeout(60),
            ):
                await client.send("text", text="")
                await client.until("error", code="bad_message")
                while True:  # until a few scrapes have seen replies
                    await one_reply(service)
                    history = (await http.get("/api/status/history?minutes=360")).json()
                    is_told = None not in (last(history, name) for name in MOVED)
                    if is_told and history["source"] == "prometheus":  # it was not too slow
                        break
    assert history["trouble"] is None
    assert len(history["at"]) == 60 and history["at"][1] - history["at"][0] == 360
    assert all(len(one["values"]) == 60 for one in history["series"])
    assert last(history, "backends") == 1 and (last(history, "people") or 0) >= 1
    assert growth(history, "turns") >= 1 and growth(history, "errors") == 1
    assert (last(history, "stage.tts.p50") or 0) > 0
    assert history["alerts"] == []
