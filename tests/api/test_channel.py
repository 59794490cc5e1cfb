"""The line that is made of requests: numbering, acknowledging, waiting, and its end."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator

import pytest

from backend.api import channel
from backend.api.channel import HEADER, Channels, HttpLine
from backend.api.line import LineLost


@pytest.fixture
async def line() -> AsyncIterator[HttpLine]:
    line = HttpLine(silence_s=60)
    yield line
    line.hang_up("the test is over")


def frames(body: bytes) -> list[tuple[int, int, bytes]]:
    found = []
    while body:
        kind, number, size = HEADER.unpack_from(body)
        found.append((kind, number, body[HEADER.size : HEADER.size + size]))
        body = body[HEADER.size + size :]
    return found


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_frames_are_given_again_until_they_are_acknowledged(line: HttpLine) -> None:
    await line.send_text("é")
    await line.send_bytes(b"\0\1")
    both = [(0, 1, "é".encode()), (1, 2, b"\0\1")]
    assert frames(await line.poll(0, 0)) == both
    assert frames(await line.poll(0, 0)) == both
    assert frames(await line.poll(1, 0)) == both[1:]
    assert await line.poll(2, 0) == b""


async def test_a_poll_waits_for_the_first_frame(line: HttpLine) -> None:
    waiting = asyncio.create_task(line.poll(0, 60))
    await settle()
    assert not waiting.done()
    await line.send_text("now")
    assert frames(await waiting) == [(0, 1, b"now")]


@pytest.mark.parametrize(("frame", "bound"), [(b"x", "MAX_UNTAKEN_FRAMES"), (b"12345", None)])
async def test_a_sender_waits_for_a_client_that_is_behind(
    line: HttpLine, monkeypatch: pytest.MonkeyPatch, frame: bytes, bound: str | None
) -> None:
    monkeypatch.setattr(channel, bound or "MAX_UNTAKEN_BYTES", 2 if bound else 12)
    await line.send_bytes(frame)
    await line.send_bytes(frame)
    third = asyncio.create_task(line.send_bytes(frame))
    await line.poll(0, 0)
    await settle()
    assert not third.done(), "seen is not acknowledged"
    await line.poll(1, 0)
    await asyncio.wait_for(third, 1)


async def test_one_frame_is_always_taken_however_large(
    line: HttpLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channel, "MAX_UNTAKEN_BYTES", 3)
    await asyncio.wait_for(line.send_bytes(b"12345"), 1)


async def test_what_the_client_sends_comes_in_order_and_is_bounded(
    line: HttpLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(channel.MAX_INBOX_FRAMES):
        await line.deliver(str(number))
    late = asyncio.create_task(line.deliver("late"))
    await settle()
    assert not late.done()
    assert [await line.receive() for _ in range(2)] == ["0", "1"]
    await asyncio.wait_for(late, 1)


async def test_a_cancelled_receive_loses_nothing(line: HttpLine) -> None:
    receiving = asyncio.create_task(line.receive())
    await settle()
    await line.deliver("kept")
    receiving.cancel()
    await asyncio.gather(receiving, return_exceptions=True)
    assert await asyncio.wait_for(line.receive(), 1) == "kept"


async def test_the_close_frame_is_the_last_and_taking_it_ends_the_line(line: HttpLine) -> None:
    await line.send_text("last words")
    await line.close(4001)
    assert not line.is_open
    await line.deliver("too late, and dropped")
    with pytest.raises(LineLost):
        await line.send_text("after the end")
    given = frames(await line.poll(0, 0))
    assert given[-1] == (2, 2, struct.pack(">H", 4001)) and not line.is_gone
    await line.poll(2, 0)
    assert line.is_gone


async def test_silence_ends_the_line_for_everybody_who_waits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(channel, "MAX_UNTAKEN_FRAMES", 1)
    line = HttpLine(silence_s=0.05)
    await line.send_text("one")
    sending = asyncio.create_task(line.send_text("two"))
    for waiting in (line.receive(), sending):
        with pytest.raises(LineLost, match="no poll"):
            await asyncio.wait_for(waiting, 1)
    assert line.is_gone


async def test_an_open_poll_is_no_silence() -> None:
    line = HttpLine(silence_s=0.05)
    await asyncio.gather(line.poll(0, 0.1), line.poll(0, 0.2))
    assert line.is_open
    await asyncio.sleep(0.1)
    assert line.is_gone


async def test_who_hangs_up_wakes_the_poll(line: HttpLine) -> None:
    waiting = asyncio.create_task(line.poll(0, 60))
    await settle()
    line.hang_up("bye")
    assert await asyncio.wait_for(waiting, 1) == b""


async def test_channels_are_found_by_name_while_they_last(line: HttpLine) -> None:
    channels = Channels()

    async def connection() -> None:
        with pytest.raises(LineLost):
            await line.receive()

    channels.open(line, connection())
    assert channels.find(line.name) is line and channels.find("other") is None
    await settle()
    line.hang_up("bye")
    assert channels.find(line.name) is None
    await channels.close()
    assert len(channels) == 0


async def test_a_defect_behind_a_channel_ends_it_and_nothing_else(line: HttpLine) -> None:
    channels = Channels()

    async def connection() -> None:
        raise RuntimeError("A defect.")

    channels.open(line, connection())
    await settle()
    assert len(channels) == 0 and line.is_gone
