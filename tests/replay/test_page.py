"""The page without a screen plays in time, says so, and falls silent when it is told to."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from backend import clock, virtual_time
from backend.api.line import LineLost
from backend.protocol import PlaybackControl, ServerMessage, TtsAudioChunk, TurnEnd
from backend.replay.page import Manner, Page

Report = tuple[float, str, int, float]


async def send(page: Page, generation: int, chunk_seq: int, duration_ms: float) -> None:
    meta = TtsAudioChunk(
        generation_id=generation, chunk_seq=chunk_seq, sentence_index=0, part=0, is_last=True,
        text="", size=1, mime="audio/wav", duration_ms=duration_ms, sample_rate=16_000, codec="x",
    )  # fmt: skip
    await page.send_text(meta.model_dump_json())
    await page.send_bytes(b"x")


async def tell(page: Page, message: ServerMessage) -> None:
    await page.send_text(message.model_dump_json())


def reports(manner: Manner, show: Callable[[Page], Coroutine[Any, Any, None]]) -> list[Report]:
    """What the page says while `show` goes on, and when."""

    async def main() -> list[Report]:
        said: list[Report] = []
        page = Page(manner)

        async def listen() -> None:
            while True:
                report = json.loads(await page.receive())
                at = (round(clock.now(), 3), report["event"], report["chunk_seq"])
                said.append((*at, report["position_ms"]))

        listening = asyncio.create_task(listen())
        await show(page)
        await asyncio.sleep(10)
        page.hang_up()
        with pytest.raises(LineLost):
            await listening
        return said

    return virtual_time.run(main())


def test_plays_chunk_after_chunk() -> None:
    async def show(page: Page) -> None:
        await send(page, 1, 0, 1000)
        await send(page, 1, 1, 500)

    assert reports(Manner(start_ms=40, gap_ms=10), show) == [
        (0.04, "started", 0, 0.0),
        (1.04, "ended", 0, 1000.0),
        (1.05, "started", 1, 0.0),
        (1.55, "ended", 1, 500.0),
    ]


def test_holds_and_goes_on_where_it_was() -> None:
    async def show(page: Page) -> None:
        await send(page, 1, 0, 1000)
        await asyncio.sleep(0.3)
        await tell(page, PlaybackControl(action="pause", generation_id=1))
        await send(page, 1, 1, 100)
        await asyncio.sleep(2)
        await tell(page, PlaybackControl(action="resume", generation_id=1))

    assert reports(Manner(), show) == [
        (0.0, "started", 0, 0.0),
        (0.3, "paused", 0, 300.0),
        (2.3, "resumed", 0, 300.0),
        (3.0, "ended", 0, 1000.0),
        (3.0, "started", 1, 0.0),
        (3.1, "ended", 1, 100.0),
    ]


def test_stops_when_it_is_interrupted() -> None:
    async def show(page: Page) -> None:
        await send(page, 1, 0, 1000)
        await send(page, 1, 1, 1000)
        await asyncio.sleep(0.25)
        await tell(page, TurnEnd(reason="interrupted", metrics={}, generation_id=1))
        await send(page, 3, 0, 100)

    assert reports(Manner(), show) == [
        (0.0, "started", 0, 0.0),
        (0.25, "stopped", 0, 250.0),
        (0.25, "started", 0, 0.0),
        (0.35, "ended", 0, 100.0),
    ]


def test_one_that_does_not_report_says_nothing() -> None:
    async def show(page: Page) -> None:
        await send(page, 1, 0, 1000)

    assert reports(Manner(reports=False), show) == []


def test_a_line_that_is_cut_is_cut_both_ways() -> None:
    async def main() -> None:
        page = Page(Manner())
        await send(page, 1, 0, 1000)
        page.hang_up()
        assert not page.is_open
        with pytest.raises(LineLost):
            await page.receive()
        with pytest.raises(LineLost):
            await send(page, 1, 1, 1000)

    virtual_time.run(main())
