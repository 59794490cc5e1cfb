"""The phone net: CMU Sphinx's acoustic model of people, read from its package, as one ONNX graph.

    python -m training.people

pocketsphinx brings it (en-us, BSD-2-Clause, Alpha Cephei Inc.). For each of 42 phones and three
states it holds mixtures of 128 Gaussians over cepstra, their speed and their bend, one after the
other. Only the states of phones out of context are kept: 2 MB, and a third of a millisecond for
each picture. Nothing is trained here; `backend/avatar/lips/phones.py` makes the features.
"""

import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import pocketsphinx
from onnx import TensorProto, helper, numpy_helper

from backend.avatar.lips.phones import CEPSTRA, FEATURES, PHONE_COUNT

SHIPPED = Path(__file__).parents[1] / "models" / "onnx" / "lightlips.phones.onnx"
MODEL = Path(pocketsphinx.get_model_path()) / "en-us" / "en-us"
Float = npt.NDArray[np.float64]

_STREAMS, _STATES = 3, 3
_LEAST_VARIANCE = 1e-4
# Mixture weights are bytes: negative logarithms to the base 1.0001, less ten binary places.
_LOG_STEP = -1024 * float(np.log(1.0001))
# The three streams are not as independent as the model holds them to be: doubts are kept alive.
_CERTAINTY = 0.33
_LEAST_LOG = -8.0
_OPSET = 17


@dataclass(frozen=True, slots=True)
class Mixtures:
    """means, variances: (42 phones, 3 streams, 128, 13). log_weights: (3 streams, 128, 42 · 3)."""

    means: Float
    variances: Float
    log_weights: Float

    @classmethod
    def load(cls, folder: Path = MODEL) -> "Mixtures":
        return cls(
            _gaussians(folder / "means"),
            np.maximum(_gaussians(folder / "variances"), _LEAST_VARIANCE),
            _log_weights(folder / "sendump"),
        )


def export(path: Path) -> None:
    """Write the net: features (N, 39) to phones (N, 42), log, −8…0."""
    mixtures = Mixtures.load()
    constants: dict[str, npt.NDArray] = {
        "axis": np.array([1]),
        "certainty": np.array(_CERTAINTY, np.float32),
        "least": np.array(_LEAST_LOG, np.float32),
        "tiny": np.array(1e-30, np.float32),
    }
    nodes = []
    for stream in range(_STREAMS):
        constants |= {f"{name}{stream}": v for name, v in _stream(mixtures, stream).items()}
        nodes += _stream_nodes(stream)
    nodes += [
        helper.make_node("Sum", [f"said{stream}" for stream in range(_STREAMS)], ["said"]),
        helper.make_node("ReduceMax", ["said"], ["best"], axes=[2], keepdims=0),
        helper.make_node("Transpose", ["best"], ["by_column"], perm=[1, 0]),
        helper.make_node("Mul", ["by_column", "certainty"], ["doubted"]),
        helper.make_node("LogSoftmax", ["doubted"], ["logs"], axis=1),
        helper.make_node("Max", ["logs", "least"], ["phones"]),
    ]
    graph = helper.make_graph(
        nodes,
        "phones",
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["N", FEATURES])],
        [helper.make_tensor_value_info("phones", TensorProto.FLOAT, ["N", PHONE_COUNT])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    net = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=9)
    onnx.checker.check_model(net, full_check=True)
    onnx.save(net, path)


def _stream(mixtures: Mixtures, stream: int) -> dict[str, npt.NDArray]:
    """Its place in the features; densities (42, 26, 128) to be multiplied with [x², x], and what is
    added then (42, 1, 128); weights (42, 128, 3)."""
    mean, variance = mixtures.means[:, stream], mixtures.variances[:, stream]
    density = np.concatenate([-0.5 / variance, mean / variance], axis=-1).transpose(0, 2, 1)
    constant = -0.5 * (mean**2 / variance + np.log(2 * np.pi * variance)).sum(-1)[:, None]
    weights = np.exp(mixtures.log_weights[stream]).reshape(-1, PHONE_COUNT, _STATES)
    return {
        "from": np.array([CEPSTRA * stream]),
        "to": np.array([CEPSTRA * (stream + 1)]),
        "density": np.ascontiguousarray(density, np.float32),
        "constant": constant.astype(np.float32),
        "weights": np.ascontiguousarray(weights.transpose(1, 0, 2), np.float32),
    }


def _stream_nodes(stream: int) -> list[onnx.NodeProto]:
    """The likelihood of every phone's states (42, N, 3) in this stream, log."""

    def name(what: str) -> str:
        return f"{what}{stream}"

    def node(kind: str, inputs: list[str], output: str, **options: object) -> onnx.NodeProto:
        return helper.make_node(kind, inputs, [name(output)], **options)

    return [
        node("Slice", ["features", name("from"), name("to"), "axis"], "x"),
        node("Mul", [name("x"), name("x")], "square"),
        node("Concat", [name("square"), name("x")], "terms", axis=1),
        node("MatMul", [name("terms"), name("density")], "varying"),
        node("Add", [name("varying"), name("constant")], "logs"),
        node("ReduceMax", [name("logs")], "peak", axes=[2], keepdims=1),
        node("Sub", [name("logs"), name("peak")], "below"),
        node("Exp", [name("below")], "share"),
        node("MatMul", [name("share"), name("weights")], "mixed"),
        node("Max", [name("mixed"), "tiny"], "some"),
        node("Log", [name("some")], "log"),
        node("Add", [name("log"), name("peak")], "said"),
    ]


def _gaussians(path: Path) -> Float:
    """Sphinx's parameter file: a text header, then codebooks, streams, Gaussians and lengths."""
    raw = path.read_bytes()
    at = raw.index(b"endhdr\n") + len(b"endhdr\n") + 4  # and the mark of the byte order
    codebooks, streams, gaussians, *lengths = struct.unpack_from(f"<{3 + _STREAMS}i", raw, at)
    at += 4 * (3 + _STREAMS) + 4  # and how many numbers follow
    shape = (codebooks, streams, gaussians, lengths[0])
    if shape != (PHONE_COUNT, _STREAMS, gaussians, CEPSTRA):
        raise ValueError(f"{path} holds {shape}: it is another kind of model")
    return np.frombuffer(raw, "<f4", int(np.prod(shape)), at).reshape(shape).astype(np.float64)


def _log_weights(path: Path) -> Float:
    """Sphinx's dump of mixture weights: strings, then a table for every stream. The first states
    are those of phones out of context, in the order of the codebooks."""
    raw = path.read_bytes()
    at = 0
    while length := struct.unpack_from("<i", raw, at)[0]:
        at += 4 + length
    gaussians, states = struct.unpack_from("<2i", raw, at + 4)
    table = np.frombuffer(raw, np.uint8, _STREAMS * gaussians * states, at + 12)
    table = table.reshape(_STREAMS, gaussians, states)[..., : PHONE_COUNT * _STATES]
    return table * _LOG_STEP


if __name__ == "__main__":
    export(SHIPPED)
