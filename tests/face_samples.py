"""A small avatar package and two tiny nets of the lip-sync contract, made on the spot."""

import json
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from onnx import TensorProto, helper, numpy_helper, save_model

SIZE, FRAMES = 192, 20
BOX = (35.0, 42.0, 155.0, 180.0)


def make_avatar(
    folder: Path, name: str = "sample", *, matrix: int = 1, frames: int = FRAMES
) -> Path:
    """A package of a textured face-like blob that sways and never repeats within the loop."""
    root = folder / name
    root.mkdir(parents=True)
    pictures = [picture(number) for number in range(frames)]
    write_video(root / "idle.mp4", pictures, matrix)
    cv2.imwrite(str(root / "mask.png"), mask())
    cv2.imwrite(str(root / "poster.jpg"), pictures[0])
    card = {
        "format": 1,
        "id": name,
        "name": "A sample",
        "width": SIZE,
        "height": SIZE,
        "fps": 25,
        "frames": frames,
        "face_boxes": [list(BOX)] * frames,
        "licence": "CC0-1.0",
        "credits": "nobody",
    }
    (root / "avatar.json").write_text(json.dumps(card))
    return root


def picture(number: int) -> np.ndarray:
    """(SIZE, SIZE, 3) BGR; the top left corner's brightness tells the number."""
    rng = np.random.default_rng(7)
    noise = cv2.GaussianBlur(rng.uniform(-60, 60, (SIZE, SIZE, 3)), (0, 0), 1.0)
    image = np.full((SIZE, SIZE, 3), (150.0, 140.0, 130.0)) + noise
    cv2.ellipse(image, (95 + number % 3, 110), (50, 62), 0, 0, 360, (120, 150, 200), -1)
    image[40:180, 35:155] += noise[40:180, 35:155]
    image[:32, :32] = 40 + 8 * number
    return np.clip(image, 0, 255).astype(np.uint8)


def mask() -> np.ndarray:
    soft = np.zeros((96, 96), np.float32)
    soft[56:90, 20:76] = 1.0
    return np.rint(cv2.GaussianBlur(soft, (0, 0), 2.0) * 255).astype(np.uint8)


def write_video(path: Path, pictures: list[np.ndarray], matrix: int) -> None:
    with av.open(str(path), "w") as output:
        stream = output.add_stream("libx264", rate=25, options={"crf": "14"})
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        codec = stream.codec_context
        codec.color_range, codec.colorspace = 1, matrix
        codec.color_primaries = codec.color_trc = matrix
        for number, image in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="bgr24")
            frame.pts, frame.time_base = number, Fraction(1, 25)
            output.mux(stream.encode(frame.reformat(format="yuv420p", dst_colorspace=matrix)))
        output.mux(stream.encode(None))


def make_export(path: Path) -> Path:
    """One file of the Wav2Lip contract: the reference, its lower half darker the louder it is."""
    nodes = [
        helper.make_node("Slice", ["face", "three", "six", "one"], ["reference"]),
        helper.make_node("ReduceMean", ["mel"], ["level"], axes=[1, 2, 3], keepdims=1),
        helper.make_node("Mul", ["level", "shade"], ["darker"]),
        helper.make_node("Add", ["reference", "darker"], ["sum"]),
        helper.make_node("Clip", ["sum", "low", "high"], ["out"]),
    ]
    return write_net(path, nodes, {"mel": (1, 80, 16), "face": (6, 96, 96)}, (3, 96, 96))


def make_halves(path: Path) -> Path:
    """`<stem>.encoder.onnx` and `.decoder.onnx` beside `path`: the jaw darkens the lower half."""
    encoder = [
        helper.make_node("ReduceMean", ["mel"], ["level"], axes=[1, 2, 3], keepdims=0),
        helper.make_node("Unsqueeze", ["level", "one"], ["column"]),
        helper.make_node("Add", ["column", "four"], ["positive"]),
        helper.make_node("Mul", ["positive", "jaw"], ["controls"]),
        helper.make_node("Clip", ["controls", "low", "high"], ["out"]),
    ]
    write_net(path.with_suffix(".encoder.onnx"), encoder, {"mel": (1, 80, 16)}, (8,))
    decoder = [
        helper.make_node("Slice", ["face", "three", "six", "one"], ["reference"]),
        helper.make_node("ReduceMean", ["controls"], ["open"], axes=[1], keepdims=1),
        helper.make_node("Unsqueeze", ["open", "last"], ["open4"]),
        helper.make_node("Mul", ["open4", "shade"], ["darker"]),
        helper.make_node("Add", ["reference", "darker"], ["sum"]),
        helper.make_node("Clip", ["sum", "low", "high"], ["out"]),
    ]
    inputs = {"face": (6, 96, 96), "controls": (8,)}
    write_net(path.with_suffix(".decoder.onnx"), decoder, inputs, (3, 96, 96))
    return path


def write_net(
    path: Path, nodes: list[object], inputs: dict[str, tuple[int, ...]], out: tuple[int, ...]
) -> Path:
    shade = np.zeros((1, 1, 96, 96), np.float32)
    shade[..., 60:86, 25:71] = -1.0
    jaw = np.zeros((1, 8), np.float32)
    jaw[0, 0] = 0.25
    constants = {
        "one": np.array([1], np.int64),
        "three": np.array([3], np.int64),
        "six": np.array([6], np.int64),
        "last": np.array([2, 3], np.int64),
        "four": np.array(4, np.float32),
        "low": np.array(0, np.float32),
        "high": np.array(1, np.float32),
        "shade": shade,
        "jaw": jaw,
    }
    used = {name for node in nodes for name in node.input}
    graph = helper.make_graph(
        nodes,
        "net",
        [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, ("N", *shape))
            for name, shape in inputs.items()
        ],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, ("N", *out))],
        [numpy_helper.from_array(v, n) for n, v in constants.items() if n in used],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    save_model(model, path)
    return path


def speech(duration_s: float, silent_end_s: float = 0.0) -> np.ndarray:
    """int16 sound that is never quiet for long, like speech, then silence."""
    rng = np.random.default_rng(11)
    time_s = np.arange(int(duration_s * 16_000)) / 16_000
    loud = 0.6 + 0.4 * np.sin(2 * np.pi * 4 * time_s)
    sound = loud * (np.sin(2 * np.pi * 180 * time_s) + rng.normal(0, 0.3, len(time_s)))
    pcm = np.clip(sound * 6000, -32768, 32767).astype(np.int16)
    return np.concatenate([pcm, np.zeros(int(silent_end_s * 16_000), np.int16)])
