"""A dropped line heals: the session waits, and its client comes back to it."""

from __future__ import annotations

import asyncio
import json

import psutil
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from bench.service import Running
from tests.conftest import Serve
from tests.integration.service_status import status, until, until_sessions
from tests.ws_client import Message, WsClient, joined, returned


def address(service: Running) -> str:
    return f"ws://127.0.0.1:{service.port}"


async def refusal(url: str, **hello: str) -> tuple[Message, int]:
    """The error that a newcomer is sent away with, and the close code."""
    async with connect(url) as socket:
        await socket.send(json.dumps({"type": "hello", **hello}))
        error = json.loads(await socket.recv())
        return error, await closed(socket)


async def closed(socket: ClientConnection) -> int:
    async with asyncio.timeout(5):
        await socket.wait_closed()
    assert socket.close_code is not None
    return socket.close_code


async def test_a_dropped_client_comes_back_to_its_conversation(embedded: Running) -> None:
    async with joined(embedded.ws_url, output="text") as client:
        assert not client.ready["resumed"]
        await client.send("text", text="My name is Ada.")
        await client.until("turn_end", reason="completed")
        client.drop()
    async with returned(address(embedded), client, output="text") as back:
        assert back.ready["resumed"] and back.ready["seq"] == 1
        assert back.ready["resume_token"] == client.ready["resume_token"]
        said = [(item["role"], item["text"]) for item in back.ready["history"]]
        assert said[0] == ("user", "My name is Ada.") and said[1][0] == "assistant"
        await back.send("text", text="What is my name?")
        await back.until("turn_end", reason="completed")
        assert "Ada" in back.of("sentence")[-1]["text"]


@pytest.mark.parametrize("code", [1000, 1001])
async def test_who_closes_cleanly_may_come_back_too(embedded: Running, code: int) -> None:
    async with joined(embedded.ws_url, output="text") as client:
        await client.socket.close(code)
    async with returned(address(embedded), client) as back:
        assert back.ready["resumed"]


async def test_a_line_that_drops_in_mid_reply_takes_nothing_of_it_along(
    embedded: Running,
) -> None:
    async with joined(embedded.ws_url) as client:
        await client.send("say", text="One two three four five. " * 30)
        await client.until("video_chunk_meta", sentence_index=1)
        client.drop()
    async with returned(address(embedded), client) as back:
        heard = back.ready["history"][-1]
        assert heard["role"] == "assistant" and heard["interrupted"]
        await back.quiet()
        await back.send("say", text="Back again.")
        end = await back.until("turn_end", reason="completed")
        assert end["generation_id"] > client.newest_generation
        assert [meta["chunk_seq"] for meta, _ in back.media] == list(range(len(back.media)))


async def test_a_newcomer_with_the_token_takes_over_and_the_old_socket_is_closed(
    embedded: Running,
) -> None:
    async with joined(embedded.ws_url, output="text") as client:
        await client.send("text", text="My name is Ada.")
        await client.until("turn_end")
        async with returned(address(embedded), client, output="text") as back:
            assert back.ready["resumed"] and len(back.ready["history"]) == 2
            assert await closed(client.socket) == 4001
            await back.send("ping", t=1)
            await back.until("pong")
            # A third one, while the second still speaks.
            await back.send("say", text="One two three four five. " * 30)
            await back.until("sentence")
            async with returned(address(embedded), back) as third:
                assert third.ready["resumed"]
                with pytest.raises(ConnectionClosed):
                    await back.until("pong")
                assert back.socket.close_code == 4001


@pytest.mark.parametrize("token", [None, "wrong"])
async def test_without_the_token_nobody_gets_in(embedded: Running, token: str | None) -> None:
    hello = {"resume_token": token} if token else {}
    async with joined(embedded.ws_url, output="text") as client:
        url = f"{address(embedded)}/ws/{client.ready['session_id']}"
        error, code = await refusal(url, **hello)
        assert (error["code"], code) == ("busy", 1008)
        await client.send("text", text="My name is Ada.")
        await client.until("turn_end")
        await client.socket.close()
    if token is not None:
        error, _ = await refusal(url, **hello)
        assert error["code"] == "busy", "a wrong token ends nobody's conversation"
        return
    async with joined(url, output="text") as stranger:
        assert not stranger.ready["resumed"] and "history" not in stranger.ready
        assert stranger.ready["resume_token"] != client.ready["resume_token"]
        error, _ = await refusal(url, resume_token=client.ready["resume_token"])
        assert error["code"] == "busy"


async def test_a_token_that_nobody_knows_begins_anew_and_says_so(embedded: Running) -> None:
    url = f"{address(embedded)}/ws/of-yesterday"
    async with joined(url, output="text", resume_token="of yesterday") as client:
        assert not client.ready["resumed"]
        notice = await client.until("notice")
        assert (notice["component"], notice["level"]) == ("session", "info")


