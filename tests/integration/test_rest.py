"""Health, readiness, metrics, and what the page asks for."""

from __future__ import annotations

import asyncio
import json
import shutil
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from websockets.asyncio.client import connect

from bench.service import Running
from tests.conftest import ROOT, Serve
from tests.integration.service_status import until
from tests.ws_client import joined


@pytest.fixture
async def http(embedded: Running) -> httpx.AsyncClient:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{embedded.port}") as client:
        yield client


async def test_health_readiness_and_status(http: httpx.AsyncClient) -> None:
    assert (await http.get("/health")).json()["status"] == "ok"
    assert (await http.get("/readyz")).json() == {"ready": True, "pending": {}}
    status = (await http.get("/api/status")).json()
    assert status["providers"]["tts"] == "espeak" and status["model"] == "builtin"
    assert status["sessions"]["limit"] == 8 and status["engine"]["workers"]


async def test_metrics_follow_a_reply(http: httpx.AsyncClient, embedded: Running) -> None:
    async with joined(embedded.ws_url) as client:
        await client.send("say", text="Count me.")
        await client.until("turn_end")
        text = (await http.get("/metrics")).text
    families = {family.name: family for family in text_string_to_metric_families(text)}
    sent = families["avatar_chat_video_seconds"].samples[0].value
    assert sent > 0.4
    turns = {
        s.labels["reason"]: s.value
        for s in families["avatar_chat_turns"].samples
        if s.name.endswith("_total")
    }
    assert turns["completed"] >= 1
    assert "avatar_chat_event_loop_lag_seconds" in families


async def test_avatars_and_their_files(http: httpx.AsyncClient) -> None:
    avatars = (await http.get("/api/avatars")).json()
    assert avatars
    for avatar in avatars:
        idle = await http.get(avatar["idle_url"])
        assert idle.headers["content-type"] == "video/mp4" and b"ftyp" in idle.content[:16]
        assert (await http.get(avatar["poster_url"])).content[:2] == b"\xff\xd8"
        part = await http.get(avatar["idle_url"], headers={"Range": "bytes=0-99"})
        assert part.status_code == 206 and len(part.content) == 100
        assert (await http.get(f"/avatars/{avatar['id']}/avatar.json")).status_code == 404
    assert (await http.get("/avatars/nobody/idle.mp4")).status_code == 404
    assert (await http.get("/avatars/..%2f..%2fetc/passwd")).status_code == 404


async def test_session_create_gives_an_address_that_works(http: httpx.AsyncClient) -> None:
    created = await http.post("/api/session/create")
    assert created.status_code == 201
    async with joined(created.json()["ws_url"]) as client:
        assert client.messages[0]["session_id"] == created.json()["session_id"]


async def test_the_page_and_the_api_description_are_served(http: httpx.AsyncClient) -> None:
    page = await http.get("/")
    assert page.status_code == 200 and "<script" in page.text
    paths = (await http.get("/openapi.json")).json()["paths"]
    assert {"/health", "/readyz", "/api/status", "/api/session/create"} <= set(paths)
    for page_with_foreign_scripts in ("/docs", "/redoc"):
        assert (await http.get(page_with_foreign_scripts)).status_code == 404


async def test_a_missing_model_keeps_readiness_red_with_the_reason(
    serve: Serve, tmp_path: Path
) -> None:
    missing = tmp_path / "gone.onnx"
    corrupt = tmp_path / "corrupt.onnx"
    corrupt.write_bytes(b"not a model")
    for model, words in ((missing, "gone.onnx"), (corrupt, "corrupt.onnx")):
        async with serve(wait=False, avatar={"model": model}) as base:
            pending = await _settled(base)
            async with connect(f"ws://{base}/ws/new") as socket:
                error = json.loads(await socket.recv())
                await socket.wait_closed()
        assert words in pending["service"]
        assert error["code"] == "model_file" and words in error["message"]


async def test_a_broken_avatar_keeps_readiness_red_with_the_reason_until_it_is_mended(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backend.app.LOAD_AGAIN_S", 0.1)
    shipped = next(path for path in (ROOT / "avatars").iterdir() if path.is_dir())
    broken = tmp_path / shipped.name
    shutil.copytree(shipped, broken)
    (broken / "idle.mp4").unlink()
    async with serve(wait=False, avatar={"dir": tmp_path}) as base:
        assert "idle.mp4 is missing" in (await _settled(base))["service"]
        shutil.copy(shipped / "idle.mp4", broken)
        await until(base, lambda status: status["ready"]["ready"], timeout_s=60)


async def _settled(base: str) -> dict[str, str]:
    """The reasons of a red `/readyz`, once it has stopped to be merely starting."""
    async with (
        asyncio.timeout(60),
        httpx.AsyncClient(base_url=f"http://{base}", timeout=60) as client,
    ):
        while True:
            answer = await client.get("/readyz")
            pending: dict[str, str] = answer.json()["pending"]
            if pending != {"service": "starting"}:
                assert answer.status_code == 503
                return pending
