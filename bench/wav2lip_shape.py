"""The original-size Wav2Lip generator with random weights, as a yardstick for speed.

Same layers, shapes and 36.3 M parameters as the published network (Prajwal et al., 2020), batch
normalisation folded into the convolutions as exporters do. It draws noise; only its cost is real.
Needs the `onnx` package.
"""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

Pair = tuple[int, int]


class _Net:
    """Collects nodes and weights; every method returns the name of the tensor it makes."""

    def __init__(self, seed: int) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []
        self.parameters = 0
        self._random = np.random.default_rng(seed)

    def conv(
        self,
        x: str,
        inputs: int,
        outputs: int,
        kernel: int = 3,
        stride: int | Pair = 1,
        padding: int = 1,
        *,
        residual: bool = False,
        activation: str = "Relu",
    ) -> str:
        shape = (outputs, inputs, kernel, kernel)
        y = self._convolve("Conv", x, shape, outputs, stride, padding)
        if residual:
            y = self._node("Add", [y, x])
        return self._node(activation, [y])

    def same(self, x: str, channels: int, times: int) -> str:
        for _ in range(times):
            x = self.conv(x, channels, channels, residual=True)
        return x

    def grow(self, x: str, inputs: int, outputs: int, *, first: bool = False) -> str:
        """Transposed convolution: 1 to 3 pixels at first, then double."""
        shape = (inputs, outputs, 3, 3)
        stride, padding, extra = (1, 0, 0) if first else (2, 1, 1)
        y = self._convolve("ConvTranspose", x, shape, outputs, stride, padding, extra)
        return self._node("Relu", [y])

    def join(self, x: str, skip: str) -> str:
        return self._node("Concat", [x, skip], axis=1)

    def _convolve(
        self,
        kind: str,
        x: str,
        shape: tuple[int, ...],
        outputs: int,
        stride: int | Pair,
        padding: int,
        output_padding: int = 0,
    ) -> str:
        fan_in = np.prod(shape) / outputs
        weight = self._weight(self._random.normal(0, np.sqrt(1 / fan_in), shape))
        bias = self._weight(np.zeros(outputs))
        strides = (stride, stride) if isinstance(stride, int) else stride
        more = {"output_padding": [output_padding] * 2} if kind == "ConvTranspose" else {}
        return self._node(kind, [x, weight, bias], strides=strides, pads=[padding] * 4, **more)

    def _weight(self, values: np.ndarray) -> str:
        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(values.astype(np.float32), name))
        self.parameters += values.size
        return name

    def _node(self, kind: str, inputs: list[str], **attributes: Any) -> str:
        name = f"x{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [name], **attributes))
        return name


def build(path: Path, seed: int = 0) -> int:
    """Write the model (about 145 MB) to `path`; returns its number of parameters."""
    net = _Net(seed)
    sound = _audio_encoder(net, "mel")
    skips = _face_encoder(net, "face")
    _decoder(net, sound, skips)
    net.nodes[-1].output[0] = "picture"
    _save(net, path)
    return net.parameters


def _audio_encoder(net: _Net, mel: str) -> str:
    x = net.same(net.conv(mel, 1, 32), 32, 2)
    x = net.same(net.conv(x, 32, 64, stride=(3, 1)), 64, 2)
    x = net.same(net.conv(x, 64, 128, stride=3), 128, 2)
    x = net.same(net.conv(x, 128, 256, stride=(3, 2)), 256, 1)
    x = net.conv(x, 256, 512, padding=0)
    return net.conv(x, 512, 512, kernel=1, padding=0)


def _face_encoder(net: _Net, face: str) -> list[str]:
    """The picture at 96, 48, 24, 12, 6, 3 and 1 pixels."""
    skips = [net.conv(face, 6, 16, kernel=7, padding=3)]
    widths = (16, 32, 64, 128, 256, 512)
    for inputs, outputs, repeats in zip(widths, widths[1:], (2, 3, 2, 2, 1), strict=False):
        skips.append(net.same(net.conv(skips[-1], inputs, outputs, stride=2), outputs, repeats))
    bottom = net.conv(skips[-1], 512, 512, padding=0)
    return [*skips, net.conv(bottom, 512, 512, kernel=1, padding=0)]


def _decoder(net: _Net, sound: str, skips: list[str]) -> None:
    x = net.join(net.conv(sound, 512, 512, kernel=1, padding=0), skips[6])
    x = net.same(net.grow(x, 1024, 512, first=True), 512, 1)
    x = net.join(x, skips[5])
    widths = ((1024, 512), (768, 384), (512, 256), (320, 128), (160, 64))
    for (inputs, outputs), skip in zip(widths, skips[4::-1], strict=True):
        x = net.join(net.same(net.grow(x, inputs, outputs), outputs, 2), skip)
    x = net.conv(x, 80, 32)
    net.conv(x, 32, 3, kernel=1, padding=0, activation="Sigmoid")


def _save(net: _Net, path: Path) -> None:
    def tensor(name: str, *shape: int) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", *shape])

    graph = helper.make_graph(
        net.nodes,
        "wav2lip_shape",
        [tensor("mel", 1, 80, 16), tensor("face", 6, 96, 96)],
        [tensor("picture", 3, 96, 96)],
        net.weights,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.save_model(model, str(path))
