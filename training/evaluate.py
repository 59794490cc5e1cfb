"""One command that says how good the shipped net is, and writes it down for people and programs.

    python -m training.evaluate [--models models/onnx] [--speech FOLDER] [--before CARD]
                                [--crops FOLDER]

Voices (`voices`) and sentences here were never trained on. Sound takes the service's own path: its
mel, its nets, its timing logic. Needs no torch. Writes the model card and `docs/lipsync.md` with
its pictures. `--speech` adds recordings of people (WAV with text beside), `--before` the numbers of
an older net's card (JSON) beside the new ones.
"""

import argparse
import os
import platform
import re
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from backend.avatar.lips.articulation_marks import Uttered
from backend.avatar.lips.listener import ControlsListener
from backend.avatar.lips.mel import SAMPLE_RATE_HZ, VIDEO_FPS, Float32
from backend.avatar.mouths.lipsync import ControlledLipSync, LipSync, load_lipsync
from training import card, disguise, measure, plots, report, voices
from training.espeak import Speech
from training.measure import Mouths

MODELS = Path(__file__).parents[1] / "models" / "onnx"
DOCS = Path(__file__).parents[1] / "docs"
NAME = "lightlips"
_QUIET_S = 3
_BATCH_FRAMES = 8
_FAINT_NOISE_DB = -60.0
_LEVELS_DB = {"noise": -30.0, "breath": -25.0, "music": -15.0}

_TRACED = (card.ESPEAK_VOICES, card.FAMILY, card.PEOPLE)

Heard = dict[str, list[Mouths]]


def heard_by(draw: Callable[[Speech], Float32], kinds: Mapping[str, Sequence[Speech]]) -> Heard:
    """Drawn and true mouths of every sentence, by kind of voice."""
    return {
        kind: [measure.mouths(speech, draw(speech)) for speech in speeches]
        for kind, speeches in kinds.items()
    }


def uttered(speech: Speech) -> list[Uttered]:
    """Its marks, as a voice of the service tells them."""
    ends_s = [*(phone.start_s for phone in speech.phones[1:]), speech.duration_s]
    return [
        Uttered(phone.start_s, end_s, phone.name)
        for phone, end_s in zip(speech.phones, ends_s, strict=True)
    ]


def nobody_speaks(net: ControlsListener) -> dict[str, card.Quiet]:
    """How the mouth behaves in three seconds without speech."""
    rng = np.random.default_rng(0)
    samples = _QUIET_S * SAMPLE_RATE_HZ
    faint = rng.normal(0, 10 ** (_FAINT_NOISE_DB / 20), samples)
    sounds = {
        "digital silence": np.zeros(samples, np.float32),
        f"noise at {_FAINT_NOISE_DB:g} dBFS": faint.astype(np.float32),
    }
    for name, level_db in _LEVELS_DB.items():
        loud = np.float32(10 ** (level_db / 20))
        sounds[f"{name}, peaks at {level_db:g} dBFS"] = getattr(disguise, name)(samples, rng) * loud
    drawn = {name: net.hear(pcm) for name, pcm in sounds.items()}
    return {
        name: card.Quiet(measure.restlessness(controls), measure.parted(controls))
        for name, controls in drawn.items()
    }


def speed(net: LipSync, runs: int = 60) -> card.Speed:
    """One batch of the service's, heard and drawn on one thread: the fastest of many, for what else
    a machine does only ever slows one down."""
    random = np.random.default_rng(0)
    samples = _BATCH_FRAMES * SAMPLE_RATE_HZ // VIDEO_FPS
    pcm = random.normal(0, 0.1, samples).astype(np.float32)
    face = random.uniform(0, 1, (_BATCH_FRAMES, 6, 96, 96)).astype(np.float32)
    cpu_s, wall_s = [], []
    for _ in range(runs):
        cpu_start, wall_start = time.process_time(), time.perf_counter()
        net.draw(face, net.hear(pcm))
        cpu_s.append(time.process_time() - cpu_start)
        wall_s.append(time.perf_counter() - wall_start)
    per_frame_ms = 1e3 / _BATCH_FRAMES
    return card.Speed(min(cpu_s) * per_frame_ms, min(wall_s) * per_frame_ms)


def _machine() -> str:
    model = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    return f"{os.cpu_count()} cores, {model[1] if model else platform.processor()}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", type=Path, default=MODELS)
    parser.add_argument("--speech", type=Path, help="a folder of recordings with their texts")
    parser.add_argument("--before", type=Path, help="an older net's card")
    options = parser.parse_args()
    net = load_lipsync(options.models / f"{NAME}.json", threads=1)
    assert isinstance(net, ControlledLipSync)
    kinds = {voice.name: voices.speeches(voice) for voice in voices.voices(options.speech)}
    heard = heard_by(lambda speech: net.hear(speech.pcm), kinds)
    told = heard_by(lambda speech: net.hear(speech.pcm, uttered(speech)), kinds)
    numbers = card.Numbers(
        voices={kind: measure.score(mouths) for kind, mouths in heard.items()},
        with_marks={kind: measure.score(mouths) for kind, mouths in told.items()},
        before=card.voices_of(options.before) if options.before else {},
        quiet=nobody_speaks(net),
        speed={"as the service runs it": speed(net)},
        machine=_machine(),
        date=datetime.now(UTC).date().isoformat(),
    )
    print(card.tables(numbers))
    card.write(options.models, NAME, numbers)
    report.write(DOCS / "lipsync.md", numbers)
    plots.voices(DOCS / report.VOICES_PICTURE, numbers)
    traced = {kind: heard[kind] for kind in _TRACED if kind in heard}
    plots.traces(DOCS / report.TRACES_PICTURE, traced)


if __name__ == "__main__":
    main()
