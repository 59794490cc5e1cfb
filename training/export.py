"""From trained halves to shipped files: ONNX halves, one joined net, a machine-readable card.

    python -m training.export [--encoder …/encoder.0.pt …] [--out FOLDER]

The hearing half is a choir of several encoders trained apart. Beside it goes the net of `people`
that it hears phones through. The encoder of the Wav2Lip contract, which hears 16 mel columns alone,
and the decoder stay as they were shipped; their recipes are in the repository's history. The joined
file is those two in a row. Every file is run again by onnxruntime and compared before it counts as
exported.
"""

import argparse
import hashlib
import json
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import torch
from onnx import compose
from torch import Tensor, nn

from backend.avatar.lipsync import MEL_SHAPE
from backend.avatar.mouth import CONTROLS
from training import encoder, people

NAME = "lightlips"
MODELS = Path(__file__).parents[1] / "models" / "onnx"
_OPSET = 17
_CONTRACT_LEAD = 6
_TOLERANCE = 1e-4


def export(singers: Sequence[Path], folder: Path) -> None:
    """Write and check all files.

    singers: checkpoints of encoders. folder: holds the contract's encoder and the decoder. Raises
    ValueError when a file does not compute what it was made from.
    """
    halves = ("encoder", "decoder", "hearing", "phones")
    contract, drawing, hearing, phones = (folder / f"{NAME}.{half}.onnx" for half in halves)
    joined = folder / f"{NAME}.onnx"
    face = torch.rand(2, 6, 96, 96)
    if singers:
        choir = encoder.Choir([encoder.load(singer) for singer in singers])
        _export(choir, {"sound": _sound()}, "controls", hearing, stretches=True)
        people.export(phones)
    _join(contract, drawing, joined)
    _check_joined(contract, drawing, joined, face)
    _write_card(folder / f"{NAME}.json", [hearing, phones, contract, drawing, joined])


def _join(hearing: Path, drawing: Path, path: Path) -> None:
    """Both graphs in one file: `controls` of the first are those of the second."""
    halves = [
        compose.add_prefix(onnx.load(half), prefix, rename_inputs=False, rename_outputs=False)
        for half, prefix in ((hearing, "hear/"), (drawing, "draw/"))
    ]
    joined = compose.merge_models(*halves, io_map=[("controls", "controls")])
    onnx.checker.check_model(joined, full_check=True)
    onnx.save(joined, path)


def _check_joined(hearing: Path, drawing: Path, joined: Path, face: Tensor) -> None:
    mel = _mel().numpy()
    drawn = {"face": face.numpy(), "controls": _run(hearing, {"mel": mel})}
    _judge(joined, _run(joined, {"mel": mel, "face": face.numpy()}), _run(drawing, drawn))


def _mel() -> Tensor:
    return torch.rand(2, *MEL_SHAPE, generator=torch.Generator().manual_seed(0)) * 8 - 4


def _sound() -> Tensor:
    shape = (2, 1, encoder.ROWS, encoder.WINDOW.columns + 9)
    return torch.rand(shape, generator=torch.Generator().manual_seed(0)) * 8 - 4


def _export(
    module: nn.Module, inputs: dict[str, Tensor], output: str, path: Path, stretches: bool = False
) -> None:
    """stretches: the last axis is time, and may be of any length."""
    module.eval()
    free = {0: "N", 3: "columns"} if stretches else {0: "N"}
    given = {0: "N", 2: "moments"} if stretches else {0: "N"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.onnx.export(
            module,
            tuple(inputs.values()),
            str(path),
            dynamo=False,  # the newer exporter needs another package and opset 18
            opset_version=_OPSET,
            input_names=list(inputs),
            output_names=[output],
            dynamic_axes=dict.fromkeys(inputs, free) | {output: given},
        )
    _compare(module, inputs, path)


def _compare(module: nn.Module, inputs: dict[str, Tensor], path: Path) -> None:
    """onnxruntime against torch, with another batch size than the one traced."""
    wide = {name: torch.cat([value, value.flip(0), value[:1]]) for name, value in inputs.items()}
    with torch.no_grad():
        wanted = module(*wide.values()).numpy()
    _judge(path, _run(path, {name: value.numpy() for name, value in wide.items()}), wanted)


def _run(path: Path, inputs: dict[str, np.ndarray]) -> np.ndarray:
    session = ort.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return session.run(None, inputs)[0]


def _judge(path: Path, found: np.ndarray, wanted: np.ndarray) -> None:
    worst = float(np.abs(found - wanted).max())
    print(f"{path.name}: {path.stat().st_size / 1e6:.2f} MB, off by {worst:.1e}")
    if found.shape != wanted.shape or worst > _TOLERANCE:
        raise ValueError(f"{path} does not compute what it was made from (off by {worst:.1e})")


def _write_card(path: Path, files: list[Path]) -> None:
    card = {
        "format": 1,
        "name": NAME,
        "licence": "Apache-2.0",
        "mel_lead_frames": _CONTRACT_LEAD,
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
