"""Typed text to the first byte of video, over a real WebSocket, with the embedded chain."""

from __future__ import annotations

import asyncio
import statistics
from typing import Any

from bench.service import running_service
from bench.visitor import FILES, STREAM, Reply, one_question

QUESTION = "Hello, who are you?"
WARM_UP_TURNS = 3


def measure(turns: int = 30) -> dict[str, Any]:
    """First byte p50 and p95 as a stream and as files, the stage split, and memory after it all."""
    with running_service() as service:
        stream = asyncio.run(_talk(service.ws_url, turns, STREAM))
        files = asyncio.run(_talk(service.ws_url, turns, FILES))
        resident = service.resident_mb()
    return {
        "turns": turns,
        "stream": _figures(stream),
        "files": _figures(files),
        "resident_mb": {role: round(size, 0) for role, size in resident.items()},
    }


async def _talk(url: str, turns: int, video: dict[str, str]) -> list[Reply]:
    """A new visitor for each turn, so that each hears the same first sentence."""
    replies = [await one_question(url, QUESTION, video) for _ in range(WARM_UP_TURNS + turns)]
    return replies[WARM_UP_TURNS:]


def _figures(replies: list[Reply]) -> dict[str, Any]:
    names = replies[0].metrics
    return {
        "first_byte_p50_ms": round(percentile([reply.first_byte_ms for reply in replies], 50), 1),
        "first_byte_p95_ms": round(percentile([reply.first_byte_ms for reply in replies], 95), 1),
        "first_chunk_video_ms": statistics.median(reply.chunks[0][1] for reply in replies),
        "longest_stall_ms": round(max(reply.stalled_ms for reply in replies), 1),
        "split_median_ms": {
            name: round(statistics.median(reply.metrics[name] for reply in replies), 1)
            for name in names
        },
    }


def percentile(values: list[float], percent: float) -> float:
    """The value that so many percent do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * int(percent) // 100) - 1)]
