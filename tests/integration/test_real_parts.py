"""The real providers, over the real protocols, inside the whole service; and what they do wrong."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import httpx
import pytest

from tests.conftest import Serve
from tests.fakes.fixtures import EdgeFactory
from tests.fakes.openai import fake_openai
from tests.ws_client import WsClient, joined


def model(base_url: str) -> dict[str, object]:
    return {"chain": ["openai", "builtin"], "base_url": base_url, "model": "scripted"}


async def ask(client: WsClient, text: str = "Hello!") -> dict[str, object]:
    await client.send("text", text=text)
    return await client.until("turn_end")


async def test_a_language_model_answers_and_sees_the_history(serve: Serve) -> None:
    async with (
        fake_openai(reply="It is sunny. Take a walk.") as llm,
        serve(llm=model(llm.base_url)) as base,
        joined(f"ws://{base}/ws/new", output="text", role="You are a pirate.") as client,
    ):
        assert client.messages[0]["providers"]["llm"] == "openai"
        await client.send("context_update", title="Weather", text="Sunny, 20 degrees")
        await ask(client, "How is the weather?")
        await ask(client, "And tomorrow?")
    assert "".join(m["chunk"] for m in client.of("text_chunk")).count("Take a walk") == 2
    system, *turns = llm.requests[1]["messages"]
    assert "pirate" in system["content"] and "Sunny, 20 degrees" in system["content"]
    assert [turn["content"] for turn in turns] == [
        "How is the weather?",
        "It is sunny. Take a walk.",
        "And tomorrow?",
    ]


@pytest.mark.parametrize("mode", ["500", "429", "401", "hang"])
async def test_a_failing_model_is_replaced_and_the_user_told(serve: Serve, mode: str) -> None:
    async with (
        fake_openai(mode) as llm,
        serve(llm=model(llm.base_url) | {"first_token_timeout_s": 0.5}) as base,
        joined(f"ws://{base}/ws/new", output="text") as client,
    ):
        assert (await ask(client))["reason"] == "completed"
        notice = client.of("notice")[0]
        assert (notice["component"], notice["from"], notice["to"]) == ("llm", "openai", "builtin")
        assert client.of("sentence")


async def test_a_model_cut_in_the_middle_ends_the_turn_and_not_the_session(serve: Serve) -> None:
    async with (
        fake_openai("cut", reply="One two three. Four five six.") as llm,
        serve(llm=model(llm.base_url)) as base,
        joined(f"ws://{base}/ws/new", output="text") as client,
    ):
        assert (await ask(client))["reason"] == "failed"
        assert client.of("error")[0]["recoverable"]
        llm.mode = "ok"
        assert (await ask(client))["reason"] == "completed"


async def test_an_interruption_hangs_up_on_the_model(serve: Serve) -> None:
    async with (
        fake_openai("slow") as llm,
        serve(llm=model(llm.base_url)) as base,
        joined(f"ws://{base}/ws/new") as client,
    ):
        await client.send("text", text="Think hard.")
        await client.until("state_update", state="thinking")
        async with asyncio.timeout(60):
            while not llm.requests:
                await client.send("ping", t=0)
                await client.until("pong")
            await client.send("interrupt")
            await client.until("turn_end", reason="interrupted")
            await llm.hung_up.wait()


async def test_edge_speaks_and_when_it_fails_the_local_voice_does(
    serve: Serve, edge: EdgeFactory
) -> None:
    async with (
        edge() as voice,
        serve(tts={"chain": ["edge", "espeak"]}) as base,
        joined(f"ws://{base}/ws/new") as client,
    ):
        assert client.messages[0]["providers"]["tts"] == "edge"
        await client.send("say", text="Good morning.")
        await client.until("turn_end", reason="completed")
        assert voice.requests and client.media[0][0]["frames"] > 10
        voice.mode = "forbidden"
        await client.send("say", text="Good evening.")
        await client.until("turn_end", reason="completed")
        notice = client.of("notice")[0]
        assert (notice["from"], notice["to"]) == ("edge", "espeak")
        assert len(client.media) == 2


async def test_whisper_takes_over_where_its_model_is(serve: Serve, tiny_whisper: Path) -> None:
    asr = {"chain": ["whisper", "pocketsphinx"], "model": str(tiny_whisper)}
    async with serve(asr=asr) as base, joined(f"ws://{base}/ws/new") as client:
        assert client.messages[0]["providers"]["asr"] == "whisper"


async def test_a_worker_killed_in_the_middle_leaves_no_sentence_unsaid(serve: Serve) -> None:
    async with serve() as base, joined(f"ws://{base}/ws/new") as client:
        async with httpx.AsyncClient(base_url=f"http://{base}") as http:
            engine = (await http.get("/api/status")).json()["engine"]
        await client.send("say", text="This is a rather long sentence about rivers and trees. " * 3)
        await client.until("video_chunk_meta")
        for worker in engine["processes"]:
            os.kill(worker["pid"], signal.SIGKILL)
        assert (await client.until("turn_end"))["reason"] == "completed"
        assert {meta["sentence_index"] for meta, _ in client.media} == {0, 1, 2}
        await client.send("say", text="I am back.")
        assert (await client.until("turn_end"))["reason"] == "completed"
        assert client.media[-1][0]["type"] == "video_chunk_meta"
