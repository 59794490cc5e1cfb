"""Which mouths to render: a list of control vectors, any prefix of which is a fair sample.

    python -m training.states

Most come from real speech tracks, thinned where speech dwells; the rest are what speech shows too
rarely for a net to learn: pressed lips, bared teeth, single controls alone, extremes.
Each comes with a smile, half of them none. The first three rows are the resting mouth at smile 0,
0.6 and −0.6. Writes `training/build/states.npy`, (n, 9) float32: `CONTROL_NAMES`, then the smile.
"""

import argparse
from pathlib import Path

import numpy as np
import numpy.typing as npt

from backend.avatar.lips.articulation import mouth_track
from training.controls import CONTROL_NAMES
from training.espeak import Espeak
from training.sentences import english, mandarin

Float = npt.NDArray[np.float32]
STATES = Path(__file__).parent / "build" / "states.npy"

_JAW, _WIDE, _PUCKER, _FUNNEL, _LOWER, _UPPER, _PRESS, _FV = range(len(CONTROL_NAMES))
_SHARES = {"speech": 0.62, "closed": 0.10, "teeth": 0.14, "single": 0.06, "extreme": 0.08}


_RESTING_SMILES = (0.0, 0.6, -0.6)
_MOOD_SMILES = (0.6, 0.35, 0.1, -0.35, -0.6)


def speech_tracks(sentences: int = 40) -> Float:
    """Controls (n, 8) of synthetic speech at mel rate, English and Mandarin."""
    voice = Espeak()
    spoken = [("en-us", text) for text in english(sentences, seed=7)]
    spoken += [("cmn", text) for text in mandarin(sentences // 4, seed=7)]
    speeches = [voice.say(text, name) for name, text in spoken]
    return np.concatenate([mouth_track(s.phones, s.duration_s).controls for s in speeches])


def states(tracks: Float, count: int, seed: int = 0) -> Float:
    """`count` states (n, 8), kinds mixed evenly by `_SHARES`."""
    rng = np.random.default_rng(seed)
    makers = {
        "speech": lambda n: _from_speech(tracks, n, rng),
        "closed": lambda n: _closed(n, rng),
        "teeth": lambda n: _teeth(n, rng),
        "single": lambda n: _single(n, rng),
        "extreme": lambda n: _extreme(n, rng),
    }
    parts, keys = [], []
    for kind, share in _SHARES.items():
        n = round(count * share)
        parts.append(makers[kind](n))
        keys.append((np.arange(n) + rng.random()) / n)  # evenly spread over the list
    order = np.argsort(np.concatenate(keys))
    return np.concatenate(parts)[order].clip(0, 1).astype(np.float32)


def with_smiles(mouths: Float, seed: int = 0) -> Float:
    """(3 + n, 9): the resting mouth at three smiles, then every mouth (n, 8) with some smile.

    Of four rows, two do not smile, one smiles as a mood does, one as anything between -0.7 and 0.7.
    """
    rng = np.random.default_rng(seed)
    n = len(mouths)
    smile = np.zeros(n)
    smile[1::4] = rng.choice(_MOOD_SMILES, len(smile[1::4]))
    smile[3::4] = rng.uniform(-0.7, 0.7, len(smile[3::4]))
    resting = np.zeros((len(_RESTING_SMILES), len(CONTROL_NAMES) + 1))
    resting[:, -1] = _RESTING_SMILES
    return np.concatenate([resting, np.column_stack([mouths, smile])]).astype(np.float32)


def _from_speech(tracks: Float, n: int, rng: np.random.Generator) -> npt.NDArray[np.floating]:
    """Moments of speech, rarer mouths more often; some scaled, some between two moments."""
    cells = np.round(tracks * 6).astype(int)
    _, cell, size = np.unique(cells, axis=0, return_inverse=True, return_counts=True)
    odds = size[cell.ravel()] ** -0.5
    picked = tracks[rng.choice(len(tracks), n, p=odds / odds.sum())]
    other = tracks[rng.integers(len(tracks), size=n)]
    kind = rng.random((n, 1))
    scaled = picked * rng.uniform(0.7, 1.45, (n, 1))
    between = (picked + other) / 2 * rng.uniform(0.8, 1.3, (n, 1))
    return np.where(kind < 0.18, scaled, np.where(kind < 0.30, between, picked))


def _closed(n: int, rng: np.random.Generator) -> npt.NDArray[np.floating]:
    """Lips pressed, or lower lip at the teeth, with little else."""
    rows = rng.uniform(0, 0.25, (n, 8)) * (rng.random((n, 8)) < 0.25)
    rows[:, _JAW] *= 0.4
    rows[:, _PRESS] = rng.uniform(0.3, 1, n)
    lip_to_teeth = rng.random(n) < 0.35
    rows[lip_to_teeth, _FV] = rng.uniform(0.4, 1, lip_to_teeth.sum())
    rows[lip_to_teeth, _PRESS] = 0
    return rows


def _teeth(n: int, rng: np.random.Generator) -> npt.NDArray[np.floating]:
    rows = np.zeros((n, 8))
    rows[:, _JAW] = rng.uniform(0, 0.45, n)
    rows[:, _WIDE] = rng.uniform(0, 0.75, n)
    rows[:, _LOWER] = rng.uniform(0.1, 0.8, n)
    rows[:, _UPPER] = rng.uniform(0.05, 0.6, n)
    rows[:, _FUNNEL] = rng.uniform(0, 0.7, n) * (rng.random(n) < 0.3)
    return rows


def _single(n: int, rng: np.random.Generator) -> npt.NDArray[np.floating]:
    rows = np.zeros((n, 8))
    rows[np.arange(n), np.arange(n) % 8] = rng.uniform(0.15, 1, n)
    return rows


def _extreme(n: int, rng: np.random.Generator) -> npt.NDArray[np.floating]:
    rows = np.zeros((n, 8))
    rows[:, _JAW] = rng.uniform(0.3, 1, n)
    second = rng.choice([_WIDE, _PUCKER, _FUNNEL, _LOWER, _UPPER], n)
    rows[np.arange(n), second] = rng.uniform(0.5, 1, n)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description="List the mouths to render.")
    parser.add_argument("--count", type=int, default=400)
    args = parser.parse_args()
    STATES.parent.mkdir(parents=True, exist_ok=True)
    listed = with_smiles(states(speech_tracks(), args.count - len(_RESTING_SMILES)))
    np.save(STATES, listed)
    print(f"{len(listed)} states, mean {listed.mean(0).round(3)}")


if __name__ == "__main__":
    main()
