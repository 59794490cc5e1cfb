"""From trained halves to shipped files: two ONNX halves, one joined net, a machine-readable card.

    python -m training.export [--encoder …/encoder.pt] [--decoder …/decoder.pt] [--out models/onnx]

The joined file has the Wav2Lip contract. Every file is run again by onnxruntime and compared with
torch before it counts as exported.
"""

import argparse
import hashlib
import json
import warnings
from pathlib import Path

import numpy as np
import onnxruntime as ort
import torch
from torch import Tensor, nn

from backend.avatar.mouth import CONTROLS
from training import decoder, encoder

NAME = "lightlips"
MODELS = Path(__file__).parents[1] / "models" / "onnx"
_OPSET = 17
_TOLERANCE = 1e-4


class Joined(nn.Module):
    """mel (N, 1, 80, 16) and face (N, 6, 96, 96) to the picture (N, 3, 96, 96)."""

    def __init__(self, hear: nn.Module, draw: nn.Module) -> None:
        super().__init__()
        self.hear, self.draw = hear, draw

    def forward(self, mel: Tensor, face: Tensor) -> Tensor:
        return self.draw(face, self.hear(mel))


def export(hear: nn.Module, draw: nn.Module, folder: Path) -> list[Path]:
    """Write and check all files; returns their paths. Raises ValueError when one differs."""
    mel, face = torch.rand(2, 1, 80, 16) * 8 - 4, torch.rand(2, 6, 96, 96)
    controls = torch.rand(2, len(CONTROLS))
    folder.mkdir(parents=True, exist_ok=True)
    paths = [
        _export(hear, {"mel": mel}, "controls", folder / f"{NAME}.encoder.onnx"),
        _export(draw, {"face": face, "controls": controls}, "picture",
                folder / f"{NAME}.decoder.onnx"),
        _export(Joined(hear, draw), {"mel": mel, "face": face}, "picture", folder / f"{NAME}.onnx"),
    ]  # fmt: skip
    _write_card(folder / f"{NAME}.json", paths)
    return paths


def _export(module: nn.Module, inputs: dict[str, Tensor], output: str, path: Path) -> Path:
    module.eval()
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
            dynamic_axes={name: {0: "N"} for name in (*inputs, output)},
        )
    _compare(module, inputs, path)
    return path


def _compare(module: nn.Module, inputs: dict[str, Tensor], path: Path) -> None:
    """onnxruntime against torch, with another batch size than the one traced."""
    session = ort.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    wide = {name: torch.cat([value, value.flip(0), value[:1]]) for name, value in inputs.items()}
    with torch.no_grad():
        wanted = module(*wide.values()).numpy()
    found = session.run(None, {name: value.numpy() for name, value in wide.items()})[0]
    worst = float(np.abs(found - wanted).max())
    print(f"{path.name}: {path.stat().st_size / 1e6:.2f} MB, differs from torch by {worst:.1e}")
    if found.shape != wanted.shape or worst > _TOLERANCE:
        raise ValueError(f"{path} does not compute what torch computes (off by {worst:.1e})")


def _write_card(path: Path, files: list[Path]) -> None:
    card = {
        "format": 1,
        "name": NAME,
        "licence": "Apache-2.0",
        "mel_lead_frames": encoder.MEL_LEAD_FRAMES,
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
    parser.add_argument("--encoder", type=Path, default=encoder.CHECKPOINT)
    parser.add_argument("--decoder", type=Path, default=decoder.CHECKPOINT)
    parser.add_argument("--out", type=Path, default=MODELS)
    options = parser.parse_args()
    torch.manual_seed(0)
    export(encoder.load(options.encoder), decoder.load(options.decoder), options.out)


if __name__ == "__main__":
    main()
