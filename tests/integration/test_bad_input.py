"""Whatever is thrown at the socket gets a clear answer, and nothing else is lost."""

from __future__ import annotations

import base64
import json

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Origin

from bench.service import Running
from tests.conftest import Serve
from tests.ws_client import WsClient, joined

SILENCE_20_MS = bytes(640)


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ("{not json", "bad_message"),
        ("[]", "bad_message"),
        ('{"type":"text"}', "bad_message"),
        ('{"type":"text","text":""}', "bad_message"),
        ('{"type":"dance"}', "unknown_type"),
        ('{"type":"hello"}', "bad_message"),
        (json.dumps({"type": "text", "text": "x" * 10_000_000}), "too_large"),
        (json.dumps({"type": "text", "text": "x" * 5000}), "too_large"),
        (SILENCE_20_MS, "not_listening"),
        (json.dumps({"type": "audio_chunk", "data": "!!"}), "bad_audio"),
        (json.dumps({"type": "audio_chunk", "data": "é"}), "bad_audio"),
        (json.dumps({"type": "audio_chunk", "data": "", "format": "webm_opus"}), "not_available"),
        (json.dumps({"type": "audio_chunk", "data": "", "format": "wav"}), "bad_audio"),
        (json.dumps({"type": "config_update", "avatar": "nobody"}), "unknown_avatar"),
        (json.dumps({"type": "config_update", "avatar": "../../etc"}), "unknown_avatar"),
        (json.dumps({"type": "say", "text": "x", "emotion": 5}), "bad_message"),
    ],
)
async def test_a_bad_frame_is_answered_and_the_session_goes_on(
    embedded: Running, frame: str | bytes, code: str
) -> None:
    async with joined(embedded.ws_url, output="text") as client:
        await client.socket.send(frame)
        error = await client.until("error")
        assert error["code"] == code and error["recoverable"] and error["message"]
        await client.send("text", text="Hello!")
        assert (await client.until("turn_end"))["reason"] == "completed"


@pytest.mark.parametrize(
    ("frame", "code"),
    [(b"", "bad_audio"), (b"\0" * 641, "bad_audio"), (b"\0" * 32_002, "too_large")],
)
async def test_bad_audio_while_listening(embedded: Running, frame: bytes, code: str) -> None:
    async with joined(embedded.ws_url) as client:
        await client.send("start_listen")
        await client.until("state_update", state="listening")
        await client.socket.send(frame)
        assert (await client.until("error"))["code"] == code
        await client.socket.send(SILENCE_20_MS)
        await client.send("audio_chunk", data=base64.b64encode(SILENCE_20_MS).decode())
        await client.send("stop_listen")
        await client.until("state_update", state="idle")
        await client.quiet()


async def test_unknown_avatar_in_hello_leaves_the_default(embedded: Running) -> None:
    async with connect(embedded.ws_url) as socket:
        client = WsClient(socket)
        await client.send("hello", protocol=1, avatar="nobody")
        await client.until("session_ready")
        assert (await client.until("error"))["code"] == "unknown_avatar"
        await client.send("ping", t=7)
        assert (await client.until("pong"))["t"] == 7


@pytest.mark.parametrize("session_id", ["a.b", "x" * 65, "%C3%A9"])
async def test_a_bad_session_id_is_refused(embedded: Running, session_id: str) -> None:
    url = embedded.ws_url.replace("/new", f"/{session_id}")
    async with connect(url) as socket:
        assert json.loads(await socket.recv())["code"] == "bad_message"
        await socket.wait_closed()
        assert socket.close_code == 1008


async def test_one_connection_per_session_id(embedded: Running) -> None:
    url = embedded.ws_url.replace("/new", "/my-kiosk")
    async with joined(url) as first:
        async with connect(url) as second:
            assert json.loads(await second.recv())["code"] == "busy"
            await second.wait_closed()
        await first.send("ping", t=1)
        await first.until("pong")
    async with joined(url):
        pass  # the place is free again


async def test_a_full_house_says_so_and_closes_with_1013(serve: Serve) -> None:
    async with serve(session={"limit": 1}) as base:
        url = f"ws://{base}/ws/new"
        async with joined(url) as guest, connect(url) as late:
            refusal = json.loads(await late.recv())
            assert refusal["code"] == "session_limit_reached" and not refusal["recoverable"]
            await late.wait_closed()
            assert late.close_code == 1013
            await guest.send("ping", t=1)
            await guest.until("pong")
        async with joined(url):
            pass


