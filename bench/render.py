"""What a second of video costs, on one thread of one process, by part; ours against Wav2Lip's size.

Counts processor time, not wall time, so that a busy machine disturbs it less.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from backend.avatar.codecs import FPS, SAMPLE_RATE, VideoFormat
from backend.avatar.compositor import Compositor
from backend.avatar.hearing import Hearing
from backend.avatar.lipsync import LipSync, load_lipsync
from backend.avatar.renderer import Line, Renderer, RenderOptions
from backend.avatar.shelf import find_avatar
from backend.avatar.stream_encoder import StreamEncoder
from backend.avatar.template import Template, load_template
from backend.config import AvatarSettings, EngineSettings, Settings, load_settings
from backend.engine.local import LocalEngine
from bench import stream

BATCH = 8
LONGEST_MEASURE_S = 600.0
SENTENCE_S = 3.0


class CpuClock:
    """Processor seconds of this process by name."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        begin_s = time.process_time()
        yield
        self.seconds[name] = self.seconds.get(name, 0.0) + time.process_time() - begin_s


def measure(video_s: float = 10.0, repeats: int = 3) -> dict[str, Any]:
    """Core-seconds per second of video with its split, milliseconds of net per frame, and a reply
    as a stream.

    Raises:
        AssetError: there is no avatar, or no net.
    """
    return asyncio.run(_measure_in_a_worker(load_settings(), video_s, repeats))


async def _measure_in_a_worker(settings: Settings, video_s: float, repeats: int) -> dict[str, Any]:
    """Where rendering really runs: a worker has its own limits on threads."""
    engine = LocalEngine(EngineSettings(render_workers=1, call_timeout_s=LONGEST_MEASURE_S))
    await engine.start()
    try:
        begin_s = time.perf_counter()
        booth = await engine.spawn(Booth, settings.avatar)
        load_s = time.perf_counter() - begin_s
        figures: dict[str, Any] = await booth.call("measure", video_s, repeats)
        reply = await stream.measure(engine, settings, babble(SENTENCE_S))
        return {**figures, "worker_load_s": round(load_s, 2), "stream": reply}
    finally:
        await engine.close()


class Booth:
    """Lives in the worker."""

    def __init__(self, settings: AvatarSettings) -> None:
        package = find_avatar(settings.dir, settings.default)
        self._net = load_lipsync(settings.model)
        self._template = load_template(package)
        colour = self._template.colour
        self._format = VideoFormat(package.card.width, package.card.height, colour, settings.crf)
        options = RenderOptions(1, settings.crf, settings.audio_kbps)
        self._renderer = Renderer(package.root, settings.model, options)

    def measure(self, video_s: float, repeats: int) -> dict[str, Any]:
        sound = babble(video_s)
        whole_s = statistics.median(_whole(self._renderer, sound) for _ in range(repeats))
        parts = _parts(self._net, self._template, self._format, sound)
        our_ms = 1000 * _net_s(self._net)
        resident_mb = round(psutil.Process().memory_info().rss / 2**20)
        return {
            "core_s_per_video_s": round(whole_s / video_s, 3),
            "times_faster_than_real_time": round(video_s / whole_s, 2),
            "ms_per_frame": {n: round(1000 * s / FPS / video_s, 2) for n, s in parts.items()},
            "net_ms_per_frame": round(our_ms, 2),
            **_against_wav2lip(our_ms),
            "worker_resident_mb": resident_mb,
        }


def babble(duration_s: float) -> np.ndarray:
    """(n,) int16 sound that keeps the mouth busy: noise that swells four times a second."""
    rng = np.random.default_rng(1)
    time_s = np.arange(int(duration_s * SAMPLE_RATE)) / SAMPLE_RATE
    swell = 0.55 + 0.45 * np.sin(2 * np.pi * 4 * time_s)
    return (4000 * swell * rng.standard_normal(len(time_s))).clip(-32768, 32767).astype(np.int16)


def _whole(renderer: Renderer, sound: np.ndarray) -> float:
    begin_s = time.process_time()
    progress = renderer.push(Line(0, 0, begin_at=0), sound, True, None)
    while progress.more:
        progress = renderer.advance(None)
    return time.process_time() - begin_s


def _parts(
    net: LipSync, template: Template, form: VideoFormat, sound: np.ndarray
) -> dict[str, float]:
    """The renderer's own steps, one by one."""
    clock, compositor, encoder = CpuClock(), Compositor(template), StreamEncoder(form)
    hearing, done = Hearing(net, StreamEncoder), 0
    hearing.feed(sound, True)
    while hearing.ready:
        with clock("hear"):
            heard = hearing.take()
        numbers = [(done + n) % len(template.frames) for n in range(len(heard.presence))]
        done += len(numbers)
        with clock("net"):
            painted = net.draw(template.faces(numbers), heard.drive)
        with clock("blend"):
            pictures = [
                compositor.paste(number, mouth, 1.0)
                for number, mouth in zip(numbers, painted, strict=True)
            ]
        with clock("encode"):
            encoder.hear(heard.pcm)
            for picture in pictures:
                encoder.show(picture)
    with clock("encode"):
        encoder.cut(ends_sentence=True)
    return clock.seconds


def _net_s(net: LipSync, batches: int = 10) -> float:
    """Processor seconds per frame, median over batches."""
    rng = np.random.default_rng(2)
    pcm = rng.normal(0, 0.1, BATCH * SAMPLE_RATE // FPS).astype(np.float32)
    face = rng.uniform(0, 1, (BATCH, 6, 96, 96)).astype(np.float32)
    net.draw(face, net.hear(pcm))
    taken = []
    for _ in range(batches):
        begin_s = time.process_time()
        net.draw(face, net.hear(pcm))
        taken.append(time.process_time() - begin_s)
    return statistics.median(taken) / BATCH


def _against_wav2lip(our_ms: float) -> dict[str, float]:
    """The same measure on the original's shape with random weights; needs the `onnx` package."""
    if find_spec("onnx") is None:
        return {}
    from bench import wav2lip_shape

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "wav2lip_shape.onnx"
        wav2lip_shape.build(path)
        original_ms = 1000 * _net_s(load_lipsync(path), batches=3)
    return {
        "wav2lip_size_net_ms_per_frame": round(original_ms, 1),
        "net_speedup": round(original_ms / our_ms, 1),
    }
