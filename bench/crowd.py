"""Several people ask at the same instant, which is the worst that a crowd can do."""

from __future__ import annotations

import asyncio
import statistics
from typing import Any

from bench.latency import visit
from bench.service import running_service

CROWDS = (1, 2, 4, 8)


def measure(rounds: int = 5) -> dict[str, Any]:
    """Per size of crowd: first byte of video, and how long any player would have stood still."""
    with running_service() as service:
        asyncio.run(visit(service.ws_url))
        return {
            f"{size}_at_once": asyncio.run(_rounds(service.ws_url, size, rounds)) for size in CROWDS
        }


async def _rounds(url: str, size: int, rounds: int) -> dict[str, float]:
    samples: list[dict[str, float]] = []
    for _ in range(rounds):
        samples += await asyncio.gather(*(visit(url) for _ in range(size)))
    first = [sample["first_byte_ms"] for sample in samples]
    return {
        "first_byte_p50_ms": round(statistics.median(first), 1),
        "first_byte_max_ms": round(max(first), 1),
        "longest_stall_ms": round(max(sample["stalled_ms"] for sample in samples), 1),
    }
