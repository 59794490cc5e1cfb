"""From trained halves to shipped files: two ONNX halves, one joined net, a machine-readable card.

    python -m training.export [--encoder …/encoder.pt] [--decoder …/decoder.pt] [--out models/onnx]

A half that is not there to be exported stays as it was shipped. The joined file is the two others
in a row and has the Wav2Lip contract. Every file is run again by onnxruntime and compared before it
counts as exported.
"""

import argparse
import hashlib
import json
import warnings
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import torch
from onnx import compose
from torch import Tensor, nn

from backend.avatar.mouth import CONTROLS
from training import decoder, encoder

NAME = "lightlips"
MODELS = Path(__file__).parents[1] / "models" / "onnx"
_OPSET = 17
_TOLERANCE = 1e-4


def export(hear: nn.Module | None, draw: nn.Module | None, folder: Path) -> list[Path]:
    """Write and check all files; returns their paths. Raises ValueError when one differs."""
    mel, face = torch.rand(2, 1, 80, 16) * 8 - 4, torch.rand(2, 6, 96, 96)
    controls = torch.rand(2, len(CONTROLS))
    folder.mkdir(parents=True, exist_ok=True)
    encoder_path, decoder_path = (
        folder / f"{NAME}.encoder.onnx",
        folder / f"{NAME}.decoder.onnx",
    )
    if hear:
        _export(hear, {"mel": mel}, "controls", encoder_path)
    if draw:
        _export(draw, {"face": face, "controls": controls}, "picture", decoder_path)
    joined_path = _join(encoder_path, decoder_path, folder / f"{NAME}.onnx")
    _check_joined(encoder_path, decoder_path, joined_path, mel, face)
    paths = [encoder_path, decoder_path, joined_path]
    _write_card(folder / f"{NAME}.json", paths)
    return paths


def _join(encoder_path: Path, decoder_path: Path, path: Path) -> Path:
    """Both graphs in one file: `controls` of the first are those of the second."""
    halves = [
        compose.add_prefix(onnx.load(half), prefix, rename_inputs=False, rename_outputs=False)
        for half, prefix in ((encoder_path, "hear/"), (decoder_path, "draw/"))
    ]
    joined = compose.merge_models(*halves, io_map=[("controls", "controls")])
    onnx.checker.check_model(joined, full_check=True)
    onnx.save(joined, path)
    return path


def _check_joined(
    encoder_path: Path, decoder_path: Path, path: Path, mel: Tensor, face: Tensor
) -> None:
    controls = _run(encoder_path, {"mel": mel.numpy()})
    wanted = _run(decoder_path, {"face": face.numpy(), "controls": controls})
    found = _run(path, {"mel": mel.numpy(), "face": face.numpy()})
    _judge(path, found, wanted)


def _export(module: nn.Module, inputs: dict[str, Tensor], output: str, path: Path) -> None:
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
    hear = encoder.load(options.encoder) if options.encoder.is_file() else None
    draw = decoder.load(options.decoder) if options.decoder.is_file() else None
    export(hear, draw, options.out)


if __name__ == "__main__":
    main()