async def test_a_hello_that_is_long_on_its_way_does_not_end_what_it_comes_back_to(
    embedded: Running,
) -> None:
    async with joined(embedded.ws_url, output="text") as client:
        client.drop()
    url = f"{address(embedded)}/ws/{client.ready['session_id']}"
    async with connect(url) as socket:
        back = WsClient(socket, follows=client)
        await back.quiet(0.4)  # well beyond the wait for an optional hello
        await back.send("hello", resume_token=client.ready["resume_token"])
        assert (await back.until("session_ready"))["resumed"]


async def test_after_the_grace_the_conversation_is_still_known(serve: Serve) -> None:
    async with serve(session={"grace_s": 0.05}) as base:
        async with joined(f"ws://{base}/ws/new", output="text") as client:
            await client.send("text", text="My name is Ada.")
            await client.until("turn_end")
            client.drop()
        await until_sessions(base, attached=0, detached=0)
        async with returned(f"ws://{base}", client, output="text") as back:
            assert back.ready["resumed"] and len(back.ready["history"]) == 2
            await back.send("text", text="What is my name?")
            await back.until("turn_end")
            assert "Ada" in back.of("sentence")[-1]["text"]


async def test_the_waiting_give_way_in_a_full_house_and_are_counted(serve: Serve) -> None:
    async with serve(session={"limit": 1}) as base:
        async with joined(f"ws://{base}/ws/new", output="text") as first:
            await first.send("text", text="My name is Ada.")
            await first.until("turn_end")
        await until_sessions(base, attached=0, detached=1)
        async with joined(f"ws://{base}/ws/new") as second:
            sessions = (await status(base))["sessions"]
            assert (sessions["attached"], sessions["detached"]) == (1, 0)
            second.drop()
        async with returned(f"ws://{base}", first) as back:
            assert back.ready["resumed"] and len(back.ready["history"]) == 2  # from the store


async def test_hundreds_of_quick_visits_leave_nothing_behind(serve: Serve) -> None:
    """Every kind of visitor: silent, greeted, gone at once, and gone in mid-greeting."""

    async def visit(url: str, number: int) -> None:
        async with connect(url, open_timeout=30) as socket:
            if number % 4:
                await socket.send('{"type": "hello", "output": "text"}')
            if number % 4 == 2:
                await socket.recv()
            if number % 4 == 3:
                socket.transport.abort()

    async with serve(session={"grace_s": 0.05, "limit": 4}) as base:
        async with joined(f"ws://{base}/ws/new"):
            pass
        await until_sessions(base, attached=0, detached=0)
        process = psutil.Process()
        descriptors, tasks = process.num_fds(), len(asyncio.all_tasks())
        for batch in range(20):
            url = f"ws://{base}/ws/new"
            await asyncio.gather(*(visit(url, 4 * batch + n) for n in range(16)))
        await until_sessions(base, attached=0, detached=0)
        await until(
            base,
            lambda _: len(asyncio.all_tasks()) <= tasks and process.num_fds() <= descriptors,
        )


async def test_a_socket_that_answers_no_ping_is_taken_as_a_lost_line(serve: Serve) -> None:
    async with serve(pings_s=1) as base, connect(f"ws://{base}/ws/new") as socket:
        client = WsClient(socket)
        await client.until("state_update", state="idle")
        socket.transport.pause_reading()  # half-open: nothing is heard of it any more
        await until_sessions(base, detached=1)
        async with returned(f"ws://{base}", client) as back:
            assert back.ready["resumed"]
        client.drop()


async def test_who_says_goodbye_is_forgotten(embedded: Running) -> None:
    async with joined(embedded.ws_url, output="text") as client:
        await client.send("text", text="My name is Ada.")
        await client.until("turn_end", reason="completed")
        await client.send("goodbye")
        assert await closed(client.socket) == 1000
    async with returned(address(embedded), client, output="text") as back:
        assert not back.ready["resumed"] and "history" not in back.ready
        await back.until("notice", component="session")


async def test_a_goodbye_ends_what_is_being_said(embedded: Running) -> None:
    async with joined(embedded.ws_url) as client:
        await client.send("say", text="This is a long sentence that nobody will hear to its end.")
        await client.until("state_update", state="speaking")
        await client.send("goodbye")
        assert await closed(client.socket) == 1000


async def test_a_question_that_is_sent_again_over_the_next_line_is_answered_once(
    embedded: Running,
) -> None:
    question = {"text": "My name is Ada.", "message_id": "a-name"}
    async with joined(embedded.ws_url, output="text") as first:
        await first.send("text", **question)
        first.drop()  # it may have been taken, or not
    async with returned(address(embedded), first, output="text") as second:
        if second.ready.get("answered") != "a-name":
            await second.send("text", **question)
            await second.until("turn_end", reason="completed")
            await second.until("state_update", state="idle")
        await second.send("text", **question)
        await second.quiet()
        second.drop()
    async with returned(address(embedded), second, output="text") as third:
        assert third.ready["answered"] == "a-name"
        lines = [item["text"] for item in third.ready["history"] if item["role"] == "user"]
        assert lines == ["My name is Ada."]
