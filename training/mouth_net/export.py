"""A trained generator as the files that an avatar package holds: `mouth.onnx`, `mouth.int8.onnx`.

Each is run again by onnxruntime and compared before it counts as exported. Eight bits are set
by the mouths that the net learned from; the last convolution, which gives code values, keeps its
full precision, and a twin that a viewer could tell from the original is not written.
"""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import torch
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_static,
)
from onnxruntime.quantization.shape_inference import quant_pre_process
from torch import Tensor, nn

from backend.avatar.generator import CONTRACT, unpacked
from backend.avatar.network import open_network
from training.mouth_net.generator import Generator
from training.mouth_net.judge import likeness
from training.mouth_net.patches import Float, Patches

MOUTH, MOUTH_INT8 = "mouth.onnx", "mouth.int8.onnx"
_OPSET = 17
_TOLERANCE = 0.02  # code values
_LEAST_SSIM = 0.98
_CALIBRATED_ON = 48


class _Packed(nn.Module):
    """One output: four pixels of luma, then chroma, as the service reads it."""

    def __init__(self, generator: Generator) -> None:
        super().__init__()
        self.generator = generator

    def forward(self, controls: Tensor) -> Tensor:
        return self.generator.packed(controls)


def export(generator: Generator, found: Patches, folder: Path) -> None:
    """Write both files.

    Raises ValueError when the first does not compute what it was made from. The second is left out,
    with a word, when it draws too differently.
    """
    full, int8 = folder / MOUTH, folder / MOUTH_INT8
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # the exporter's own news about itself
        torch.onnx.export(
            _Packed(generator).eval(),
            (torch.zeros(2, found.controls.shape[1]),),
            str(full),
            input_names=["controls"],
            output_names=["mouth"],
            dynamic_axes={"controls": {0: "N"}, "mouth": {0: "N"}},
            opset_version=_OPSET,
            dynamo=False,
        )
    with torch.no_grad():
        wanted = generator.packed(torch.from_numpy(found.controls)).numpy()
    drawn = open_network(full, CONTRACT)(found.controls)
    if (error := float(np.abs(drawn - wanted).max())) > _TOLERANCE:
        raise ValueError(f"{full} is {error:.3f} code values away from the net")
    _quantise(full, int8, found.controls[~found.held_out])
    coarse = open_network(int8, CONTRACT)(found.controls[found.held_out])
    alike = likeness(unpacked(coarse).luma, unpacked(drawn[found.held_out]).luma)
    print(f"int8 against full precision: SSIM at the lips {alike['SSIM at the lips']:.4f}")
    if alike["SSIM at the lips"] < _LEAST_SSIM:
        int8.unlink()
        print("too different: no int8 file is written")


class _Controls(CalibrationDataReader):
    def __init__(self, controls: Float) -> None:
        self._feeds: Iterator[dict[str, Float]] = iter({"controls": row[None]} for row in controls)

    def get_next(self) -> dict[str, Float] | None:
        return next(self._feeds, None)


def _quantise(full: Path, int8: Path, controls: Float) -> None:
    chosen = controls[np.linspace(0, len(controls) - 1, _CALIBRATED_ON).astype(int)]
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / "plain.onnx"
        quant_pre_process(str(full), str(plain))
        quantize_static(
            str(plain),
            str(int8),
            _Controls(chosen),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            calibrate_method=CalibrationMethod.MinMax,
            op_types_to_quantize=["Conv"],
            nodes_to_exclude=[_last_convolution(plain)],
        )


def _last_convolution(path: Path) -> str:
    return [node.name for node in onnx.load(path).graph.node if node.op_type == "Conv"][-1]
