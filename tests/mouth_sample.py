"""A tiny net of the mouth contract: the jaw paints a dark mouth, a smile lifts the picture."""

from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper, save_model

DARKER = 120.0
DARK_ROWS, DARK_COLUMNS = slice(40, 52), slice(28, 52)
LIFT_PX = 2.0


def texture() -> np.ndarray:
    """(6, 80, 80): skin with a little grain, and a chin line that a smile can lift."""
    random = np.random.default_rng(2)
    luma = 140 + random.normal(0, 3, (4, 80, 80))
    luma[:, 60:63] -= 40
    chroma = np.stack([np.full((80, 80), 118.0), np.full((80, 80), 146.0)])
    return np.concatenate([luma, chroma]).astype(np.float32)


def make_mouth(path: Path, **replaced: np.ndarray) -> Path:
    """replaced: constants by name, to make it wrong."""
    jaw, smile = np.zeros((9, 1), np.float32), np.zeros((9, 1), np.float32)
    jaw[0], smile[8] = 1.0, 1.0
    paint = np.zeros((1, 10, 80, 80), np.float32)
    paint[:, :4, DARK_ROWS, DARK_COLUMNS] = -DARKER
    cover = np.zeros((1, 10, 80, 80), np.float32)
    cover[:, 6:] = 1.0
    flow = np.zeros((1, 2, 2, 20, 20), np.float32)
    flow[:, :, 1] = LIFT_PX / 160
    constants = {
        "jaw": jaw,
        "smile": smile,
        "paint": paint,
        "cover": cover,
        "way": flow,
        "remembered": np.stack([texture(), 0 * texture()]),
        "to4": np.array([1, 2], np.int64),
        "to5": np.array([1, 2, 3], np.int64),
    } | replaced
    nodes = [
        helper.make_node("MatMul", ["controls", "jaw"], ["open"]),
        helper.make_node("Unsqueeze", ["open", "to4"], ["open4"]),
        helper.make_node("Mul", ["open4", "paint"], ["dark"]),
        helper.make_node("Add", ["dark", "cover"], ["layers"]),
        helper.make_node("MatMul", ["controls", "smile"], ["up"]),
        helper.make_node("Unsqueeze", ["up", "to5"], ["up5"]),
        helper.make_node("Mul", ["up5", "way"], ["flow"]),
        helper.make_node("Identity", ["remembered"], ["textures"]),
    ]
    shapes = {
        "layers": ("N", *constants["paint"].shape[1:]),
        "flow": ("N", *flow.shape[1:]),
        "textures": constants["remembered"].shape,
    }
    graph = helper.make_graph(
        nodes,
        "mouth",
        [helper.make_tensor_value_info("controls", TensorProto.FLOAT, ("N", 9))],
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in shapes.items()],
        [numpy_helper.from_array(values, name) for name, values in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    save_model(model, path)
    return path
