"""What a second of video costs, on one thread of one process, by part; ours against Wav2Lip's size.

Counts processor time, not wall time, so that a busy machine disturbs it less.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any, get_args

import numpy as np
import psutil
import soxr

from backend.avatar.figure.camera import Camera
from backend.avatar.figure.performance import Performance
from backend.avatar.lips.hearing import Hearing
from backend.avatar.lips.loudness import Loudness
from backend.avatar.mouths.lipsync import LipSync, load_lipsync
from backend.avatar.mouths.painter import Painter, Shot, open_painter
from backend.avatar.mouths.template import load_template
from backend.avatar.packages.card import DrawnBy
from backend.avatar.packages.package import AvatarPackage
from backend.avatar.packages.shelf import find_avatar
from backend.avatar.pictures.codecs import FPS, I420, SAMPLE_RATE, VideoFormat
from backend.avatar.pictures.colour import Float32
from backend.avatar.pictures.stream_encoder import StreamEncoder
from backend.avatar.renderer import Line, Renderer, RenderOptions
from backend.config import AvatarSettings, EngineSettings, Settings, load_settings
from backend.engine.local import LocalEngine
from backend.errors import AssetError
from backend.handlers.tts.espeak_native import Manner, espeak
from bench import stream, twins

BATCH = 8
LONGEST_MEASURE_S = 600.0
SENTENCE_S = 3.0
SENTENCE = "Maybe five of them would choose warm milk; how far is the boat from the sharp edge?"


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
        reply = await stream.measure(engine, settings, speech(SENTENCE_S))
        return {**figures, "worker_load_s": round(load_s, 2), "stream": reply}
    finally:
        await engine.close()


class Booth:
    """Lives in the worker."""

    def __init__(self, settings: AvatarSettings) -> None:
        self._settings = settings
        self._package = find_avatar(settings.dir, settings.default)
        options = RenderOptions(1, settings.crf, settings.audio_kbps)
        self._renderer = Renderer(self._package.root, settings.model, options)

    def measure(self, video_s: float, repeats: int) -> dict[str, Any]:
        sound = speech(video_s)
        video_s = len(sound) / SAMPLE_RATE
        whole_s = statistics.median(_whole(self._renderer, sound) for _ in range(repeats))
        our_ms = 1000 * _net_s(load_lipsync(self._settings.model))
        return {
            "core_s_per_video_s": round(whole_s / video_s, 3),
            "times_faster_than_real_time": round(video_s / whole_s, 2),
            "ms_per_frame": dict(self._paths(sound)),
            "int8_against_fp32": dict(twins.compare(self._package, self._settings)),
            "net_ms_per_frame": round(our_ms, 2),
            **_against_wav2lip(our_ms),
            "worker_resident_mb": round(psutil.Process().memory_info().rss / 2**20),
        }

    def _paths(self, sound: np.ndarray) -> Iterator[tuple[str, dict[str, float | str]]]:
        """Mel to encoded frame by everything that can draw this avatar, step by step."""
        for drawn_by in get_args(DrawnBy):
            try:
                painter = open_painter(self._package, self._settings.model, 1, drawn_by)
            except AssetError as error:
                yield drawn_by, {"cannot": error.message}
                continue
            seconds, frames = _parts(self._package, painter, sound, self._settings.crf)
            steps = {name: round(1000 * s / frames, 2) for name, s in seconds.items()}
            yield drawn_by, {"by": painter.name, **steps, "in_all": round(sum(steps.values()), 2)}


class Timed:
    """A painter whose time is taken apart from the rest of a picture's."""

    def __init__(self, painter: Painter, clock: CpuClock) -> None:
        self.name, self.listener = painter.name, painter.listener
        self._painter, self._clock = painter, clock

    def paint(self, shots: Sequence[Shot], drive: Float32, presence: Float32) -> list[I420]:
        with self._clock("mouth"):
            return self._painter.paint(shots, drive, presence)


def speech(duration_s: float) -> np.ndarray:
    """(n,) int16: a sentence said over and over, about this long."""
    utterance = espeak().speak(SENTENCE, Manner("en-us"))
    once = soxr.resample(utterance.pcm, utterance.rate_hz, SAMPLE_RATE)
    return np.tile(once, max(1, round(duration_s * SAMPLE_RATE / len(once))))


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
    package: AvatarPackage, painter: Painter, sound: np.ndarray, crf: int
) -> tuple[dict[str, float], int]:
    """The renderer's own steps, one by one, in seconds, and how many frames they made."""
    clock, card, template = CpuClock(), package.card, load_template(package)
    form = VideoFormat(card.width, card.height, template.colour, crf)
    encoder, hearing = StreamEncoder(form), Hearing(painter.listener, StreamEncoder)
    camera = Camera(package, template.tracks, Timed(painter, clock), alpha=False)
    performance, loudness, done = Performance(card.feelings, moves_head=True), Loudness(), 0
    performance.begin(None, "idle")
    loudness.feed(sound)
    hearing.feed(sound, True)
    while hearing.ready:
        with clock("hearing"):
            heard = hearing.take()
        numbers = range(done, done + len(heard.presence))
        done = numbers.stop
        with clock("head"):
            beats = [performance.step(loudness.at(number), None) for number in numbers]
            looped = [number % card.frames for number in numbers]
            pictures = camera.take(looped, beats, heard.drive, heard.presence)
        with clock("encoding"):
            encoder.hear(heard.pcm)
            for picture in pictures:
                encoder.show(picture)
    with clock("encoding"):
        encoder.cut(ends_sentence=True)
    # The mouth is drawn within the rest of the picture.
    clock.seconds["head"] -= clock.seconds["mouth"]
    return clock.seconds, done


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
