"""From trained halves to shipped files: ONNX halves and a machine-readable card.

    python -m training.export [--encoder …/encoder.0.pt …] [--out FOLDER]

The hearing half is a choir of several encoders trained apart. Beside it goes the net of `people`
that it hears phones through. The decoder stays as it was shipped; its recipe is in the repository's
history. Every file is run again by onnxruntime and compared before it counts as exported.
"""

import argparse
import hashlib
import json
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime as ort
import torch
from torch import Tensor

from backend.avatar.lips.mouth import CONTROLS
from training import encoder, people
from training.half import store_in_half

NAME = "lightlips"
MODELS = Path(__file__).parents[1] / "models" / "onnx"
_OPSET = 17
_TOLERANCE = 1e-4
"""Against torch, of controls in 0..1."""
_HALF_TOLERANCE = 1e-3
"""The same, once the weights are stored in sixteen bits: a quarter of one step of 256."""


def export(singers: Sequence[Path], folder: Path) -> None:
    """Write and check all files.

    singers: checkpoints of encoders; without any the hearing half stays as well. folder: holds the
    decoder. Raises ValueError when a file does not compute what it was made from.
    """
    halves = ("hearing", "phones", "decoder")
    hearing, phones, drawing = (folder / f"{NAME}.{half}.onnx" for half in halves)
    if singers:
        choir = encoder.Choir([encoder.load(singer) for singer in singers])
        _export(choir, hearing)
        people.export(phones)
    _write_card(folder / f"{NAME}.json", [hearing, phones, drawing])


def _sound() -> Tensor:
    shape = (2, 1, encoder.ROWS, encoder.WINDOW.columns + 9)
    return torch.rand(shape, generator=torch.Generator().manual_seed(0)) * 8 - 4


def _export(choir: encoder.Choir, path: Path) -> None:
    choir.eval()
    sound = _sound()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.onnx.export(
            choir,
            (sound,),
            str(path),
            dynamo=False,  # the newer exporter needs another package and opset 18
            opset_version=_OPSET,
            input_names=["sound"],
            output_names=["controls"],
            dynamic_axes={"sound": {0: "N", 3: "columns"}, "controls": {0: "N", 2: "moments"}},
        )
    _compare(choir, sound, path, _TOLERANCE)
    store_in_half(path)
    _compare(choir, sound, path, _HALF_TOLERANCE)


def _compare(choir: encoder.Choir, sound: Tensor, path: Path, tolerance: float) -> None:
    """onnxruntime against torch, with another batch size than the one traced."""
    wide = torch.cat([sound, sound.flip(0), sound[:1]])
    with torch.no_grad():
        wanted = choir(wide).numpy()
    session = ort.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    found = session.run(None, {"sound": wide.numpy()})[0]
    worst = float(np.abs(found - wanted).max())
    print(f"{path.name}: {path.stat().st_size / 1e6:.2f} MB, off by {worst:.1e}")
    if found.shape != wanted.shape or worst > tolerance:
        raise ValueError(f"{path} does not compute what it was made from (off by {worst:.1e})")


def _write_card(path: Path, files: list[Path]) -> None:
    card = {
        "format": 1,
        "name": NAME,
        "licence": "Apache-2.0",
        "hearing": {"lead_columns": encoder.WINDOW.lead, "columns": encoder.WINDOW.columns},
        "controls": list(CONTROLS),
        "opset": _OPSET,
        "files": {
            file.name: {
                "bytes": file.stat().st_size,
                "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
            }
            for file in files
        },
    }
    path.write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--encoder", type=Path, nargs="+", default=encoder.singers())
    parser.add_argument("--out", type=Path, default=MODELS)
    options = parser.parse_args()
    torch.manual_seed(0)
    export(options.encoder, options.out)


if __name__ == "__main__":
    main()
