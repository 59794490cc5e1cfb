"""A conversation without a WebSocket: the same contract, checked by the same client."""

from __future__ import annotations

import asyncio
import io
import json
import wave

import httpx
import numpy as np
import pytest

from bench.service import Running
from tests import ws_client
from tests.conftest import Serve
from tests.handlers.speech import speech
from tests.http_client import HttpSocket, joined, opened
from tests.integration.service_status import until_sessions
from tests.ws_client import WsClient

RATE = 16_000


def base(service: Running) -> str:
    return f"127.0.0.1:{service.port}"


def wav(pcm: np.ndarray, rate: int = RATE, channels: int = 1) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(pcm.astype("<i2").tobytes())
    return out.getvalue()


@pytest.mark.parametrize("lose_every", [0, 3])
async def test_a_whole_conversation_also_when_responses_are_lost(
    embedded: Running, lose_every: int
) -> None:
    async with joined(base(embedded), lose_every=lose_every) as client:
        await client.send("text", text="Hello, who are you?")
        end = await client.until("turn_end", reason="completed")
        assert end["generation_id"] == 1 and client.media
        assert [meta["chunk_seq"] for meta, _ in client.media] == list(range(len(client.media)))
        assert all(data[4:8] == b"ftyp" for _, data in client.media)
        await client.send("say", text="One two three four five. " * 20)
        await client.until("video_chunk_meta")
        await client.send("interrupt")
        await client.until("turn_end", reason="interrupted")
        await client.until("state_update", state="idle")
        await client.quiet()


async def test_several_messages_in_one_request_keep_their_order(embedded: Running) -> None:
    async with opened(base(embedded)) as socket:
        messages = [{"type": "hello", "output": "text"}, {"type": "ping", "t": 1}]
        await socket.send(json.dumps([*messages, {"type": "ping", "t": 2}]))
        client = WsClient(socket)
        assert [(await client.until("pong"))["t"] for _ in range(2)] == [1, 2]


@pytest.mark.parametrize(
    ("content", "kind", "code"),
    [
        (b"{not json", "application/json", "bad_message"),
        (b'[{"type":"dance"}]', "application/json", "unknown_type"),
        (b"[" * 100_000, "application/json", "bad_message"),
        (b"\xff\xfe", "application/json; charset=utf-8", "bad_message"),
        (bytes(640), "application/octet-stream", "not_listening"),
        (bytes(641), "application/octet-stream", "bad_audio"),
        (b"", "application/octet-stream", "bad_audio"),
        (b"RIFF", "audio/wav", "bad_audio"),
        (b"", "audio/wav", "bad_audio"),
        (wav(np.zeros(0)), "audio/wav", "bad_audio"),
        (wav(np.zeros(RATE), rate=44_100), "audio/wav", "bad_audio"),
        (wav(np.zeros(RATE), channels=2), "audio/wav", "bad_audio"),
        (wav(np.zeros(31 * RATE)), "audio/wav", "too_large"),
        (
            json.dumps({"type": "text", "text": "x" * 5000}).encode(),
            "application/json",
            "too_large",
        ),
    ],
)
async def test_a_bad_frame_is_answered_and_the_session_goes_on(
    embedded: Running, content: bytes, kind: str, code: str
) -> None:
    async with joined(base(embedded), output="text") as client:
        socket: HttpSocket = client.socket
        assert (await socket.post(content, kind)).status_code == 204
        error = await client.until("error")
        assert error["code"] == code and error["recoverable"] and error["message"]
        await client.send("ping", t=1)
        await client.until("pong")


async def test_requests_that_are_no_frames_are_refused_in_words(embedded: Running) -> None:
    async with joined(base(embedded), output="text") as client:
        socket: HttpSocket = client.socket
        for content, kind, code in (
            (b"x", "text/plain", 415),
            (bytes(3_000_000), "application/octet-stream", 413),
            (b"[" + b"1," * 300 + b"1]", "application/json", 413),
        ):
            refused = await socket.post(content, kind)
            assert refused.status_code == code and refused.json()["error"]
        for method in ("POST", "GET", "DELETE"):
            gone = await socket.http.request(method, "/api/channel/unknown")
            assert gone.status_code == 404
        unknown = await socket.http.get("/api/channel/unknown")
        assert "POST /api/channel" in unknown.json()["error"]
        await client.send("ping", t=1)
        await client.until("pong")


