"""Weights in sixteen bits: half the file, and the same net.

    python -m training.half FILE…

onnxruntime widens them once, when it loads the file, and computes in 32 bits as before.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

_LEAST_VALUES = 1024
"""Smaller tensors are not worth a node of their own."""


def store_in_half(path: Path) -> None:
    """Rewrite the file at `path`. What is in sixteen bits already stays so."""
    net = onnx.load(path)
    widened = [_narrow(weights) for weights in net.graph.initializer if _is_worth_it(weights)]
    for node in reversed(widened):
        net.graph.node.insert(0, node)
    onnx.checker.check_model(net, full_check=True)
    onnx.save(net, path)


def _is_worth_it(weights: TensorProto) -> bool:
    if weights.data_type != TensorProto.FLOAT or np.prod(weights.dims) < _LEAST_VALUES:
        return False
    return bool(np.abs(numpy_helper.to_array(weights)).max() <= np.finfo(np.float16).max)


def _narrow(weights: TensorProto) -> onnx.NodeProto:
    """Change the weights in their place; the node that widens them takes over their name."""
    name, values = weights.name, numpy_helper.to_array(weights)
    weights.CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{name}.half"))
    return helper.make_node("Cast", [f"{name}.half"], [name], f"{name}.widen", to=TensorProto.FLOAT)


def main() -> None:
    parser = argparse.ArgumentParser(prog="training.half", description=__doc__)
    parser.add_argument("files", nargs="+", type=Path)
    for path in parser.parse_args().files:
        before = path.stat().st_size
        store_in_half(path)
        print(f"{path}: {before / 1e6:.2f} → {path.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
