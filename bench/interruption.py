"""How soon an interrupted reply is silent, while several sessions talk."""

from __future__ import annotations

import asyncio
import random
import statistics
import time
from contextlib import suppress

from bench.latency import percentile
from bench.service import running_service
from bench.visitor import STREAM, Visitor, visiting

SPEECH = "The river goes on and on, past the mill, past the old bridge, and down to the sea. " * 12
TALKING = 4
QUIET_AFTER_S = 0.4
"""Nothing of the old reply in so long a time is taken for its end."""


def measure(interruptions: int = 60) -> dict[str, float]:
    """From sending `interrupt` to the last frame of the old generation, in ms."""
    with running_service() as service:
        return asyncio.run(_measure(service.ws_url, interruptions))


async def _measure(url: str, interruptions: int) -> dict[str, float]:
    dice = random.Random(1)
    each = interruptions // TALKING
    talkers = (_talker(url, dice, each) for _ in range(TALKING))
    waits_ms = [wait for waits in await asyncio.gather(*talkers) for wait in waits]
    return {
        "talking": TALKING,
        "interruptions": len(waits_ms),
        "last_old_byte_p50_ms": round(statistics.median(waits_ms), 1),
        "last_old_byte_p95_ms": round(percentile(waits_ms, 95), 1),
        "last_old_byte_max_ms": round(max(waits_ms), 1),
    }


async def _talker(url: str, dice: random.Random, interruptions: int) -> list[float]:
    """Says something long, is interrupted somewhere in it, and begins again."""
    async with visiting(url, STREAM) as visitor:
        return [await _one(visitor, 0.2 + 3 * dice.random()) for _ in range(interruptions)]


async def _one(visitor: Visitor, after_s: float) -> float:
    await visitor.send("say", text=SPEECH)
    old = (await visitor.until("video_chunk_meta"))["generation_id"]
    await _listen(visitor, old, after_s)
    sent = time.perf_counter()
    await visitor.send("interrupt")
    last = await _listen(visitor, old, QUIET_AFTER_S)
    return max(0.0, last - sent) * 1000


async def _listen(visitor: Visitor, generation: int, seconds: float) -> float:
    """For so long; when the last frame of the generation came."""
    last = time.perf_counter()
    with suppress(TimeoutError):  # the time to listen is over
        async with asyncio.timeout(seconds):
            while True:
                received = await visitor.receive()
                if received.message.get("generation_id") == generation:
                    last = received.at_s
    return last
