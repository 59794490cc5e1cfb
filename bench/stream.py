"""How soon the first chunk of a reply is drawn, and whether the reply's stream has a seam.

The avatar stage alone, over a real worker: sound is handed over by whole sentences.
"""

from __future__ import annotations

import io
import statistics
import time
from itertools import pairwise
from typing import Any

import av
import numpy as np

from backend.config import Settings
from backend.engine.local import LocalEngine
from backend.handlers.avatar.lipsync import LipSyncAvatar
from backend.handlers.base import Context, Options, Weights
from backend.handlers.messages import Sentence, SpokenAudio, Stamp, VideoChunk
from backend.protocol import VideoFormat

OPTIONS = Options(video=VideoFormat(container="fmp4", chunking="progressive"))
SENTENCES = 3


async def measure(engine: LocalEngine, settings: Settings, sound: np.ndarray) -> dict[str, Any]:
    """Milliseconds from a sentence's sound to its first chunk, and seams of a whole reply.

    sound: (n,) int16 at 16 kHz, one sentence; each reply says it three times.
    """
    stage = LipSyncAvatar(Context("bench", settings, engine, Weights(), OPTIONS))
    await stage.initialize()
    try:
        replies = [await _reply(stage, number, sound) for number in range(10)]
    finally:
        await stage.release()
    chunks = replies[-1][1]
    return {
        "first_chunk_ms": round(1000 * statistics.median(first_s for first_s, _ in replies), 1),
        "first_chunk_video_ms": chunks[0].duration_ms,
        "chunks": len(chunks),
        **_seams(b"".join(chunk.data for chunk in chunks)),
    }


async def _reply(
    stage: LipSyncAvatar, number: int, sound: np.ndarray
) -> tuple[float, list[VideoChunk]]:
    begin_s, first_s = time.perf_counter(), 0.0
    chunks: list[VideoChunk] = []
    for index in range(SENTENCES):
        stamp = Stamp("bench", number)
        spoken = SpokenAudio(stamp, Sentence(stamp, index, "", "", "en"), sound, is_last=True)
        async for chunk in stage.process(spoken):
            first_s = first_s or time.perf_counter() - begin_s
            chunks.append(chunk)
    return first_s, chunks


def _seams(data: bytes) -> dict[str, int]:
    """Places where a decoder finds a picture or a block of sound not right after the last one."""
    spans: dict[str, list[tuple[int, int]]] = {"video": [], "audio": []}
    with av.open(io.BytesIO(data), "r") as file:
        for packet in file.demux():
            if packet.pts is not None and packet.duration is not None:
                spans[packet.stream.type].append((packet.pts, packet.pts + packet.duration))
    return {
        f"{kind}_seams": sum(end != begin for (_, end), (begin, _) in pairwise(packets))
        for kind, packets in spans.items()
    }
