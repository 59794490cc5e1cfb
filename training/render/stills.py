"""Render one avatar's stills: everything the puppet needs but the mouths.

    python -m training.render.stills --look training/looks/nora.json

Writes `camera.json`, `plate.png`, `position.npy`, `head_weight.npy`, `faces.npy`, `base.png` (on
its plate), `hair.png` (where hair is) and `stills/` in `training/build/<id>/`. A still on disk is
not rendered again. Expressions, lids and gazes are only rendered where they move and pasted over
the base, so the rest has the same grain in all.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import cv2
import numpy as np
from scipy.ndimage import distance_transform_edt

from training.render import head as ranges
from training.render.expressions import EYE_STILLS, FACE_STILLS, still_weights
from training.render.figure import Figure
from training.render.geometry import Array
from training.render.head import LANDMARKS
from training.render.look import Look, load_look
from training.render.sheet import (
    SIZE,
    Region,
    eye_region,
    face_region,
    lifted,
    mouth_region,
    pasted,
)

BUILD = Path(__file__).parents[1] / "build"
_FEATHER_PX = 10


class StillRun:
    """One avatar in the studio, rendered still by still."""

    def __init__(self, look: Look, out: Path, samples: int, threads: int) -> None:
        self._look, self._out, self._samples = look, out, samples
        self._figure = Figure(look, threads)
        self._matrix = self._figure.studio.projection(SIZE)
        (out / "stills").mkdir(parents=True, exist_ok=True)

    def measure(self) -> None:
        """Write what needs no rendering: camera and meshes."""
        figure, out = self._figure, self._out
        landmarks = {}
        for name in ("base", *FACE_STILLS, *EYE_STILLS):
            self._show(name)
            landmarks[name] = (self._pixels(LANDMARKS) / SIZE).round(6).tolist()
            mesh = self._pixels(np.arange(ranges.FACE_END)).astype(np.float32)
            np.save(out / "stills" / f"{name}.mesh.npy", mesh)
        self._show("base")
        np.save(out / "faces.npy", _front_triangles(figure))
        camera = {
            "size": SIZE,
            "projection": self._matrix.tolist(),
            "pivot": ranges.NECK_PIVOT,
            "mouth_box": [e / SIZE for e in mouth_region(self._pixels(LANDMARKS))],
            "landmarks": landmarks,
        }
        (out / "camera.json").write_text(json.dumps(camera))

    def render(self) -> None:
        """Render what is missing of `stills/`, base first."""
        self._show("base")
        shots = self._figure.shots
        plate, alpha = shots.plate(SIZE), shots.matte(SIZE)
        _write(self._out / "plate.png", plate)
        position, number = _filled(*shots.surface(SIZE), alpha > 0)
        np.save(self._out / "position.npy", position)
        hair = cv2.GaussianBlur(self._figure.is_hair(number) * 255.0, (0, 0), 2)
        cv2.imwrite(str(self._out / "hair.png"), hair.round().astype(np.uint8))
        np.save(self._out / "head_weight.npy", self._figure.head_weight(position, number))
        marks = self._pixels(LANDMARKS)
        regions = {"base": None} | dict.fromkeys(EYE_STILLS, eye_region(marks))
        regions |= dict.fromkeys(FACE_STILLS, face_region(marks))
        for name, region in regions.items():
            path = self._out / "stills" / f"{name}.png"
            if not path.exists():
                began = time.monotonic()
                picture = self._picture(name, region)
                _write(path, lifted(picture, plate, alpha))
                print(f"{name}: {time.monotonic() - began:.1f} s", flush=True)

    def _picture(self, name: str, region: Region | None) -> Array:
        self._show(name)
        picture = self._figure.shots.picture(SIZE, self._samples, region)
        whole = self._out / "base.png"
        if region is None:
            _write(whole, picture)
            return picture
        base = cv2.imread(str(whole))[..., ::-1]
        return pasted(base, picture, region, _FEATHER_PX)

    def _show(self, name: str) -> None:
        resting = self._look.base_expression
        self._figure.show({} if name == "base" else still_weights(name, resting))

    def _pixels(self, vertices: Array) -> Array:
        points = self._figure.vertices[vertices]
        x, y, w = self._matrix @ np.pad(points, ((0, 0), (0, 1)), constant_values=1).T
        return np.stack([x / w, y / w], 1)


def _front_triangles(figure: Figure) -> Array:
    """(m, 3) int32: triangles of the face that look at the camera when at rest."""
    head = figure.head
    quads = head.faces[head.face_material == 0]
    quads = quads[(quads < ranges.FACE_END).all(1)]
    squares = quads[quads[:, 3] >= 0]
    triangles = np.concatenate([quads[:, :3], squares[:, [0, 2, 3]]])
    a, b, c = (head.base[triangles[:, k]] for k in range(3))
    return triangles[np.cross(b - a, c - a)[:, 2] > 0].astype(np.int32)


def _filled(position: Array, number: Array, visible: Array) -> tuple[Array, Array]:
    """Thin hair that the exact rays missed takes the nearest surface; NaN elsewhere."""
    empty = np.isnan(position[..., 0])
    _, (row, column) = distance_transform_edt(empty, return_indices=True)
    position, number = position[row, column], number[row, column]
    position[empty & ~visible] = np.nan
    return position, number


def _write(path: Path, picture: Array) -> None:
    """Write RGB or RGBA as PNG, whole or not at all."""
    unfinished = path.with_suffix(".part.png")
    swapped = cv2.COLOR_RGBA2BGRA if picture.shape[2] == 4 else cv2.COLOR_RGB2BGR
    cv2.imwrite(str(unfinished), cv2.cvtColor(picture, swapped))
    unfinished.rename(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--look", type=Path, required=True)
    parser.add_argument("--out", type=Path, help="default: training/build/<id>")
    parser.add_argument("--samples", type=int, default=18)
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    run = StillRun(
        load_look(args.look), args.out or BUILD / args.look.stem, args.samples, args.threads
    )
    run.measure()
    run.render()


if __name__ == "__main__":
    main()