async def test_the_token_is_asked_for(serve: Serve) -> None:
    async with serve(server={"token": "sesame"}) as base:
        url = f"ws://{base}/ws/new"
        for hello in (
            {"type": "hello", "token": "wrong"},
            {"type": "hello"},
            {"type": "interrupt"},
        ):
            async with connect(url) as socket:
                await socket.send(json.dumps(hello))
                assert json.loads(await socket.recv())["code"] == "unauthorized"
                await socket.wait_closed()
                assert socket.close_code == 1008
        async with joined(url, token="sesame"):
            pass


async def test_a_hello_that_is_too_large_is_not_read(embedded: Running) -> None:
    hello = json.dumps({"type": "hello", "role": "x" * 5_000_000})
    async with connect(f"ws://127.0.0.1:{embedded.port}/ws/new", max_size=None) as socket:
        client = WsClient(socket)
        await socket.send(hello)
        assert (await client.until("error"))["code"] == "too_large"
        await client.send("ping", t=1)
        await client.until("pong")


async def test_a_voice_of_any_name_ends_nobody(embedded: Running) -> None:
    """The library behind the built-in voice has a buffer that is not to be run over."""
    longest = "en+" + "a" * 60
    url = f"ws://127.0.0.1:{embedded.port}/ws/new"
    async with joined(url, output="audio", voice=longest, language=longest) as client:
        await client.send("text", text="Hello, who are you?")
        assert (await client.until("turn_end"))["reason"] == "completed"
        assert client.media


async def test_a_flood_is_limited_and_survived(serve: Serve) -> None:
    async with (
        serve(server={"max_messages_per_s": 20}) as base,
        joined(f"ws://{base}/ws/new", output="text") as client,
    ):
        for number in range(60):
            await client.send("ping", t=number)
        assert (await client.until("error"))["code"] == "rate_limited"


ELSEWHERE, FRIENDLY = "https://elsewhere.example", "https://friendly.example"


async def test_a_page_of_another_site_may_talk_only_if_it_is_named(serve: Serve) -> None:
    async with (
        serve(server={"origins": [FRIENDLY]}) as base,
        httpx.AsyncClient(base_url=f"http://{base}") as http,
    ):
        with pytest.raises(InvalidStatus) as refused:
            await connect(f"ws://{base}/ws/new", origin=Origin(ELSEWHERE))
        assert refused.value.response.status_code == 403
        assert b"server.origins" in refused.value.response.body
        for origin, status in ((ELSEWHERE, 403), (FRIENDLY, 201), (f"http://{base}", 201)):
            asked = await http.post("/api/channel", json={}, headers={"Origin": origin})
            assert asked.status_code == status
        for origin in (FRIENDLY, f"http://{base}"):
            async with connect(f"ws://{base}/ws/new", origin=Origin(origin)):
                pass


@pytest.mark.parametrize("server", [{"origins": ["*"]}, {"token": "known"}])
async def test_any_page_may_where_all_are_named_or_it_has_to_know_the_token(
    serve: Serve, server: dict[str, object]
) -> None:
    async with (
        serve(server=server) as base,
        connect(f"ws://{base}/ws/new", origin=Origin(ELSEWHERE)),
    ):
        pass


async def test_an_idle_session_is_ended_kindly(serve: Serve) -> None:
    async with (
        serve(session={"idle_timeout_s": 2.0, "watch_interval_s": 0.1}) as base,
        joined(f"ws://{base}/ws/new") as client,
    ):
        error = await client.until("error")
        assert error["code"] == "session_expired" and not error["recoverable"]
        await client.socket.wait_closed()
        assert client.socket.close_code == 1001


async def test_a_session_for_which_there_is_no_memory_is_told_so_and_counted(serve: Serve) -> None:
    async with (
        serve(session={"memory_ceiling_mb": 128, "watch_interval_s": 0.2}) as base,
        joined(f"ws://{base}/ws/new") as client,
        httpx.AsyncClient(base_url=f"http://{base}") as http,
    ):
        error = await client.until("error")
        assert error["code"] == "session_expired" and "memory" in error["message"]
        await client.socket.wait_closed()
        assert (
            'avatar_chat_sessions_ended_total{reason="shed"}' in (await http.get("/metrics")).text
        )
