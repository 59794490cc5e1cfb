"""A net in eight bits: static, calibrated on real inputs, weights scaled channel by channel."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import onnx
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_static,
)
from onnxruntime.quantization.shape_inference import quant_pre_process

from backend.avatar.pictures.colour import Float32

Feed = dict[str, Float32]


class _Reader(CalibrationDataReader):  # type: ignore[misc]  # onnxruntime comes without types
    def __init__(self, feeds: Iterable[Feed]) -> None:
        self._feeds: Iterator[Feed] = iter(feeds)

    def get_next(self) -> Feed | None:
        return next(self._feeds, None)


def quantise(full: Path, int8: Path, feeds: Iterable[Feed]) -> None:
    """Write `int8` from `full`. feeds: inputs by name, as many as calibration should see.

    Only convolutions change. The last one makes the picture itself and keeps its full precision:
    eight bits of it would be seen as bands.
    """
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / "plain.onnx"
        quant_pre_process(str(full), str(plain), skip_symbolic_shape=True)
        _name_nodes(plain)
        quantize_static(
            str(plain),
            str(int8),
            _Reader(feeds),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            calibrate_method=CalibrationMethod.MinMax,
            op_types_to_quantize=["Conv"],
            nodes_to_exclude=[_last_convolution(plain)],
        )


def _name_nodes(path: Path) -> None:
    """What is to be left out is named, and many exporters name nothing."""
    model = onnx.load(path)
    for number, node in enumerate(model.graph.node):
        node.name = f"{number}"
    onnx.save(model, path)


def _last_convolution(path: Path) -> str:
    names = [str(node.name) for node in onnx.load(path).graph.node if node.op_type == "Conv"]
    return names[-1]