async def test_a_recording_is_heard_as_one_utterance(embedded: Running) -> None:
    async with joined(base(embedded), output="text") as client:
        counted, silence = speech("One two three four five."), np.zeros(2 * RATE)
        recording = wav(np.concatenate([counted, silence, counted]))
        assert (await client.socket.post(recording, "audio/wav")).status_code == 204
        assert (await client.until("asr_final"))["text"].count("three") == 2
        await client.until("turn_end", reason="completed")
        assert len(client.of("asr_final")) == 1


async def test_a_poll_answers_at_once_when_something_is_there_else_in_time(
    embedded: Running,
) -> None:
    async with joined(base(embedded), output="text") as client:
        socket: HttpSocket = client.socket
        loop = asyncio.get_running_loop()
        started = loop.time()
        await socket.poll(wait_s=0.3)
        assert loop.time() - started >= 0.3
        waiting = asyncio.create_task(socket.poll(wait_s=20))
        await asyncio.sleep(0.05)
        await client.send("ping", t=1)
        await asyncio.wait_for(waiting, 5)
        await client.until("pong")


async def test_silence_is_a_dropped_line_and_the_way_back_is_a_new_channel(serve: Serve) -> None:
    async with serve(session={"poll_timeout_s": 1.5}) as address:
        async with joined(address, output="text") as client:
            await client.send("text", text="My name is Ada.")
            await client.until("turn_end")
            await until_sessions(address, attached=0, detached=1)
            gone = await client.socket.http.get(client.socket.address)
            assert gone.status_code == 404
        ready = client.ready
        async with joined(
            address, ready["session_id"], output="text", resume_token=ready["resume_token"]
        ) as back:
            assert back.ready["resumed"] and len(back.ready["history"]) == 2


async def test_from_one_kind_of_line_to_the_other(embedded: Running) -> None:
    async with joined(base(embedded), output="text") as client:
        await client.send("text", text="My name is Ada.")
        await client.until("turn_end")
        async with ws_client.returned(f"ws://{base(embedded)}", client, output="text") as back:
            assert back.ready["resumed"] and len(back.ready["history"]) == 2
            await client.socket.wait_closed()
            assert client.socket.close_code == 4001


async def test_refusals_are_heard_through_the_channel(serve: Serve) -> None:
    async with serve(session={"limit": 1}, server={"token": "sesame"}) as address:
        for session_id, hello, code, close in (
            ("new", {}, "unauthorized", 1008),
            ("a.b", {"token": "sesame"}, "bad_message", 1008),
        ):
            async with opened(address, session_id) as socket:
                await socket.send(json.dumps({"type": "hello", **hello}))
                assert json.loads(await socket.recv())["code"] == code
                await socket.wait_closed()
                assert socket.close_code == close
        async with joined(address, token="sesame", output="text"), opened(address) as late:
            await late.send(json.dumps({"type": "hello", "token": "sesame"}))
            assert json.loads(await late.recv())["code"] == "session_limit_reached"
            await late.wait_closed()
            assert late.close_code == 1013


async def test_channels_are_bounded_and_leave_nothing_behind(serve: Serve) -> None:
    async with (
        # All of them are there before the first one is taken as gone.
        serve(session={"limit": 1, "poll_timeout_s": 3.0, "grace_s": 0.05}) as address,
        httpx.AsyncClient(base_url=f"http://{address}", timeout=20) as http,
    ):
        tasks = len(asyncio.all_tasks())
        answers = await asyncio.gather(*(http.post("/api/channel", json={}) for _ in range(60)))
        codes = [answer.status_code for answer in answers]
        assert set(codes) == {201, 503} and codes.count(201) == 34
        assert all("error" in answer.json() for answer in answers if answer.status_code == 503)
        async with asyncio.timeout(20):
            while len(asyncio.all_tasks()) > tasks:
                await http.get("/health")
        assert (await http.post("/api/channel", json={})).status_code == 201
