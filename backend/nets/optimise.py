"""A lip-sync net made faster for processors: rewritten, and if wanted in eight bits; then checked.

What comes out computes the same, or near enough for an eye, or is not written. Needs the `onnx`
package (`pip install lightweight-avatar-chat[optimize]`). What eight bits are calibrated on comes
from the caller, who knows avatars and voices.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from backend.avatar.lips.mel import Float32
from backend.avatar.mouths.lipsync import FACE_SHAPE, FACE_SIZE, MEL_SHAPE, WAV2LIP
from backend.avatar.network import Network, open_network, race
from backend.avatar.pictures.likeness import ssim
from backend.errors import ModelFileError

_SAME = 1e-4
_ALIKE = 0.98
_TRIED_FRAMES = 4
_BORDER = 8  # of 96
_LUMA = (0.114, 0.587, 0.299)  # BT.601, of BGR


@dataclass(frozen=True, slots=True)
class Sample:
    """Frames to calibrate on and to judge by: mel (n,1,80,16) and face (n,6,96,96)."""

    mel: Float32
    face: Float32


@dataclass(frozen=True, slots=True)
class Optimised:
    """What was done. Milliseconds per frame, one thread, batch of four; `difference` is the largest
    between original and rewritten file on random input, `likeness` the least SSIM of a mouth."""

    path: Path
    replaced: int
    difference: float
    before_ms: float
    after_ms: float
    int8: Path | None = None
    int8_ms: float | None = None
    likeness: float | None = None


def optimise(path: Path, sample: Sample | None = None) -> Optimised:
    """Write `<name>.fast.onnx` beside the net at `path`, and `<name>.fast.int8.onnx` with a sample;
    without one, a file of that name goes.

    The service takes the faster of the two by itself when `avatar.model` names the first.

    Raises ModelFileError: no such net, `onnx` is not installed, or the outcome differs too much.
    """
    if find_spec("onnx") is None:
        raise ModelFileError(
            "Rewriting a net needs the onnx package. In this repository `make .venv/.dev` brings "
            "it; elsewhere: pip install 'lightweight-avatar-chat[optimize]'."
        )
    original = open_network(path, WAV2LIP)
    fast = path.with_suffix(".fast.onnx")
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".optimise-") as folder:
        aside = Path(folder) / fast.name
        replaced = _rewritten(path, aside)
        rewritten = open_network(aside, WAV2LIP)
        difference = _difference(original, rewritten)
        if not difference <= _SAME:
            raise ModelFileError(
                f"{path}: rewritten, it differs by {difference:.2g} on random input, more than "
                f"rounding does ({_SAME:g}). Nothing was written; please report this net."
            )
        before_s, after_s = race([original, rewritten])
        done = Optimised(fast, replaced, difference, 1000 * before_s, 1000 * after_s)
        if sample is not None:
            done = _with_int8(done, rewritten, sample, aside.with_suffix(".int8.onnx"))
        else:  # one of an earlier net would be taken for this one's
            fast.with_suffix(".int8.onnx").unlink(missing_ok=True)
        aside.replace(fast)
    card = path.with_suffix(".json")
    if card.is_file():
        shutil.copyfile(card, fast.with_suffix(".json"))
    return done


def _rewritten(path: Path, aside: Path) -> int:
    import onnx

    from backend.nets.rewrite import rewrite

    model = onnx.load(path)
    replaced = rewrite(model)
    onnx.save(model, aside)
    return replaced


def _difference(original: Network, rewritten: Network) -> float:
    random = np.random.default_rng(0)
    mel = random.uniform(-4, 4, (_TRIED_FRAMES, *MEL_SHAPE)).astype(np.float32)
    face = random.uniform(0, 1, (_TRIED_FRAMES, *FACE_SHAPE)).astype(np.float32)
    return float(np.abs(original(mel, face) - rewritten(mel, face)).max())


def _with_int8(done: Optimised, full: Network, sample: Sample, aside: Path) -> Optimised:
    from backend.nets.quantise import quantise

    quantise(full.path, aside, _feeds(full, sample))
    coarse = open_network(aside, WAV2LIP)
    likeness = _likeness(full(sample.mel, sample.face), coarse(sample.mel, sample.face))
    if likeness < _ALIKE:
        raise ModelFileError(
            f"{full.path.name}: in eight bits its mouths are too different (SSIM {likeness:.3f}, "
            f"{_ALIKE} is wanted). Nothing was written; leave --int8 away."
        )
    [int8_s] = race([coarse])
    int8 = done.path.with_suffix(".int8.onnx")
    aside.replace(int8)
    return replace(done, int8=int8, int8_ms=1000 * int8_s, likeness=likeness)


def _likeness(full: Float32, coarse: Float32) -> float:
    """The least of all frames: luma of the lower half of (n, 3, 96, 96) BGR."""
    pairs = [(_mouth(a), _mouth(b)) for a, b in zip(full, coarse, strict=True)]
    return min(ssim(a, b, full_scale=1.0) for a, b in pairs)


def _mouth(picture: Float32) -> Float32:
    grey = np.tensordot(np.array(_LUMA, np.float32), picture, axes=1)
    return np.asarray(grey[FACE_SIZE // 2 : -_BORDER, _BORDER:-_BORDER])


def _feeds(network: Network, sample: Sample) -> Iterator[dict[str, Float32]]:
    """One frame after the other, or as many as the net's fixed batch wants."""
    step = network.batch or 1
    for begin in range(0, len(sample.mel) - step + 1, step):
        arrays = (sample.mel[begin : begin + step], sample.face[begin : begin + step])
        yield dict(zip(network.inputs, arrays, strict=True))
