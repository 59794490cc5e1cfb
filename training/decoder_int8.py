"""The shipped net's drawing half in eight bits: `models/onnx/lightlips.decoder.int8.onnx`.

    python -m training.decoder_int8

Runs in the service's own environment with the `onnx` package. Calibrated on the faces of an avatar
and on mouths of speech; written only when no mouth is less alike than SSIM 0.98. The service uses
it where it is clearly faster.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np

from backend.avatar.mouths.lipsync import DRAWING
from backend.avatar.mouths.template import load_template
from backend.avatar.network import open_network
from backend.avatar.packages.package import AvatarPackage
from backend.avatar.pictures.likeness import ssim
from backend.nets.quantise import quantise

ROOT = Path(__file__).parents[1]
DECODER = ROOT / "models" / "onnx" / "lightlips.decoder.onnx"
STATES = ROOT / "training" / "build" / "states.npy"
_CALIBRATED_ON, _JUDGED_ON = 64, 64
_LEAST_SSIM = 0.98
_MOUTH = slice(48, 90), slice(16, 80)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--avatar", type=Path, default=ROOT / "avatars" / "nora")
    args = parser.parse_args()
    template = load_template(AvatarPackage.load(args.avatar))
    count = _CALIBRATED_ON + _JUDGED_ON
    controls = np.load(STATES)[:count, :8].astype(np.float32)
    numbers = np.linspace(0, len(template.frames) - 1, count).astype(int).tolist()
    faces = template.faces(numbers)
    full = open_network(DECODER, DRAWING)
    face, mouth = full.inputs
    with tempfile.TemporaryDirectory(dir=DECODER.parent) as folder:
        aside = Path(folder) / "decoder.int8.onnx"
        pairs = zip(faces[:_CALIBRATED_ON], controls[:_CALIBRATED_ON], strict=True)
        quantise(DECODER, aside, ({face: f[None], mouth: c[None]} for f, c in pairs))
        judged = faces[_CALIBRATED_ON:], controls[_CALIBRATED_ON:]
        drawn = (template.colour.to_yuv(net(*judged).transpose(0, 2, 3, 1))[..., 0]
                 for net in (full, open_network(aside, DRAWING)))  # fmt: skip
        alike = [ssim(a[_MOUTH], b[_MOUTH], 219.0) for a, b in zip(*drawn, strict=True)]
        print(f"SSIM of mouths: mean {np.mean(alike):.4f}, least {min(alike):.4f}")
        if min(alike) < _LEAST_SSIM:
            raise SystemExit("too different: nothing is written")
        aside.replace(DECODER.with_suffix(".int8.onnx"))


if __name__ == "__main__":
    main()
