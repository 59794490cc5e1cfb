"""Look at a packed avatar as a stranger would: is there a face, does it loop, blink, listen, think?

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
from typing import Any

import av
import mediapipe as mp
import numpy as np
import numpy.typing as npt

Frames = npt.NDArray[np.uint8]
Points = npt.NDArray[np.float64]

_CLIPS = ("idle", "listening", "thinking")

# MediaPipe face mesh: outer corner, inner corner, two upper lid points, two lower lid points.
_EYES = ((33, 133, (160, 158), (144, 153)), (263, 362, (385, 387), (380, 373)))
_UPPER_LIP, _LOWER_LIP, _FOREHEAD, _CHIN = 13, 14, 10, 152
_LIPS = (61, 291, 0, 17)
_FEATURES = (1, 33, 263, 61, 291)  # nose tip, outer eye corners, mouth corners
_IRISES = ((468, 33, 133), (473, 362, 263))

_CLOSED_SHARE = 0.45  # of its usual openness: lashes over a shut eye still read as a gap
_OPEN_EYE = 0.18
_LIP_GAP = 0.02
_FAR_PX = 12.0
_EVERY = 5  # mood frames looked at


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
    """478 points (x, y in pixels) per frame, None where there is not exactly one face."""
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


def gaze(mesh: Points) -> float:
    """Where the irises are between the corners of the eyes, the picture's left 0 to its right 1."""
    parts = [
        (mesh[iris] - mesh[left]) @ (mesh[right] - mesh[left])
        / np.sum(np.square(mesh[right] - mesh[left]))
        for iris, left, right in _IRISES
    ]  # fmt: skip
    return float(np.mean(parts))


def changes(frames: Frames) -> npt.NDArray[np.float64]:
    """Mean change from each frame to the next, the last one to the first."""
    following = np.roll(frames, -1, axis=0)
    return np.array(
        [np.abs(a.astype(np.int16) - b).mean() for a, b in zip(frames, following, strict=True)]
    )


def in_box(mesh: Points, box: list[float]) -> bool:
    """Whether mouth and chin lie in the lower half of the face box."""
    x0, y0, x1, y1 = box
    x, y = mesh[[_UPPER_LIP, _LOWER_LIP, _CHIN]].T
    return bool(((x > x0) & (x < x1) & (y > (y0 + y1) / 2) & (y < y1)).all())


def in_place(mesh: Points, place: list[float]) -> bool:
    """Whether the lips lie well inside the square that the mouth is drawn in."""
    a, b, c, d, e, f = place
    to_square = np.linalg.inv(np.array([[a, b], [d, e]]))
    inside = (mesh[list(_LIPS)] - (c, f)) @ to_square.T
    return bool(((inside > 0.08) & (inside < 0.92)).all())


def clip_findings(
    clip: str, frames: Frames, found: list[Points | None], card: Any
) -> list[Finding]:
    faces = {number: mesh for number, mesh in enumerate(found) if mesh is not None}
    change = changes(frames)
    openness = [eye_openness(mesh) for mesh in faces.values()]
    usual = float(np.median(openness))
    shut = min(openness) / usual
    gaps = [
        np.linalg.norm(m[_UPPER_LIP] - m[_LOWER_LIP]) / np.linalg.norm(m[_FOREHEAD] - m[_CHIN])
        for m in faces.values()
    ]
    placed = np.mean(
        [in_place(mesh, card["mouth"]["places"][clip][k]) for k, mesh in faces.items()]
    )
    seam = float(change[-1] / change[:-1].max())
    return [
        Finding(f"{clip}: frames", len(frames), len(frames) == card["frames"]),
        Finding(f"{clip}: frames with exactly one face", len(faces), len(faces) == len(frames)),
        Finding(f"{clip}: lips inside the mouth's place", float(placed), placed == 1),
        Finding(f"{clip}: eye openness, median", usual, usual > _OPEN_EYE),
        Finding(f"{clip}: least eye openness / median", shut, shut < _CLOSED_SHARE),
        Finding(f"{clip}: lip gap / face height, most", float(max(gaps)), max(gaps) < _LIP_GAP),
        Finding(f"{clip}: change at the seam / largest change", seam, seam <= 1),
    ]  # fmt: skip


def apart(a: list[Points | None], b: list[Points | None]) -> npt.NDArray[np.float64]:
    """How far eyes, nose and mouth of two loops are from each other in each frame, pixels."""
    pairs = [(m, n) for m, n in zip(a, b, strict=True) if m is not None and n is not None]
    features = list(_FEATURES)
    return np.array([np.linalg.norm(m[features] - n[features], axis=1).mean() for m, n in pairs])


def mood_findings(folder: Path, card: Any, idle: Frames) -> list[Finding]:
    x0, y0, x1, y1 = card["moods"]["box"]
    results = []
    for mood in card["moods"]["names"]:
        part = read_frames(folder / f"mood.{mood}.mp4")
        right = part.shape[:3] == (card["frames"], y1 - y0, x1 - x0)
        results.append(Finding(f"{mood}: frames", len(part), right))
        whole = idle[::_EVERY].copy()
        inside = whole[:, y0:y1, x0:x1]
        calm = inside.astype(np.int16)
        edge = np.abs(part[::_EVERY] - calm)[:, [0, -1]].mean()
        inside[:] = part[::_EVERY]
        faces = sum(mesh is not None for mesh in find_meshes(whole))
        results.append(Finding(f"{mood}: step at the border", float(edge), edge < 2))
        results.append(Finding(f"{mood}: faces of {len(whole)}", faces, faces == len(whole)))
    return results


def findings(folder: Path) -> list[Finding]:
    card = json.loads((folder / "avatar.json").read_text())
    frames = {clip: read_frames(folder / f"{clip}.mp4") for clip in _CLIPS}
    found = {clip: find_meshes(pictures) for clip, pictures in frames.items()}
    results = []
    for clip in _CLIPS:
        results += clip_findings(clip, frames[clip], found[clip], card)
    boxed = np.mean(
        [in_box(m, card["face_boxes"][k]) for k, m in enumerate(found["idle"]) if m is not None]
    )
    results.append(Finding("mouth and chin in lower half of box", float(boxed), boxed == 1))
    for clip in _CLIPS[1:]:
        far = float(apart(found["idle"], found[clip]).max())
        results.append(Finding(f"{clip}: farthest from idle, px", far, 1 < far < _FAR_PX))
    looks = {clip: np.array([gaze(m) for m in found[clip] if m is not None]) for clip in _CLIPS}
    away = float(np.ptp(looks["thinking"]) / np.ptp(looks["idle"]))
    results.append(Finding("range of the gaze, thinking / idle", away, away > 1.5))
    return results + mood_findings(folder, card, frames["idle"])


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
