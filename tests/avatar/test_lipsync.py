"""Any file with the Wav2Lip contract loads; anything else is refused in words."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper, save_model

from backend.avatar.lips.listener import Window
from backend.avatar.lips.mouth import CONTROLS
from backend.avatar.mouths.lipsync import ControlledLipSync, Wav2LipExport, load_lipsync
from backend.errors import ModelFileError

Dim = int | str
Spec = tuple[str, Sequence[Dim]]
FLOAT, FLOAT16 = TensorProto.FLOAT, TensorProto.FLOAT16
FREE_MEL: Spec = ("mel", ("N", 1, 80, 16))
FREE_FACE: Spec = ("face", ("N", 6, 96, 96))
FREE_OUT: Spec = ("out", ("N", 3, 96, 96))


def write_export(
    path: Path,
    first: Spec = FREE_MEL,
    second: Spec = FREE_FACE,
    out: Spec = FREE_OUT,
    *,
    channels: tuple[int, int] = (3, 6),
    last: str = "Clip",
    element: int = FLOAT,
) -> Path:
    """A tiny net of the contract: the reference face, brightened by the window's mean level."""
    mel = first if 80 in first[1] else second
    face = second if mel is first else first
    dtype = helper.tensor_dtype_to_np_dtype(element)
    constants = {
        "from": np.array([channels[0]], np.int64),
        "to": np.array([channels[1]], np.int64),
        "axis": np.array([1], np.int64),
        "gain": np.array(0.1, dtype),
        "low": np.array(0, dtype),
        "high": np.array(1, dtype),
        "byte": np.array(255, dtype),
    }
    final = {
        "Clip": helper.make_node("Clip", ["sum", "low", "high"], [out[0]]),
        "Bytes": helper.make_node("Mul", ["sum", "byte"], [out[0]]),
    }[last]
    nodes = [
        helper.make_node("Slice", [face[0], "from", "to", "axis"], ["reference"]),
        helper.make_node("ReduceMean", [mel[0]], ["mean"], axes=[1, 2, 3], keepdims=1),
        helper.make_node("Mul", ["mean", "gain"], ["bright"]),
        helper.make_node("Add", ["reference", "bright"], ["sum"]),
        final,
    ]
    return write_graph(path, nodes, (first, second), out, constants, element)


def write_graph(
    path: Path,
    nodes: Sequence[object],
    inputs: Sequence[Spec],
    out: Spec,
    constants: dict[str, np.ndarray],
    element: int = FLOAT,
) -> Path:
    graph = helper.make_graph(
        nodes,
        "net",
        [helper.make_tensor_value_info(name, element, shape) for name, shape in inputs],
        [helper.make_tensor_value_info(out[0], element, out[1])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    save_model(model, path)
    return path


def inputs(frames: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    mel = rng.uniform(-4, 4, (frames, 1, 80, 16)).astype(np.float32)
    return mel, rng.uniform(0, 1, (frames, 6, 96, 96)).astype(np.float32)


def expected(mel: np.ndarray, face: np.ndarray) -> np.ndarray:
    return np.clip(face[:, 3:] + 0.1 * mel.mean(axis=(1, 2, 3), keepdims=True), 0, 1)


@pytest.mark.parametrize(
    "specs",
    [
        (FREE_MEL, FREE_FACE, FREE_OUT),
        (("input_1", ("b", 6, 96, 96)), ("input_0", ("b", 1, 80, 16)), ("37", ("b", 3, 96, 96))),
        (("mel_spectrogram", (1, 1, 80, 16)), ("video_frames", (1, 6, 96, 96)), FREE_OUT),
        (("m", (4, 1, 80, 16)), ("f", (4, 6, 96, 96)), ("o", (4, 3, 96, 96))),
        (("m", ("N", "c", 80, 16)), ("f", ("N", 6, "h", "w")), ("o", ("a", "b", "c", "d"))),
    ],
    ids=["ours", "faces first", "batch of one", "batch of four", "open dimensions"],
)
def test_names_and_batch_are_discovered(tmp_path: Path, specs: tuple[Spec, Spec, Spec]) -> None:
    net = load_lipsync(write_export(tmp_path / "net.onnx", *specs))
    assert isinstance(net, Wav2LipExport)
    assert (net.name, net.window, type(net)) == ("net", Window(0, 16), Wav2LipExport)
    for frames in (0, 1, 6):
        mel, face = inputs(frames)
        picture = net.draw(face, net.of_windows(mel))
        assert picture.shape == (frames, 3, 96, 96)
        np.testing.assert_allclose(picture, expected(mel, face), atol=1e-6)


def test_lead_comes_from_the_card(tmp_path: Path) -> None:
    path = write_export(tmp_path / "net.onnx")
    path.with_suffix(".json").write_text('{"mel_lead_frames": 6}')
    assert load_lipsync(path).window == Window(6, 16)


@pytest.mark.parametrize("card", ["{", "[]", '{"mel_lead_frames": "6"}', '{"mel_lead_frames": 16}'])
def test_bad_card_is_refused(tmp_path: Path, card: str) -> None:
    path = write_export(tmp_path / "net.onnx")
    path.with_suffix(".json").write_text(card)
    with pytest.raises(ModelFileError, match=r"net\.json"):
        load_lipsync(path)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"element": FLOAT16}, r"float16.*export the net again in float32"),
        ({"second": ("face", ("N", 6, 256, 256))}, r"no tensors that fit \(N,6,96,96\).*256"),
        ({"second": ("face", (2, 6, 96, 96)), "first": ("mel", (1, 1, 80, 16))}, "batch sizes"),
        ({"last": "Bytes"}, r"draws values from .*sigmoid"),
        (
            {"channels": (2, 6), "out": ("out", ("N", "c", 96, 96))},
            r"no tensors that fit \(N,3,96,96\)",
        ),
    ],
    ids=["half precision", "another face size", "two batches", "bytes", "four channels"],
)
def test_other_contracts_are_refused(tmp_path: Path, options: dict, says: str) -> None:
    path = write_export(tmp_path / "net.onnx", **options)
    with pytest.raises(ModelFileError, match=says):
        load_lipsync(path)


