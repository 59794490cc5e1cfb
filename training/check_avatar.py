"""Look at a packed avatar as a stranger would: is there a face, does it loop, does it blink?

    python -m training.check_avatar avatars/nora

Runs in its own environment (`requirements-check.txt`), because MediaPipe's old pins fit nowhere
else. Prints numbers and ends with status 1 when one is out of bounds.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass
from pathlib import Path

import av
import mediapipe as mp
import numpy as np
import numpy.typing as npt

Frames = npt.NDArray[np.uint8]
Points = npt.NDArray[np.float64]

# MediaPipe face mesh: outer corner, inner corner, two upper lid points, two lower lid points.
_EYES = ((33, 133, (160, 158), (144, 153)), (263, 362, (385, 387), (380, 373)))
_UPPER_LIP, _LOWER_LIP, _FOREHEAD, _CHIN = 13, 14, 10, 152

_CLOSED_EYE, _OPEN_EYE = 0.13, 0.22
_SEAM_FACTOR = 1.5
_LIP_GAP = 0.02


@dataclass(frozen=True, slots=True)
class Finding:
    what: str
    value: float
    ok: bool


def read_frames(video: Path) -> Frames:
    """All frames (N, H, W, 3) RGB."""
    with av.open(str(video)) as container:
        return np.stack([f.to_ndarray(format="rgb24") for f in container.decode(video=0)])


def find_meshes(frames: Frames) -> list[Points | None]:
    """468 or more points (x, y in pixels) per frame, None where no face is found."""
    height, width = frames.shape[1:3]
    options = {"static_image_mode": True, "refine_landmarks": True, "max_num_faces": 2}
    with mp.solutions.face_mesh.FaceMesh(**options) as finder:
        found = [finder.process(frame).multi_face_landmarks for frame in frames]
    return [
        np.array([[p.x * width, p.y * height] for p in faces[0].landmark])
        if faces and len(faces) == 1
        else None
        for faces in found
    ]


def eye_openness(mesh: Points) -> float:
    """Mean lid distance over eye width, both eyes (the eye aspect ratio of Soukupová & Čech)."""
    ratios = []
    for outer, inner, upper, lower in _EYES:
        gap = np.linalg.norm(mesh[list(upper)] - mesh[list(lower)], axis=1).mean()
        ratios.append(gap / np.linalg.norm(mesh[outer] - mesh[inner]))
    return float(np.mean(ratios))


def seam(frames: Frames) -> float:
    """Change from the last frame to the first, over the median change between neighbours."""
    pictures = frames.astype(np.int16)
    change = np.abs(np.roll(pictures, -1, axis=0) - pictures).mean((1, 2, 3))
    return float(change[-1] / np.median(change[:-1]))


def inside_box(mesh: Points, box: list[float]) -> bool:
    """Whether mouth and chin lie in the lower half of the face box."""
    x0, y0, x1, y1 = box
    lips_and_chin = mesh[[_UPPER_LIP, _LOWER_LIP, _CHIN]]
    x, y = lips_and_chin.T
    return bool(((x > x0) & (x < x1) & (y > (y0 + y1) / 2) & (y < y1)).all())


def findings(folder: Path) -> list[Finding]:
    card = json.loads((folder / "avatar.json").read_text())
    frames = read_frames(folder / "idle.mp4")
    found = find_meshes(frames)
    faces = [(i, mesh) for i, mesh in enumerate(found) if mesh is not None]
    open_ = np.array([eye_openness(mesh) for _, mesh in faces])
    gaps = [
        np.linalg.norm(m[_UPPER_LIP] - m[_LOWER_LIP]) / np.linalg.norm(m[_FOREHEAD] - m[_CHIN])
        for _, m in faces
    ]
    boxed = np.mean([inside_box(mesh, card["face_boxes"][i]) for i, mesh in faces])
    jump = seam(frames)
    return [
        Finding("frames", len(frames), len(frames) == card["frames"]),
        Finding("frames with exactly one face", len(faces), len(faces) == len(frames)),
        Finding("mouth and chin in lower half of box", float(boxed), boxed == 1),
        Finding("eye openness, median", float(np.median(open_)), np.median(open_) > _OPEN_EYE),
        Finding("eye openness, least", float(open_.min()), open_.min() < _CLOSED_EYE),
        Finding("lip gap / face height, most", float(max(gaps)), max(gaps) < _LIP_GAP),
        Finding("loop seam / median change", jump, jump < _SEAM_FACTOR),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("avatar", type=Path)
    args = parser.parse_args()
    results = findings(args.avatar)
    for result in results:
        print(f"{'ok ' if result.ok else 'BAD'} {result.what}: {result.value:.3f}")
    sys.exit(0 if all(result.ok for result in results) else 1)


if __name__ == "__main__":
    main()
