"""Turn rendered key frames into an avatar package: `avatars/<id>/`.

    python -m training.package_avatar --frames training/work/template \\
        --look training/looks/nora.json

Runs in the service's own environment (av, cv2, numpy). `backend/avatar/package.py` says what a
package holds.
"""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

import av
import cv2
import numpy as np
import numpy.typing as npt

from backend.avatar.facebox import FaceBox, face_box
from training.render.pose import FPS, FRAMES

Image = npt.NDArray[np.uint8]
Landmarks = npt.NDArray[np.float64]

_SIZE = 512
_FACE = 96
_LICENCE = "Apache-2.0"
_CREDITS = "Rendered with Blender from ICT-FaceKit (USC Institute for Creative Technologies, MIT)"
_COLOUR = {"colorspace": "smpte170m", "color_primaries": "smpte170m", "color_trc": "smpte170m"}


def load_keys(folder: Path) -> dict[int, tuple[Image, Landmarks]]:
    """Frame number → picture (512, 512, 3) BGR and landmarks (68, 2) in pixels."""
    keys = {}
    for line in (folder / "index.jsonl").read_text().splitlines():
        entry = json.loads(line)
        picture = cv2.imread(str(folder / f"{entry['frame']:03d}.png"))
        keys[entry["frame"]] = (picture, np.array(entry["landmarks"]) * _SIZE)
    return dict(sorted(keys.items()))


def fill(keys: dict[int, tuple[Image, Landmarks]]) -> Iterator[tuple[Image, Landmarks]]:
    """All `FRAMES` frames of the loop: keys as they are, the rest moved along optical flow."""
    flow = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    numbers = list(keys)
    for index, number in enumerate(numbers):
        following = numbers[(index + 1) % len(numbers)]
        gap = (following - number) % FRAMES
        (first, first_marks), (second, second_marks) = keys[number], keys[following]
        yield first, first_marks
        if gap > 1:
            grey = [cv2.cvtColor(p, cv2.COLOR_BGR2GRAY) for p in (first, second)]
            forth, back = flow.calc(grey[0], grey[1], None), flow.calc(grey[1], grey[0], None)
        for step in range(1, gap):
            t = step / gap
            picture = cv2.addWeighted(
                _moved(first, forth * t), 1 - t, _moved(second, back * (1 - t)), t, 0
            )
            yield picture, (1 - t) * first_marks + t * second_marks


def _moved(picture: Image, flow: npt.NDArray[np.float32]) -> Image:
    """The picture pushed along a flow field, by looking back along it."""
    y, x = np.mgrid[: picture.shape[0], : picture.shape[1]].astype(np.float32)
    x, y = x - flow[..., 0], y - flow[..., 1]
    return cv2.remap(picture, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)


def blend_mask(landmarks: Landmarks, box: FaceBox) -> Image:
    """(96, 96) mask in face-box coordinates: mouth, chin and lower cheeks, with room for the jaw.

    White takes the net's picture. Soft everywhere, and black on the border and above the middle,
    where the net changes nothing.
    """
    x0, y0, x1, y1 = box
    points = (landmarks - [x0, y0]) / [x1 - x0, y1 - y0] * _FACE
    jaw = points[3:14]
    chin_y = points[8, 1]
    drop = 0.10 * _FACE * np.clip((jaw[:, 1] - points[48, 1]) / (chin_y - points[48, 1]), 0, 1)
    outline = np.concatenate([jaw + np.stack([np.zeros(11), drop], 1), points[[13, 3]] * [1, 0]])
    mask = np.zeros((_FACE, _FACE), np.uint8)
    cv2.fillPoly(mask, [np.round(outline).astype(np.int32)], 255)
    mask[: _FACE // 2 + 3] = 0
    mask[-4:] = 0
    return cv2.GaussianBlur(mask, (0, 0), 2.0) * _inside_border()


def _inside_border() -> Image:
    inside = np.zeros((_FACE, _FACE), np.uint8)
    inside[_FACE // 2 : -1, 1:-1] = 1
    return inside


def write_video(path: Path, frames: list[Image]) -> None:
    """H.264 4:2:0, BT.601 limited range like every picture the service sends."""
    with av.open(str(path), "w", options={"movflags": "+faststart"}) as container:
        options = {"crf": "14", "preset": "slow", "color_range": "tv", **_COLOUR}
        stream = container.add_stream("libx264", rate=FPS, options=options)
        stream.width = stream.height = _SIZE
        stream.pix_fmt = "yuv420p"
        for frame in frames:
            planes = cv2.cvtColor(frame, cv2.COLOR_BGR2YUV_I420)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(planes, "yuv420p")))
        container.mux(stream.encode())


def package(frames_folder: Path, look: Path, avatars: Path) -> Path:
    """Write the package and return its folder. The id is the look's file name."""
    filled = list(fill(load_keys(frames_folder)))
    if len(filled) != FRAMES:
        raise ValueError(f"{len(filled)} frames instead of {FRAMES}: key frames are missing")
    pictures = [picture for picture, _ in filled]
    boxes = [face_box(marks) for _, marks in filled]
    out = avatars / look.stem
    out.mkdir(parents=True, exist_ok=True)
    write_video(out / "idle.mp4", pictures)
    cv2.imwrite(str(out / "poster.jpg"), pictures[0], [cv2.IMWRITE_JPEG_QUALITY, 92])
    marks_in_boxes = [_in_box(marks, face_box(marks)) for _, marks in filled]
    mean_marks = np.mean(marks_in_boxes, axis=0)
    cv2.imwrite(str(out / "mask.png"), blend_mask(mean_marks, (0.0, 0.0, 1.0, 1.0)))
    card = {
        "format": 1,
        "id": look.stem,
        "name": json.loads(look.read_text())["name"],
        "width": _SIZE,
        "height": _SIZE,
        "fps": FPS,
        "frames": FRAMES,
        "languages": ["en", "zh"],
        "licence": _LICENCE,
        "credits": _CREDITS,
        "face_boxes": [[round(edge, 2) for edge in box] for box in boxes],
    }
    (out / "avatar.json").write_text(json.dumps(card, indent=1) + "\n")
    return out


def _in_box(marks: Landmarks, box: FaceBox) -> Landmarks:
    x0, y0, x1, y1 = box
    return (marks - [x0, y0]) / [x1 - x0, y1 - y0]


def main() -> None:
    parser = argparse.ArgumentParser(description="Pack rendered frames as an avatar.")
    parser.add_argument("--frames", type=Path, required=True)
    parser.add_argument("--look", type=Path, required=True)
    parser.add_argument("--avatars", type=Path, default=Path("avatars"))
    args = parser.parse_args()
    out = package(args.frames, args.look, args.avatars)
    print(*(f"{p.name}: {p.stat().st_size / 1e3:.0f} kB" for p in sorted(out.iterdir())), sep="\n")


if __name__ == "__main__":
    main()
