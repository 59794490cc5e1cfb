"""Transposed convolutions as plain ones: the same numbers, in the form that processors are good at.

A transposed convolution of stride s is s·s plain ones, each of which makes every s-th pixel of
every s-th row; stacked as channels they are one convolution of the small picture, whose channels
are then dealt out to pixels (Shi et al., "Real-time single image and video super-resolution …",
2016). Needs the `onnx` package. Files and speed do not belong here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper, numpy_helper

Weights = npt.NDArray[np.float32]


def rewrite(model: onnx.ModelProto) -> int:
    """Replace every transposed convolution that can be, in place; returns how many were."""
    graph = model.graph
    constants = {tensor.name: tensor for tensor in graph.initializer}
    nodes: list[onnx.NodeProto] = []
    replaced = 0
    for node in graph.node:
        plan = _plan(node, constants)
        nodes += plan.nodes(graph) if plan else [node]
        replaced += plan is not None
    del graph.node[:]
    graph.node.extend(nodes)
    _drop_unused(graph)
    return replaced


@dataclass(frozen=True, slots=True)
class _Axis:
    """Along one axis, a pixel s·q + r of the large picture is a sum of x[q + m] times
    w[r + pad − s·m] over `count` values of m, `first` being the least of them."""

    kernel: int
    stride: int
    pad: int
    excess: int
    """How much more than `stride` times the input comes out."""

    @property
    def first(self) -> int:
        return -((self.kernel - 1 - self.pad) // self.stride)

    @property
    def count(self) -> int:
        return (self.stride - 1 + self.pad) // self.stride - self.first + 1

    @property
    def pads(self) -> tuple[int, int]:
        """Of the plain convolution, before and after."""
        return -self.first, self.excess // self.stride + self.first + self.count - 1

    @property
    def is_plain(self) -> bool:
        return self.excess % self.stride == 0 and min(self.pads) >= 0

    def taps(self) -> Iterator[tuple[int, int, int]]:
        """(r, number of m, place in the kernel) of every weight."""
        for r in range(self.stride):
            for number in range(self.count):
                place = r + self.pad - self.stride * (self.first + number)
                if 0 <= place < self.kernel:
                    yield r, number, place


@dataclass(frozen=True, slots=True)
class _Plan:
    """One transposed convolution, understood. weights: (inputs, outputs, rows, columns)."""

    node: onnx.NodeProto
    weights: Weights
    bias: Weights
    rows: _Axis
    columns: _Axis

    def nodes(self, graph: onnx.GraphProto) -> list[onnx.NodeProto]:
        """What takes its place; the new weights are added to the graph."""
        stride, out = self.rows.stride, self.node.output[0]
        weights, bias = f"{out}/weights", f"{out}/bias"
        per_phase = np.repeat(self.bias, stride**2)
        graph.initializer.append(numpy_helper.from_array(self._unfolded(), weights))
        graph.initializer.append(numpy_helper.from_array(per_phase, bias))
        whole = out if stride == 1 else f"{out}/phases"
        inputs = [self.node.input[0], weights, bias]
        pads = [*zip(self.rows.pads, self.columns.pads, strict=True)]
        convolution = helper.make_node("Conv", inputs, [whole], pads=[*pads[0], *pads[1]])
        if stride == 1:
            return [convolution]
        deal = helper.make_node("DepthToSpace", [whole], [out], blocksize=stride, mode="CRD")
        return [convolution, deal]

    def _unfolded(self) -> Weights:
        """(outputs·s·s, inputs, rows.count, columns.count)."""
        inputs, outputs = self.weights.shape[:2]
        stride, size = self.rows.stride, (self.rows.count, self.columns.count)
        plain = np.zeros((outputs, stride, stride, inputs, *size), np.float32)
        for r, m, y in self.rows.taps():
            for c, n, x in self.columns.taps():
                plain[:, r, c, :, m, n] = self.weights[:, :, y, x].T
        return plain.reshape(-1, inputs, *size)


def _plan(node: onnx.NodeProto, constants: Mapping[str, onnx.TensorProto]) -> _Plan | None:
    """None for a node of another kind, or one that has no plain form here."""
    if node.op_type != "ConvTranspose" or any(name not in constants for name in node.input[1:]):
        return None
    given: dict[str, Any] = {a.name: helper.get_attribute_value(a) for a in node.attribute}
    weights, *bias = (numpy_helper.to_array(constants[name]) for name in node.input[1:])
    strides = tuple(given.get("strides", (1, 1)))
    is_usual = (
        weights.ndim == 4
        and weights.dtype == np.float32
        and given.get("auto_pad", b"NOTSET") == b"NOTSET"
        and "output_shape" not in given
        and given.get("group", 1) == 1
        and set(given.get("dilations", (1, 1))) == {1}
        and len(set(strides)) == 1
    )
    if not is_usual:
        return None
    pads = given.get("pads", (0, 0, 0, 0))
    extra = given.get("output_padding", (0, 0))
    rows, columns = (
        _Axis(
            kernel=weights.shape[2 + axis],
            stride=strides[axis],
            pad=pads[axis],
            excess=weights.shape[2 + axis]
            - strides[axis]
            - pads[axis]
            - pads[axis + 2]
            + extra[axis],
        )
        for axis in (0, 1)
    )
    if not (rows.is_plain and columns.is_plain):
        return None
    zeros = np.zeros(weights.shape[1], np.float32)
    return _Plan(node, weights, bias[0] if bias else zeros, rows, columns)


def _drop_unused(graph: onnx.GraphProto) -> None:
    used = {name for node in graph.node for name in node.input}
    kept = [tensor for tensor in graph.initializer if tensor.name in used]
    del graph.initializer[:]
    graph.initializer.extend(kept)
