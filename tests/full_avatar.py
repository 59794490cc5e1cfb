"""A small package of format 2, made on the spot: three loops, moods, mattes and a plate.

Videos are coded without loss, so tests can say what each pixel must be.
"""

import json
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from face_samples import BOX, mask, picture

SIZE, FRAMES = 192, 20
MOOD_BOX = (40, 52, 150, 170)
MOOD_LIFT = {"happy": 40, "sad": -40}
"""How much brighter the mood's rectangle is."""
CLIP_LIFT = {"idle": 0, "listening": 12, "thinking": -12}
PLATE = (130, 140, 150)
PLACES = {
    "idle": (50.0, 0.0, 70.0, 0.0, 50.0, 110.0),
    "listening": (50.0, 0.0, 76.0, 0.0, 50.0, 113.0),
    "thinking": (50.0, 0.0, 64.0, 0.0, 50.0, 107.0),
}


def make_full_avatar(
    folder: Path,
    name: str = "full",
    *,
    has_matte: bool = True,
    engine: str = "net",
    matrix: int = 1,
    **card: Any,
) -> Path:
    """The net draws its mouth, so that it needs no file but those made here."""
    root = folder / name
    root.mkdir(parents=True)
    frames = [planes(picture(number)) for number in range(FRAMES)]
    for clip, lift in CLIP_LIFT.items():
        write_planes(root / f"{clip}.mp4", [lifted(frame, lift) for frame in frames], matrix)
        if has_matte:
            write_planes(root / f"matte.{clip}.mp4", [grey(matte(clip))] * FRAMES)
    for mood, lift in MOOD_LIFT.items():
        pictures = [lifted(cut(frame, MOOD_BOX), lift) for frame in frames]
        write_planes(root / f"mood.{mood}.mp4", pictures, matrix)
    if has_matte:
        cv2.imwrite(str(root / "plate.png"), np.full((SIZE, SIZE, 3), PLATE, np.uint8))
    cv2.imwrite(str(root / "mask.png"), mask())
    cv2.imwrite(str(root / "poster.jpg"), picture(0))
    (root / "avatar.json").write_text(json.dumps(full_card(name, engine=engine, **card)))
    return root


def full_card(name: str, **changes: Any) -> dict[str, Any]:
    card = {
        "format": 2,
        "id": name,
        "name": "A full sample",
        "look": "a blob before a wall",
        "width": SIZE,
        "height": SIZE,
        "fps": 25,
        "frames": FRAMES,
        "face_boxes": [list(BOX)] * FRAMES,
        "licence": "CC0-1.0",
        "engine": "net",
        "mouth": {
            "size": 160,
            "places": {clip: [list(place)] * FRAMES for clip, place in PLACES.items()},
            "smile": {"happy": 0.6, "calm": 0.1, "sad": -0.6},
        },
        "moods": {"box": list(MOOD_BOX), "names": list(MOOD_LIFT)},
    }
    return {**card, **changes}


def matte(clip: str) -> np.ndarray:
    """(SIZE / 2, SIZE / 2): a soft disc, elsewhere in each loop."""
    disc = np.zeros((SIZE // 2, SIZE // 2), np.float32)
    cv2.circle(disc, (48 + CLIP_LIFT[clip] // 4, 50), 34, 1.0, -1)
    return np.rint(16 + 219 * cv2.GaussianBlur(disc, (0, 0), 1.5)).astype(np.uint8)


def planes(image: np.ndarray) -> np.ndarray:
    """BGR to I420 by BT.709, which the files are tagged with."""
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="bgr24")
    return frame.reformat(format="yuv420p", dst_colorspace=1).to_ndarray()


def lifted(frame: np.ndarray, lift: int) -> np.ndarray:
    """Brighter; the corner that tells the number stays."""
    height = frame.shape[0] * 2 // 3
    out = frame.astype(int)
    out[:height] += lift
    if lift and height == SIZE:
        out[:32, :32] -= lift
    return np.clip(out, 16, 235).astype(np.uint8)


def cut(frame: np.ndarray, box: tuple[int, int, int, int]) -> np.ndarray:
    x0, y0, x1, y1 = box
    height = frame.shape[0] * 2 // 3
    chroma = frame[height:].reshape(2, height // 2, -1)[:, y0 // 2 : y1 // 2, x0 // 2 : x1 // 2]
    return np.concatenate([frame[y0:y1, x0:x1], chroma.reshape(-1, x1 - x0)])


def grey(luma: np.ndarray) -> np.ndarray:
    return np.concatenate([luma, np.full((luma.shape[0] // 2, luma.shape[1]), 128, np.uint8)])


def write_planes(path: Path, frames: Sequence[np.ndarray], matrix: int = 1) -> None:
    with av.open(str(path), "w") as output:
        stream = output.add_stream("libx264", rate=25, options={"qp": "0", "preset": "ultrafast"})
        stream.height, stream.width = frames[0].shape[0] * 2 // 3, frames[0].shape[1]
        stream.pix_fmt = "yuv420p"
        codec = stream.codec_context
        codec.color_range, codec.colorspace = 1, matrix
        codec.color_primaries = codec.color_trc = matrix
        for number, rows in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(rows), format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, 25)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
