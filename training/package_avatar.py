"""Turn rendered key frames into an avatar package: `avatars/<id>/`.

    python -m training.package_avatar --frames training/build/template \\
        --look training/looks/nora.json

Runs in the service's own environment (av, cv2, numpy). `backend/avatar/package.py` says what a
package holds.
"""

import argparse
import json
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from backend.avatar.create.files import blend_mask, in_box, write_video
from backend.avatar.facebox import face_box
from training.render.pose import FPS, FRAMES, blink_keys, sway_keys

Image = npt.NDArray[np.uint8]
Landmarks = npt.NDArray[np.float64]

_SIZE = 512
_LICENCE = "Apache-2.0"
_CREDITS = "Rendered with Blender from ICT-FaceKit (USC Institute for Creative Technologies, MIT)"


@dataclass(frozen=True, slots=True)
class Key:
    """One rendered frame: `picture` (512, 512, 3) BGR, `landmarks` (68, 2) in pixels."""

    picture: Image
    landmarks: Landmarks


def load_keys(folder: Path) -> dict[int, Key]:
    """The rendered frames by number."""
    keys = {}
    for line in (folder / "index.jsonl").read_text().splitlines():
        entry = json.loads(line)
        picture = cv2.imread(str(folder / f"{entry['frame']:03d}.png"))
        keys[entry["frame"]] = Key(picture, np.array(entry["landmarks"]) * _SIZE)
    return keys


def fill(keys: dict[int, Key]) -> list[Key]:
    """All `FRAMES` frames of the loop.

    The sway is interpolated along optical flow. Eyes are never interpolated: around a blink they
    are taken from the frames rendered there, and only they, because renders side by side differ
    in their noise and would twinkle.
    """
    frames = _interpolated({number: keys[number] for number in sway_keys()})
    for number in blink_keys():
        frames[number] = _with_eyes_of(frames[number], keys[number])
    return frames


def _interpolated(keys: dict[int, Key]) -> list[Key]:
    flow = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    numbers = list(keys)
    frames = []
    for number, following in zip(numbers, numbers[1:] + numbers[:1], strict=True):
        gap = (following - number) % FRAMES
        a, b = keys[number], keys[following]
        grey = [cv2.cvtColor(key.picture, cv2.COLOR_BGR2GRAY) for key in (a, b)]
        forth, back = flow.calc(grey[0], grey[1], None), flow.calc(grey[1], grey[0], None)
        frames.append(a)
        for step in range(1, gap):
            t = step / gap
            early, late = _moved(a.picture, forth * t), _moved(b.picture, back * (1 - t))
            picture = cv2.addWeighted(early, 1 - t, late, t, 0)
            frames.append(Key(picture, (1 - t) * a.landmarks + t * b.landmarks))
    return frames


def _with_eyes_of(frame: Key, rendered: Key) -> Key:
    """The frame with both eyes, lids and lashes from a render of the same moment."""
    mask = np.zeros((_SIZE, _SIZE), np.float32)
    for eye in (slice(36, 42), slice(42, 48)):
        centre = rendered.landmarks[eye].mean(0)
        radii = np.ptp(rendered.landmarks[eye], axis=0)[0] * np.array([0.95, 0.62])
        cv2.ellipse(mask, (tuple(centre), tuple(2 * radii), 0.0), 1.0, cv2.FILLED)
    weight = cv2.GaussianBlur(mask, (0, 0), 2.5)[..., None]
    mixed = frame.picture * (1 - weight) + rendered.picture * weight
    return Key(np.clip(mixed + 0.5, 0, 255).astype(np.uint8), rendered.landmarks)


def _moved(picture: Image, flow: npt.NDArray[np.float32]) -> Image:
    """The picture pushed along a flow field, by looking back along it."""
    y, x = np.mgrid[: picture.shape[0], : picture.shape[1]].astype(np.float32)
    x, y = x - flow[..., 0], y - flow[..., 1]
    return cv2.remap(picture, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)


def package(frames_folder: Path, look: Path, avatars: Path) -> Path:
    """Write the package and return its folder. The id is the look's file name."""
    frames = fill(load_keys(frames_folder))
    boxes = [face_box(frame.landmarks) for frame in frames]
    out = avatars / look.stem
    out.mkdir(parents=True, exist_ok=True)
    write_video(out / "idle.mp4", [frame.picture for frame in frames])
    cv2.imwrite(str(out / "poster.jpg"), frames[0].picture, [cv2.IMWRITE_JPEG_QUALITY, 92])
    marks_in_boxes = [in_box(f.landmarks, box) for f, box in zip(frames, boxes, strict=True)]
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