def test_one_input_is_refused(tmp_path: Path) -> None:
    nodes = [helper.make_node("Identity", ["mel"], ["out"])]
    path = write_graph(tmp_path / "net.onnx", nodes, [FREE_MEL], ("out", FREE_MEL[1]), {})
    with pytest.raises(ModelFileError, match="1 inputs where 2 are wanted"):
        load_lipsync(path)


@pytest.mark.parametrize("content", [b"", b"not a model", b"\x08\x09" * 200])
def test_corrupt_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "net.onnx"
    path.write_bytes(content)
    with pytest.raises(ModelFileError, match="not an ONNX model"):
        load_lipsync(path)


def test_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match="is not there"):
        load_lipsync(tmp_path / "net.onnx")


def write_halves(folder: Path) -> Path:
    """Halves of a tiny net: loudness drives every control, controls brighten the reference."""
    mean = {
        "gain": np.array(0.25, np.float32),
        "half": np.array(0.5, np.float32),
        "ones": np.ones((1, len(CONTROLS)), np.float32),
        "shape": np.array([-1, 1], np.int64),
    }
    encoder = [
        helper.make_node("ReduceMean", ["mel"], ["mean"], axes=[1, 2, 3], keepdims=0),
        helper.make_node("Reshape", ["mean", "shape"], ["column"]),
        helper.make_node("Mul", ["column", "gain"], ["scaled"]),
        helper.make_node("Add", ["scaled", "half"], ["level"]),
        helper.make_node("Mul", ["level", "ones"], ["controls"]),
    ]
    out = ("controls", ("N", len(CONTROLS)))
    write_graph(folder / "net.encoder.onnx", encoder, [FREE_MEL], out, mean)
    slicing = {
        "from": np.array([3]),
        "to": np.array([6]),
        "axis": np.array([1]),
        "shape": np.array([-1, 1, 1, 1]),
        "low": np.array(0, np.float32),
        "high": np.array(1, np.float32),
    }
    decoder = [
        helper.make_node("Slice", ["face", "from", "to", "axis"], ["reference"]),
        helper.make_node("ReduceMean", ["controls"], ["mean"], axes=[1], keepdims=0),
        helper.make_node("Reshape", ["mean", "shape"], ["bright"]),
        helper.make_node("Add", ["reference", "bright"], ["sum"]),
        helper.make_node("Clip", ["sum", "low", "high"], ["picture"]),
    ]
    picture = ("picture", ("N", 3, 96, 96))
    write_graph(folder / "net.decoder.onnx", decoder, [FREE_FACE, out], picture, slicing)
    (folder / "net.json").write_text('{"mel_lead_frames": 6}')
    return folder / "net.onnx"


def test_halves_beside_are_used_with_controls_in_the_open(tmp_path: Path) -> None:
    net = load_lipsync(write_halves(tmp_path))
    assert isinstance(net, ControlledLipSync)
    assert (net.window, type(net)) == (Window(6, 16), ControlledLipSync)
    mel, face = inputs(7)
    controls = net.of_windows(mel)
    assert controls.shape == (7, 8)
    assert controls.max() > 0
    np.testing.assert_allclose(
        net.draw(face, net.of_windows(mel)),
        np.clip(face[:, 3:] + controls.mean(axis=1)[:, None, None, None], 0, 1),
        atol=1e-6,
    )


def test_threads_are_explicit(tmp_path: Path) -> None:
    net = load_lipsync(write_export(tmp_path / "net.onnx"), threads=2)
    assert isinstance(net, Wav2LipExport)
    options = net._network.session.get_session_options()
    assert (options.intra_op_num_threads, options.inter_op_num_threads) == (2, 1)
