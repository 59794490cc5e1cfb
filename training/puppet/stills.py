"""What was rendered of one person, read from `training/build/<id>/` and checked.

Pictures are held as premultiplied float32 BGRA in 0..1, so that resampling leaves no fringe where
the figure ends.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import cv2
import numpy as np

from training.puppet.fields import Float32, from_mesh

MOODS = ("happy", "sad", "angry", "surprised", "coy")
LIDS = {0.3: "lids_30", 0.6: "lids_60", 0.85: "lids_85", 1.0: "lids_100"}


@dataclass(frozen=True)
class Stills:
    """`position` is (s, s, 3) cm with NaN where nothing is; `head_weight` (s, s); `projection` 3x4
    from cm to pixels; `mouth_box` in pixels; `landmarks` (68, 2) in pixels by still."""

    folder: Path
    size: int
    projection: Float32
    pivot: Float32
    mouth_box: tuple[float, float, float, float]
    landmarks: Mapping[str, Float32]
    position: Float32
    head_weight: Float32
    plate: Float32
    """(s, s, 3) BGR 0..1."""

    @cached_property
    def base(self) -> Float32:
        return self.picture("base")

    def picture(self, name: str) -> Float32:
        """(s, s, 4) premultiplied BGRA in 0..1."""
        straight = _read(self.folder / "stills" / f"{name}.png", cv2.IMREAD_UNCHANGED)
        if straight.shape != (self.size, self.size, 4):
            raise ValueError(f"stills/{name}.png is {straight.shape}, not BGRA of {self.size} px")
        straight[..., :3] *= straight[..., 3:]
        return straight

    def field_to(self, name: str) -> Float32:
        """How the face's points move from base to another still, (s, s, 2) pixels; 0 off the
        face."""
        field, covered = from_mesh(self._mesh("base"), self._mesh(name), self._triangles, self.size)
        face = cv2.morphologyEx(covered, cv2.MORPH_CLOSE, np.ones((41, 41), np.uint8))
        edge = cv2.GaussianBlur(face, (0, 0), 3.0)
        return np.asarray(cv2.GaussianBlur(field, (0, 0), 1.5) * edge[..., None], np.float32)

    def opening(self, name: str) -> Float32:
        """Where a still's skin has holes, (s, s) in 0..1: open eyes, and all that is no face."""
        mesh = self._mesh(name)
        _, covered = from_mesh(mesh, mesh, self._triangles, self.size)
        return np.asarray(cv2.GaussianBlur(1 - covered, (0, 0), 0.8), np.float32)

    @cached_property
    def _triangles(self) -> np.ndarray:
        return np.load(self.folder / "faces.npy")

    def _mesh(self, name: str) -> Float32:
        return np.load(self.folder / "stills" / f"{name}.mesh.npy").astype(np.float32)


def load_stills(folder: Path) -> Stills:
    """Raises OSError for a missing file and ValueError for one of another size."""
    camera = json.loads((folder / "camera.json").read_text())
    size = int(camera["size"])
    position = np.load(folder / "position.npy").astype(np.float32)
    weight = np.load(folder / "head_weight.npy").astype(np.float32)
    if position.shape != (size, size, 3) or weight.shape != (size, size):
        raise ValueError(f"position.npy or head_weight.npy is not of {size} px")
    x0, y0, x1, y1 = (float(edge) * size for edge in camera["mouth_box"])
    return Stills(
        folder=folder,
        size=size,
        projection=np.array(camera["projection"], np.float32)[[0, 1, -1]],
        pivot=np.array(camera["pivot"], np.float32),
        mouth_box=(x0, y0, x1, y1),
        landmarks={
            name: np.array(points, np.float32) * size
            for name, points in camera["landmarks"].items()
        },
        position=position,
        head_weight=weight,
        plate=_read(folder / "plate.png", cv2.IMREAD_COLOR),
    )


def _read(path: Path, flags: int) -> Float32:
    picture = cv2.imread(str(path), flags)
    if picture is None:
        raise FileNotFoundError(f"{path} is missing or no picture")
    return picture.astype(np.float32) / 255.0
