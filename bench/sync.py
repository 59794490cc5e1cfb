"""How far lips and sound are apart in what is sent: every avatar, both containers, and ten minutes.

The avatar stage over a real worker draws replies; they are decoded again and measured as
`backend.avatar.sync` says. EBU R37 allows 40 ms.
"""

from __future__ import annotations

import asyncio
import tempfile
from dataclasses import replace
from itertools import count, cycle
from pathlib import Path
from typing import Any

from backend.avatar import sync
from backend.avatar.lips.listener import load_controls_listener
from backend.avatar.packages.package import AvatarPackage
from backend.avatar.packages.shelf import list_avatars
from backend.config import EngineSettings, Settings, load_settings
from backend.engine.local import LocalEngine
from backend.handlers.avatar.lipsync import LipSyncAvatar
from backend.handlers.base import Context, Options, Weights
from backend.handlers.messages import Sentence, SpokenAudio, Stamp
from backend.handlers.tts.espeak import to_marks, to_pcm
from backend.handlers.tts.espeak_native import Manner, espeak
from backend.protocol import VideoFormat

STREAM = VideoFormat(container="fmp4", chunking="progressive")
FILE = VideoFormat(container="mp4", chunking="sentence")
SENTENCES = (
    "Please take the stairs to the second floor, turn left, and ask for my friend Pamela.",
    "Bob and Pamela wait for you at the door, so come in whenever you like.",
    "The museum opens at nine in the morning, and the last visitors leave at half past six.",
    "My grandmother baked apple pies on Sunday, and the whole village came by.",
)
SHORT_S, LONG_S = 20.0, 600.0


def measure() -> dict[str, Any]:
    """Milliseconds by which the mouth comes after its sound, and how much that grows."""
    with tempfile.TemporaryDirectory() as cache:
        settings = load_settings()
        avatar = settings.avatar.model_copy(update={"cache_dir": Path(cache)})
        return asyncio.run(_measure(settings.model_copy(update={"avatar": avatar})))


async def _measure(settings: Settings) -> dict[str, Any]:
    engine = LocalEngine(EngineSettings(render_workers=1))
    await engine.start()
    try:
        found: dict[str, Any] = {}
        packages = list_avatars(settings.avatar.dir)
        for package in packages:
            stream = await _shown(engine, settings, package, STREAM, SHORT_S)
            found[package.card.id] = {
                "stream": _offset(settings, package, b"".join(stream)),
                "file": _offset(settings, package, (await _one_file(engine, settings, package))),
            }
        long = await _shown(engine, settings, packages[0], STREAM, LONG_S)
        found["ten_minutes"] = _offset(settings, packages[0], b"".join(long))
        return found
    finally:
        await engine.close()


async def _one_file(engine: LocalEngine, settings: Settings, package: AvatarPackage) -> bytes:
    return (await _shown(engine, settings, package, FILE, 1.0))[0]


async def _shown(
    engine: LocalEngine,
    settings: Settings,
    package: AvatarPackage,
    video: VideoFormat,
    long_s: float,
) -> list[bytes]:
    """The chunks of one reply of at least `long_s`."""
    options = Options(avatar=package.card.id, video=video)
    stage = LipSyncAvatar(Context("bench", settings, engine, Weights(), options))
    await stage.initialize()
    chunks: list[bytes] = []
    shown_ms = 0.0
    try:
        for index, text in zip(count(), cycle(SENTENCES), strict=False):
            async for chunk in stage.process(_spoken(index, text)):
                chunks.append(chunk.data)
                shown_ms += chunk.duration_ms
            if shown_ms >= long_s * 1000:
                return chunks
    finally:
        await stage.release()
    raise AssertionError("sentences do not end")


def _spoken(index: int, text: str) -> SpokenAudio:
    utterance = espeak().speak(text, Manner("en-us"))
    stamp = Stamp("bench", 1)
    sound = SpokenAudio(stamp, Sentence(stamp, index, text, text, "en"), to_pcm(utterance), True)
    return replace(sound, marks=tuple(to_marks(utterance)))


def _offset(settings: Settings, package: AvatarPackage, data: bytes) -> dict[str, float]:
    video = sync.video_of(data, package.card)
    listener = load_controls_listener(settings.avatar.model)
    found = sync.measure(sync.seen(video), sync.heard(listener, video.pcm))
    return {
        "offset_ms": round(1000 * found.offset_s, 1),
        "correlation": round(found.correlation, 2),
        **({"drift_ms": round(1000 * found.drift_s, 1)} if found.drift_s else {}),
    }
