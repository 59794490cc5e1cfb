"""`/api/status`: what everybody may see, what only a watcher may, and no words in any of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from bench.service import Running
from tests.conftest import Serve
from tests.integration.service_status import until
from tests.ws_client import WsClient, joined

SECRET = "xylophone"
ADMIN = "open-sesame"
FROM_AFAR = {"X-Forwarded-For": "203.0.113.9"}
ELSEWHERE = [
    pytest.param(FROM_AFAR, id="through a proxy"),
    pytest.param({"Host": "rebound.example"}, id="under another name"),
    pytest.param({"Origin": "https://other.example"}, id="from a page of another site"),
    pytest.param({**FROM_AFAR, "Authorization": "Bearer wrong"}, id="with a wrong token"),
    pytest.param({**FROM_AFAR, "Authorization": "Bearer"}, id="with an empty token"),
]


@pytest.fixture
async def http(embedded: Running) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{embedded.port}") as client:
        yield client


async def one_reply(client: WsClient) -> str:
    """Has the avatar say something; returns the session's id once its account is complete."""
    await client.send("text", text=f"My {SECRET} sings.")
    await client.until("turn_end", reason="completed")
    return str(client.ready["session_id"])


def session_in(status: dict[str, Any], session_id: str) -> dict[str, Any]:
    return next((one for one in status["live"] if one["session_id"] == session_id), {})


async def test_it_tells_how_the_service_feels(http: httpx.AsyncClient, embedded: Running) -> None:
    async with joined(embedded.ws_url) as client:
        session_id = await one_reply(client)
        base = f"127.0.0.1:{embedded.port}"
        await until(base, lambda status: session_in(status, session_id).get("last_turn"))
        answer = await http.get("/api/status")
    assert SECRET not in answer.text
    status = answer.json()
    latency = {one["name"]: one for one in status["latency"]}
    assert {"turn.first_chunk", "stage.tts", "stage.avatar", "event_loop_lag"} <= set(latency)
    first = latency["turn.first_chunk"]["last_5_min"]
    assert first["count"] >= 1 and 0 < first["p50"] <= first["p95"] <= first["p99"]
    assert latency["turn.first_chunk"]["last_60_min"]["count"] >= first["count"]
    assert 0 <= status["capacity"]["places_left"] < status["capacity"]["places"]
    assert status["counts"]["turns"]["completed"] >= 1
    assert {(one["component"], one["provider"]) for one in status["tried"]} >= {("tts", "espeak")}
    assert {one["component"] for one in status["models"]} >= {"vad", "asr", "tts"}
    live = session_in(status, session_id)
    assert live["attached"] and live["state"] == "idle" and live["age_s"] >= live["idle_s"]
    assert live["last_turn"]["reason"] == "completed"
    assert live["last_turn"]["marks_ms"]["first_chunk"] > 0


async def test_a_reply_as_a_waterfall(http: httpx.AsyncClient, embedded: Running) -> None:
    async with joined(embedded.ws_url) as client:
        session_id = await one_reply(client)
        base = f"127.0.0.1:{embedded.port}"
        await until(base, lambda status: session_in(status, session_id).get("last_turn"))
        answer = await http.get(f"/api/status/sessions/{session_id}")
    assert SECRET not in answer.text
    (turn,) = answer.json()
    work = turn["work"]
    assert {one["stage"] for one in work} == {"llm", "tts", "avatar", "send"}
    drawn = [one["facts"]["sentence_index"] for one in work if one["stage"] == "avatar"]
    assert drawn == list(range(len(drawn)))
    assert all(one["began_ms"] <= one["ended_ms"] <= turn["ended_ms"] for one in work)
    first_sent = next(one for one in work if one["stage"] == "send")
    # What was queued was sent no sooner.
    assert first_sent["ended_ms"] >= turn["marks_ms"]["first_chunk"] - 1


async def test_a_session_that_is_not_here_is_said_so(http: httpx.AsyncClient) -> None:
    answer = await http.get("/api/status/sessions/nobody")
    assert answer.status_code == 404 and "live" in answer.json()["error"]


async def test_the_log_can_be_followed(http: httpx.AsyncClient, embedded: Running) -> None:
    newest = (await http.get("/api/status/log")).json()["newest"]
    async with joined(embedded.ws_url) as client:
        await client.socket.send(f'{{"type": "{SECRET}"}}')
        await client.until("error")
        answer = await http.get("/api/status/log", params={"after": newest})
        status = (await http.get("/api/status")).json()
    assert SECRET not in answer.text
    mine = [
        line
        for line in answer.json()["lines"]
        if line.get("session_id") == client.ready["session_id"]
    ]
    assert [(line["event"], line["code"]) for line in mine] == [("session.error", "unknown_type")]
    assert mine[0] in status["troubles"]
    assert answer.json()["newest"] > newest


@pytest.mark.parametrize("headers", ELSEWHERE)
async def test_who_may_not_watch_sees_numbers_alone(
    http: httpx.AsyncClient, embedded: Running, headers: dict[str, str]
) -> None:
    async with joined(embedded.ws_url) as client:
        answer = await http.get("/api/status", headers=headers)
        session_id = client.ready["session_id"]
        assert answer.status_code == 200 and session_id not in answer.text
        assert answer.json()["live"] is None and answer.json()["troubles"] is None
        for path in (f"/api/status/sessions/{session_id}", "/api/status/log"):
            refused = await http.get(path, headers=headers)
            assert refused.status_code == 403 and "server.admin_token" in refused.json()["error"]


async def test_the_admin_token_opens_it_from_afar(serve: Serve) -> None:
    server = {"admin_token": ADMIN, "token": "for-clients"}
    async with (
        serve(wait=False, server=server) as base,
        httpx.AsyncClient(base_url=f"http://{base}", timeout=60) as http,
    ):
        for token, status in ((ADMIN, 200), ("for-clients", 403)):
            headers = {**FROM_AFAR, "Authorization": f"Bearer {token}"}
            assert (await http.get("/api/status/log", headers=headers)).status_code == status
            answer = (await http.get("/api/status", headers=headers)).json()
            assert (answer["live"] is None) == (status == 403)
