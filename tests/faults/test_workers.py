"""A process that draws is killed in the middle of a chunk: at most that chunk is lost."""

from __future__ import annotations

import asyncio
import os
import signal

from tests.conftest import Serve
from tests.integration.service_status import status
from tests.ws_client import joined

TEXT = "This is a rather long sentence about rivers, trees and mountains. " * 4


async def test_at_most_the_chunk_in_the_making_is_lost(serve: Serve) -> None:
    video = {"container": "fmp4", "chunking": "progressive"}
    async with (
        serve(session={"ahead_s": 1000.0}) as base,
        joined(f"ws://{base}/ws/new", video=video) as talks,
        joined(f"ws://{base}/ws/new", video=video) as neighbour,
    ):
        await talks.send("say", text=TEXT)
        await talks.until("turn_end", reason="completed")
        whole_ms = sum(meta["duration_ms"] for meta, _ in talks.media)
        pieces = {meta["sentence_index"] for meta, _ in talks.media}
        before = len(talks.media)

        await talks.send("say", text=TEXT)
        await neighbour.send("say", text=TEXT)
        await talks.until("video_chunk_meta", chunk_seq=1)
        for worker in (await status(base))["engine"]["processes"]:
            os.kill(worker["pid"], signal.SIGKILL)
        # Both at once: who does not read hears no ping either.
        await asyncio.gather(
            talks.until("turn_end", reason="completed"),
            neighbour.until("turn_end", reason="completed"),
        )
        again = [meta for meta, _ in talks.media[before:]]
        assert {meta["sentence_index"] for meta in again} == pieces
        assert [meta["chunk_seq"] for meta in again] == list(range(len(again)))
        heard_ms = sum(meta["duration_ms"] for meta in again)
        longest_ms = max(meta["duration_ms"] for meta, _ in talks.media)
        assert heard_ms > whole_ms - longest_ms
        for client in (talks, neighbour):
            await client.send("say", text="I am back.")
            await client.until("turn_end", reason="completed")
            assert client.media[-1][0]["type"] == "video_chunk_meta"
