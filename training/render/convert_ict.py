"""Pack the ICT-FaceKit model folder into the one small file that `head.py` reads.

    python -m training.render.convert_ict FaceXModel training/assets/ict-facekit/ict_facekit.npz

The folder is upstream's: `generic_neutral_mesh.obj`, `identity000.obj` … and one OBJ per
expression, all with the same topology. Differences from the neutral mesh are kept as 16-bit
integers, steps of about two micrometres. The landmark numbers in `head.py` are upstream's
`idx_to_landmark_verts` of `vertex_indices.json`; they are compared when that file is there.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from training.render.geometry import Array
from training.render.head import LANDMARKS

_NEUTRAL = "generic_neutral_mesh"
_MATERIALS = (
    "M_Face", "M_BackHead", "M_GumsTongue", "M_Teeth", "M_ScleraLeft", "M_IrisLeft",
    "M_ScleraRight", "M_IrisRight", "M_LacrimalFluid", "M_EyeBlend", "M_EyeOcclusion",
    "M_EyeLashes",
)  # fmt: skip
_TRIANGLE = -1  # fills the fourth corner


@dataclass(frozen=True, slots=True)
class Mesh:
    """`vertices` (N, 3), `uv` (M, 2), `faces` and `face_uv` (F, 4), `face_material` (F,)."""

    vertices: Array
    uv: Array
    faces: Array
    face_uv: Array
    face_material: Array


def read_obj(path: Path) -> Mesh:
    """Read a Wavefront OBJ of triangles and quads; ValueError for a material we do not know."""
    vertices: list[list[float]] = []
    uv: list[list[float]] = []
    faces: list[list[int]] = []
    face_uv: list[list[int]] = []
    face_material: list[int] = []
    material = 0
    for line in path.read_text().splitlines():
        kind, *rest = line.split() or [""]
        if kind == "v":
            vertices.append([float(x) for x in rest[:3]])
        elif kind == "vt":
            uv.append([float(x) for x in rest[:2]])
        elif kind == "usemtl":
            material = _MATERIALS.index(rest[0])
        elif kind == "f":
            corners = [[int(n) - 1 for n in corner.split("/")[:2]] for corner in rest]
            padding = [_TRIANGLE] * (4 - len(corners))
            faces.append([c[0] for c in corners] + padding)
            face_uv.append([c[1] for c in corners] + padding)
            face_material.append(material)
    return Mesh(
        vertices=np.array(vertices, np.float32),
        uv=np.array(uv, np.float32),
        faces=np.array(faces, np.int32),
        face_uv=np.array(face_uv, np.int32),
        face_material=np.array(face_material, np.uint8),
    )


def read_vertices(path: Path) -> Array:
    """Only the vertices (N, 3) of an OBJ."""
    lines = (line for line in path.read_text().splitlines() if line.startswith("v "))
    return np.array([[float(x) for x in line.split()[1:4]] for line in lines], np.float32)


def convert(folder: Path, out: Path, identity_modes: int = 64) -> None:
    """Write the packed model. Raises ValueError when a mesh has another topology."""
    neutral = read_obj(folder / f"{_NEUTRAL}.obj")
    others = sorted(p for p in folder.glob("*.obj") if p.stem != _NEUTRAL)
    identities = [p for p in others if p.stem.startswith("identity")][:identity_modes]
    expressions = [p for p in others if not p.stem.startswith("identity")]
    deltas = {p.stem: _delta(p, neutral) for p in identities + expressions}
    scale = np.float32(max(np.abs(d).max() for d in deltas.values()) / 32767)

    def packed(paths: list[Path]) -> Array:
        return np.stack([np.round(deltas[p.stem] / scale).astype(np.int16) for p in paths])

    _check_landmarks(folder / "vertex_indices.json")
    np.savez_compressed(
        out,
        neutral=neutral.vertices,
        uv=neutral.uv,
        faces=neutral.faces,
        face_uv=neutral.face_uv,
        face_material=neutral.face_material,
        materials=np.array(_MATERIALS),
        expression_names=np.array([p.stem for p in expressions]),
        expressions=packed(expressions),
        identities=packed(identities),
        delta_scale=scale,
    )


def _delta(path: Path, neutral: Mesh) -> Array:
    vertices = read_vertices(path)
    if vertices.shape != neutral.vertices.shape:
        raise ValueError(f"{path.name} has {len(vertices)} vertices, not {len(neutral.vertices)}")
    return vertices - neutral.vertices


def _check_landmarks(path: Path) -> None:
    if path.exists() and json.loads(path.read_text())["idx_to_landmark_verts"] != list(LANDMARKS):
        raise ValueError(f"{path} lists other landmarks than head.py")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path)
    args = parser.parse_args()
    convert(args.folder, args.out)
    print(f"{args.out}: {args.out.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
