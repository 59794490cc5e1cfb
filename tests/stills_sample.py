"""A made-up person's stills on disk: a ball of a head with two eyes, on a block of a torso."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np

SIZE = 192
PX_PER_CM = SIZE / 40
MIDDLE = np.array([SIZE / 2, 80.0])
EYES = np.array([[76.0, 72.0], [116.0, 72.0]])
EYE_WIDTH, EYE_HEIGHT = 18.0, 8.0
MOUTH_BOX = (70.0, 88.0, 122.0, 140.0)
_RADIUS = 62.0
_CAMERA_CM = 100.0
_LIDS = {"lids_30": 0.3, "lids_60": 0.6, "lids_85": 0.85, "lids_100": 1.0}
_MOODS = ("happy", "sad", "angry", "surprised", "coy")
_GAZES = ("gaze_up", "gaze_down")


def write_stills(folder: Path) -> Path:
    """Everything that `training.puppet.stills.load_stills` reads, in `folder`."""
    (folder / "stills").mkdir(parents=True)
    position, weight = _surface()
    np.save(folder / "position.npy", position)
    np.save(folder / "head_weight.npy", weight)
    vertices, triangles = _mesh()
    np.save(folder / "faces.npy", triangles)
    names = ("base", *_LIDS, *_MOODS, *_GAZES, "brows_up")
    for name in names:
        np.save(folder / "stills" / f"{name}.mesh.npy", _moved(vertices, name))
    for name in ("base", *_LIDS, *_MOODS):
        cv2.imwrite(str(folder / "stills" / f"{name}.png"), _picture(name, position))
    y = np.linspace(90, 200, SIZE)[:, None, None]
    plate = np.broadcast_to(y, (SIZE, SIZE, 3)).astype(np.uint8)
    cv2.imwrite(str(folder / "plate.png"), plate)
    camera = {
        "size": SIZE,
        "projection": _projection().tolist(),
        "pivot": [0.0, -9.0, -1.0],
        "mouth_box": [edge / SIZE for edge in MOUTH_BOX],
        "landmarks": {name: (_landmarks(name) / SIZE).tolist() for name in names},
    }
    (folder / "camera.json").write_text(json.dumps(camera))
    return folder


def _projection() -> np.ndarray:
    """A camera on the z axis that sees 40 cm at z = 0."""
    f = PX_PER_CM * _CAMERA_CM
    x, y = MIDDLE
    return np.array([[f, 0, -x, x * _CAMERA_CM], [0, -f, -y, y * _CAMERA_CM], [0, 0, -1, 100.0]])


def _surface() -> tuple[np.ndarray, np.ndarray]:
    y, x = np.mgrid[:SIZE, :SIZE] + 0.5
    off = np.stack([x, y], -1) - MIDDLE
    far = np.hypot(*np.moveaxis(off, -1, 0))
    head = far < _RADIUS
    torso = (y > 135) & (np.abs(off[..., 0]) < 80) & ~head
    z = np.where(head, np.sqrt(np.maximum(_RADIUS**2 - far**2, 0)) / PX_PER_CM, 0.0)
    depth = (_CAMERA_CM - z) / (PX_PER_CM * _CAMERA_CM)
    position = np.stack([off[..., 0] * depth, -off[..., 1] * depth, z], -1)
    position[~(head | torso)] = np.nan
    return position.astype(np.float32), head.astype(np.float32)


def _picture(name: str, position: np.ndarray) -> np.ndarray:
    noise = np.random.default_rng(0).uniform(60, 220, (SIZE, SIZE, 3)).astype(np.float32)
    picture = cv2.GaussianBlur(noise, (0, 0), 2.5) * 1.0
    eyes = picture.copy()
    for middle in EYES:
        size = (EYE_WIDTH, EYE_HEIGHT * (1 - _LIDS.get(name, 0.0)))
        cv2.ellipse(eyes, (tuple(middle), size, 0.0), (240, 240, 240), cv2.FILLED)
        iris = eyes.copy()
        cv2.circle(iris, tuple(np.rint(middle).astype(int)), 3, (40, 30, 20), cv2.FILLED)
        inside = (eyes == 240).all(-1)
        eyes[inside] = iris[inside]
    if name in _MOODS:
        eyes[100:130, 80:112] = 0.7 * eyes[100:130, 80:112] + 30
    alpha = np.where(np.isfinite(position[..., :1]), 255, 0)
    return np.concatenate([eyes, alpha], -1).astype(np.uint8)


def _mesh() -> tuple[np.ndarray, np.ndarray]:
    """A grid over the face with a hole in each eye."""
    along = np.arange(45, 148, 2, dtype=np.float32)
    x, y = np.meshgrid(along, along - 12)
    vertices = np.stack([x, y], -1).reshape(-1, 2)
    n = len(along)
    first = (np.arange(n - 1)[:, None] * n + np.arange(n - 1)).ravel()
    lower, upper = (
        np.stack([first, first + 1, first + n], 1),
        np.stack([first + 1, first + n + 1, first + n], 1),
    )
    triangles = np.concatenate([lower, upper])
    middle = vertices[triangles].mean(1)
    reach = np.array([EYE_WIDTH, EYE_HEIGHT]) / 2
    in_eye = np.any([np.hypot(*((middle - eye) / reach).T) < 1 for eye in EYES], axis=0)
    return vertices, triangles[~in_eye].astype(np.int32)


def _moved(vertices: np.ndarray, name: str) -> np.ndarray:
    moved = vertices.copy()
    if name == "brows_up":
        moved[:, 1] -= 4 * np.exp(-0.5 * np.square((vertices[:, 1] - 56) / 6))
    return moved


def _landmarks(name: str) -> np.ndarray:
    x = MIDDLE[0]
    points = np.tile(MIDDLE, (68, 1))
    angle = np.linspace(np.pi, 0, 17)
    points[:17] = np.stack([x + 48 * np.cos(angle), 80 + 56 * np.sin(angle)], 1)
    points[17:27] = np.stack([np.linspace(66, 126, 10), np.full(10, 56.0)], 1)
    points[27:36] = np.stack([np.full(9, x), np.linspace(66, 98, 9)], 1)
    gap = EYE_HEIGHT * (1 - _LIDS.get(name, 0.0)) / 2
    ring = np.array([[-9, 0], [-4, -gap], [4, -gap], [9, 0], [4, gap], [-4, gap]])
    for number, eye in enumerate(EYES):
        points[36 + 6 * number : 42 + 6 * number] = eye + ring
    lips = np.linspace(np.pi, 3 * np.pi, 13)[:-1]
    points[48:60] = np.stack([x + 14 * np.cos(lips), 112 + 6 * np.sin(lips)], 1)
    inner = np.linspace(np.pi, 3 * np.pi, 9)[:-1]
    points[60:68] = np.stack([x + 11 * np.cos(inner), 112 + 1 * np.sin(inner)], 1)
    return points
