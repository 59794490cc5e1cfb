"""One command that says how good the shipped net is, and writes it into the model card.

    python -m training.evaluate [--models models/onnx] [--speech FOLDER] [--pictures …/crops.npz]

Voices and sentences here were never trained on. Sound takes the service's own path: its mel, its
nets, its timing logic. Needs no torch. `--speech` adds recordings of people (WAV with text beside).
"""

import argparse
import os
import platform
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from backend.avatar.lipsync import ControlledLipSync, LipSync, load_lipsync
from backend.avatar.mel import SAMPLE_RATE_HZ, Float32
from training import card, crop_set, flite, measure, sentences
from training.align import recordings
from training.audio import HELD_OUT_FLITE, HELD_OUT_VOICES, normalised
from training.espeak import Espeak, Speech
from training.likeness import drawn_openings, likeness

MODELS = Path(__file__).parents[1] / "models" / "onnx"
NAME = "lightlips"
_FAINT_NOISE_DB = -60.0


def held_out_speech(people: list[Speech]) -> dict[str, list[Speech]]:
    """Speech by kind of voice; every sentence is new to the net, and most voices are too."""
    espeak = Espeak()

    def spoken(voices: Iterable[str], language: str) -> list[Speech]:
        texts = sentences.HELD_OUT[language]
        return [espeak.say(text, voice) for voice in voices for text in texts]

    kinds = {
        "espeak English, service voice": spoken(["en-us+f2"], "en"),
        "espeak Mandarin, service voice": spoken(["cmn+f2"], "zh"),
        card.JUDGED_VOICE: spoken([f"en-us+{v}" for v in HELD_OUT_VOICES], "en"),
        "espeak Mandarin, held-out voices": spoken([f"cmn+{v}" for v in HELD_OUT_VOICES], "zh"),
    }
    if flite.available():
        texts = sentences.HELD_OUT["en"]
        kinds["flite slt, held-out speaker"] = [flite.say(text, HELD_OUT_FLITE) for text in texts]
    if people:
        kinds["human recordings, aligned"] = people
    return {kind: [normalised(speech) for speech in speeches] for kind, speeches in kinds.items()}


def score_voices(
    controls_of: Callable[[Float32], Float32], kinds: Mapping[str, list[Speech]]
) -> dict[str, measure.Score]:
    return {
        kind: measure.score([measure.mouths(s, controls_of(s.pcm)) for s in speeches])
        for kind, speeches in kinds.items()
    }


def movement(controls_of: Callable[[Float32], Float32]) -> dict[str, float]:
    """The largest movement between two frames in three seconds without speech."""
    samples = 3 * SAMPLE_RATE_HZ
    noise = np.random.default_rng(0).normal(0, 10 ** (_FAINT_NOISE_DB / 20), samples)
    return {
        "digital silence": measure.restlessness(controls_of(np.zeros(samples, np.float32))),
        "noise at -60 dBFS": measure.restlessness(controls_of(noise.astype(np.float32))),
    }


def speed(net: LipSync, frames: int = 4, runs: int = 40) -> card.Speed:
    """Medians over batches as the service draws them, on the net's own one thread."""
    random = np.random.default_rng(0)
    mel = random.uniform(-4, 4, (frames, 1, 80, 16)).astype(np.float32)
    face = random.uniform(0, 1, (frames, 6, 96, 96)).astype(np.float32)
    cpu_s, wall_s = [], []
    for _ in range(runs):
        cpu_start, wall_start = time.process_time(), time.perf_counter()
        net.predict(mel, face)
        cpu_s.append(time.process_time() - cpu_start)
        wall_s.append(time.perf_counter() - wall_start)
    per_frame_ms = 1e3 / frames
    return card.Speed(
        float(np.median(cpu_s)) * per_frame_ms, float(np.median(wall_s)) * per_frame_ms
    )


def load_both(models: Path) -> tuple[ControlledLipSync, LipSync]:
    """The shipped net as the service runs it, and its joined file alone, as a drop-in."""
    halves = load_lipsync(models / f"{NAME}.onnx", threads=1)
    if not isinstance(halves, ControlledLipSync):
        raise SystemExit(f"{models} lacks the encoder or decoder half of {NAME}: export first")
    with tempfile.TemporaryDirectory() as alone:
        for suffix in (".onnx", ".json"):
            shutil.copy(models / f"{NAME}{suffix}", alone)
        return halves, load_lipsync(Path(alone) / f"{NAME}.onnx", threads=1)


def _machine() -> str:
    model = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    return f"{os.cpu_count()} cores, {model[1] if model else platform.processor()}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", type=Path, default=MODELS)
    parser.add_argument("--speech", type=Path, help="a folder of recordings with their texts")
    parser.add_argument("--crops", type=Path, default=crop_set.CROPS, help="rendered crops")
    options = parser.parse_args()
    halves, joined = load_both(options.models)

    people = recordings(options.speech) if options.speech else []

    def controls_of(pcm: Float32) -> Float32:
        return halves.controls(measure.windows_of(pcm, halves.mel_lead_frames))

    kinds = held_out_speech(people)
    numbers = card.Numbers(
        voices=score_voices(controls_of, kinds),
        movement=movement(controls_of),
        speed={"joined": speed(joined), "halves, as the service runs it": speed(halves)},
        machine=_machine(),
        date=datetime.now(UTC).date().isoformat(),
    )
    if any(options.crops.glob("*.jsonl")):
        crops = crop_set.load(options.crops)
        nets = {"halves, as the service runs it": halves, "joined": joined}
        numbers = replace(
            numbers,
            pictures=likeness(halves, crops),
            drawn_opening=drawn_openings(nets, crops, next(iter(kinds.values()))),
        )
    print(card.tables(numbers))
    card.write(options.models, NAME, numbers)


if __name__ == "__main__":
    main()
