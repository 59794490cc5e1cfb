"""Every transposed convolution that is rewritten computes what it did; others are left alone."""

from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper, numpy_helper

from backend.nets.rewrite import rewrite

USUAL = {"strides": [2, 2], "pads": [1, 1, 1, 1], "output_padding": [1, 1]}


def model_of(kernel: tuple[int, int], bias: bool = True, **attributes: Any) -> onnx.ModelProto:
    random = np.random.default_rng(3)
    group = attributes.get("group", 1)
    weights = {"w": random.normal(size=(4, 6 // group, *kernel)).astype(np.float32)}
    if bias:
        weights["b"] = random.normal(size=6).astype(np.float32)
    node = helper.make_node("ConvTranspose", ["x", *weights], ["y"], **attributes)
    graph = helper.make_graph(
        [node, helper.make_node("Relu", ["y"], ["z"])],
        "net",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ("N", 4, "h", "w"))],
        [helper.make_tensor_value_info("z", TensorProto.FLOAT, ("N", 6, None, None))],
        [numpy_helper.from_array(values, name) for name, values in weights.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


def run(model: onnx.ModelProto, height: int, width: int) -> np.ndarray:
    x = np.random.default_rng(5).normal(size=(2, 4, height, width)).astype(np.float32)
    [z] = ort.InferenceSession(model.SerializeToString()).run(None, {"x": x})
    return np.asarray(z)


@pytest.mark.parametrize(
    ("kernel", "attributes"),
    [
        ((3, 3), USUAL),
        ((3, 3), {}),
        ((4, 4), {"strides": [2, 2], "pads": [1, 1, 1, 1]}),
        ((2, 2), {"strides": [2, 2]}),
        ((5, 5), {"strides": [2, 2], "pads": [2, 2, 2, 2], "output_padding": [1, 1]}),
        ((6, 4), {"strides": [2, 2], "pads": [2, 1, 2, 1]}),
        ((3, 3), {"pads": [1, 1, 1, 1]}),
        ((3, 3), {"strides": [3, 3]}),
        ((3, 3), {**USUAL, "bias": False}),
    ],
)
@pytest.mark.parametrize(("height", "width"), [(1, 1), (5, 7)])
def test_the_same_numbers(
    kernel: tuple[int, int], attributes: dict[str, Any], height: int, width: int
) -> None:
    model = model_of(kernel, **attributes)
    before = run(model, height, width)
    assert rewrite(model) == 1
    onnx.checker.check_model(model)
    kinds = {node.op_type for node in model.graph.node}
    assert "ConvTranspose" not in kinds
    after = run(model, height, width)
    assert after.shape == before.shape
    np.testing.assert_allclose(after, before, atol=1e-5)


@pytest.mark.parametrize(
    ("kernel", "attributes"),
    [
        ((3, 3), {**USUAL, "group": 2}),
        ((3, 3), {**USUAL, "dilations": [2, 2]}),
        ((3, 3), {"strides": [2, 1]}),
        ((3, 3), {"strides": [2, 2], "auto_pad": "SAME_UPPER"}),
        ((3, 3), {"strides": [2, 2], "pads": [1, 1, 1, 1]}),
    ],
    ids=["groups", "dilated", "two strides", "automatic padding", "an odd size"],
)
def test_what_has_no_plain_form_stays(kernel: tuple[int, int], attributes: dict[str, Any]) -> None:
    model = model_of(kernel, **attributes)
    before = model.SerializeToString()
    assert rewrite(model) == 0
    assert model.SerializeToString() == before


def test_weights_that_several_share_are_kept_for_each() -> None:
    model = model_of((3, 3), **USUAL)
    second = helper.make_node("ConvTranspose", ["x", "w", "b"], ["y2"], **USUAL)
    total = helper.make_node("Add", ["y", "y2"], ["sum"])
    del model.graph.node[1]
    model.graph.node.extend([second, total, helper.make_node("Relu", ["sum"], ["z"])])
    before = run(model, 4, 4)
    assert rewrite(model) == 2
    np.testing.assert_allclose(run(model, 4, 4), before, atol=1e-5)
