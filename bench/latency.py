"""Typed text to the first byte of video, over a real WebSocket, with the embedded chain."""

from __future__ import annotations

import asyncio
import json
import statistics
import time
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from bench.service import running_service

QUESTION = "Hello, who are you?"
WARM_UP_TURNS = 3


def measure(turns: int = 30) -> dict[str, Any]:
    """`first_byte_ms` p50/p95, medians of the stage split, and memory after the run."""
    with running_service() as service:
        samples = asyncio.run(_talk(service.ws_url, turns + WARM_UP_TURNS))[WARM_UP_TURNS:]
        resident = service.resident_mb()
    first = [sample["first_byte_ms"] for sample in samples]
    names = [name for name in samples[0] if name != "first_byte_ms"]
    return {
        "turns": turns,
        "first_byte_p50_ms": round(statistics.median(first), 1),
        "first_byte_p95_ms": round(sorted(first)[int(0.95 * (len(first) - 1))], 1),
        "split_median_ms": {
            name: round(statistics.median(sample[name] for sample in samples), 1) for name in names
        },
        "resident_mb": {role: round(size, 0) for role, size in resident.items()},
    }


async def _talk(url: str, turns: int) -> list[dict[str, float]]:
    """A new visitor for each turn, so that each hears the same first sentence."""
    return [await visit(url) for _ in range(turns)]


async def visit(url: str) -> dict[str, float]:
    """One visitor with one question: the times of the answer, in ms.

    `stalled_ms` is how long a player that starts at once would have stood still for want of the
    next chunk.
    """
    async with connect(url, max_size=None) as socket:
        await socket.send(json.dumps({"type": "hello", "protocol": 1}))
        while json.loads(await socket.recv())["type"] != "state_update":
            pass
        return await _one_turn(socket)


async def _one_turn(socket: ClientConnection) -> dict[str, float]:
    asked = time.perf_counter()
    await socket.send(json.dumps({"type": "text", "text": QUESTION}))
    sample: dict[str, float] = {"stalled_ms": 0.0}
    meta: dict[str, Any] = {}
    played_until = 0.0
    while True:
        frame = await socket.recv()
        if isinstance(frame, bytes):
            arrived = (time.perf_counter() - asked) * 1000
            if "first_byte_ms" not in sample:
                sample["first_byte_ms"] = played_until = arrived
                sample["first_sentence_sound_ms"] = meta["duration_ms"]
            sample["stalled_ms"] += max(0.0, arrived - played_until)
            played_until = max(arrived, played_until) + meta["duration_ms"]
            await _heard(socket, meta)
            continue
        meta = json.loads(frame)
        if meta["type"] == "turn_end":
            metrics: dict[str, float] = meta["metrics"]
            return sample | metrics


async def _heard(socket: ClientConnection, meta: dict[str, Any]) -> None:
    """Tell the service that the chunk was played, so that a turn takes no longer than its work."""
    report = {
        "type": "playback",
        "generation_id": meta["generation_id"],
        "chunk_seq": meta["chunk_seq"],
        "event": "ended",
    }
    await socket.send(json.dumps(report))
