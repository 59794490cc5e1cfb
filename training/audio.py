"""From spoken shards to training strips: columns of sound and the mouth at each of them.

    python -m training.audio [--takes 2]

One strip per shard and take in training/build/strips: what the service's own ear hears, mel and
phones at 80 columns a second, and a row of eight controls for each, clip after clip with pauses
between. A third of the clips stay as they were spoken, the others are disguised, and half of the
takes have been through a codec. Strips are made whole, so the work can be stopped and started
again. The phone net must have been exported (`people`).
"""

import argparse
import itertools
import time
import zlib
from pathlib import Path

import numpy as np
import numpy.typing as npt

from backend.avatar.lips.articulation import mouth_track
from backend.avatar.lips.ear import Ear
from backend.avatar.lips.mel import MEL_FRAMES_PER_S, SAMPLE_RATE_HZ, Float32
from backend.avatar.lips.phones import CONTRACT
from backend.avatar.network import Network, load_network
from training import disguise, people
from training.espeak import Speech
from training.speech_set import SHARDS, WHOLE, load

WORK = Path(__file__).parent / "build"
STRIPS = WORK / "strips"
# Whole numbers of mel columns, so that tracks stay aligned however many clips come before.
_COLUMN = SAMPLE_RATE_HZ // MEL_FRAMES_PER_S
_SHORT_PAUSE, _LONG_PAUSE = 16 * _COLUMN, 64 * _COLUMN
_QUIET_CLIPS_EACH = 5
_DISGUISED, _CODED = 0.65, 0.5

Strip = dict[str, npt.NDArray[np.float16]]


def strip(speeches: list[Speech], rng: np.random.Generator, phones: Network) -> Strip:
    """sound (n, 122) and controls (n, 8), float16: a take of a whole shard."""
    crowd = np.concatenate([speech.pcm for speech in speeches[:40]])
    pieces: list[Float32] = []
    tracks: list[Float32] = []
    for number, spoken in enumerate(speeches):
        disguised = rng.random() < _DISGUISED
        speech = disguise.normalised(disguise.speaker(spoken, rng) if disguised else spoken)
        pcm = _with_pause(speech.pcm, rng)
        if disguised:
            pcm = _elsewhere(pcm, rng, crowd)
        track = mouth_track(speech.phones, len(pcm) / SAMPLE_RATE_HZ).controls
        pieces.append(pcm)
        tracks.append(track[: len(pcm) // _COLUMN])
        if number % _QUIET_CLIPS_EACH == 0:
            pieces.append(quiet(rng))
            tracks.append(np.zeros((len(pieces[-1]) // _COLUMN, 8), np.float32))
    pcm, controls = np.concatenate(pieces), np.concatenate(tracks)
    if rng.random() < _CODED:
        pcm = disguise.through_a_codec(pcm, int(rng.integers(4)))
    clips = np.split(pcm, np.cumsum([len(piece) for piece in pieces])[:-1])
    sound = np.concatenate([Ear(phones).listen(clip, len(clip) // _COLUMN).T for clip in clips])
    return {"sound": sound.astype(np.float16), "controls": controls.astype(np.float16)}


def quiet(rng: np.random.Generator) -> Float32:
    """Two seconds in which nobody speaks, from very soft to as loud as speech."""
    samples = 160 * _COLUMN
    kind = rng.choice((disguise.noise, disguise.music, disguise.breath))
    return np.asarray(kind(samples, rng) * _gain(rng.uniform(-60, -4)), np.float32)


def _with_pause(pcm: Float32, rng: np.random.Generator) -> Float32:
    """Followed by silence, often with a breath in it, to a whole number of columns."""
    pause = int(rng.integers(_SHORT_PAUSE, _LONG_PAUSE))
    padded = np.pad(pcm, (0, pause + -(len(pcm) + pause) % _COLUMN))
    if rng.random() < 0.35:
        inhaled = disguise.breath(pause - _SHORT_PAUSE // 2, rng) * _gain(rng.uniform(-45, -18))
        padded[len(padded) - len(inhaled) :] += inhaled
    return padded


def _elsewhere(pcm: Float32, rng: np.random.Generator, crowd: Float32) -> Float32:
    """In a room, with something behind it, near or far from the microphone."""
    placed = disguise.place(pcm, rng)
    if rng.random() < 0.7:
        behind = disguise.background(len(pcm), rng, crowd)
        placed += behind * _gain(rng.uniform(-65, -14))
    return np.asarray(placed * _gain(rng.uniform(-20, 2)), np.float32).clip(-1, 1)


def _gain(level_db: float) -> np.float32:
    return np.float32(10 ** (level_db / 20))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--takes", type=int, default=2)
    options = parser.parse_args()
    STRIPS.mkdir(parents=True, exist_ok=True)
    phones = load_network(people.SHIPPED, CONTRACT)
    for take, shard in itertools.product(range(options.takes), sorted(SHARDS.glob(WHOLE))):
        name = f"{shard.stem}.{take}.npz"
        if (STRIPS / name).exists():
            continue
        started = time.monotonic()
        made = strip(load(shard), np.random.default_rng(zlib.crc32(name.encode())), phones)
        unfinished = STRIPS / f"unfinished-{name}"
        np.savez(unfinished, **made)
        unfinished.rename(STRIPS / name)
        sound_s, spent_s = len(made["sound"]) / MEL_FRAMES_PER_S, time.monotonic() - started
        print(f"{name}: {sound_s:.0f} s of sound in {spent_s:.0f} s", flush=True)


if __name__ == "__main__":
    main()
