from pathlib import Path

import numpy as np
import pytest

from training.render.convert_ict import convert

_FACES = """vt 0 0
vt 1 0
vt 1 1
vt 0 1
usemtl M_Face
f 1/1 2/2 3/3 4/4
usemtl M_Teeth
f 1/1 2/2 3/3
"""
_SQUARE = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]], np.float32)


def _write(folder: Path, name: str, vertices: np.ndarray) -> None:
    lines = "".join(f"v {x} {y} {z}\n" for x, y, z in vertices)
    (folder / f"{name}.obj").write_text(lines + _FACES)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    folder.mkdir()
    _write(folder, "generic_neutral_mesh", _SQUARE)
    _write(folder, "identity000", _SQUARE + np.array([0.25, 0, 0]))
    _write(folder, "jawOpen", _SQUARE - [0, 2, 0])
    return folder


def test_packs_topology_and_differences(model: Path, tmp_path: Path) -> None:
    out = tmp_path / "packed.npz"
    convert(model, out)
    data = np.load(out)
    assert data["neutral"] == pytest.approx(_SQUARE)
    assert data["faces"].tolist() == [[0, 1, 2, 3], [0, 1, 2, -1]]
    assert data["materials"][data["face_material"]].tolist() == ["M_Face", "M_Teeth"]
    assert data["expression_names"].tolist() == ["jawOpen"]
    scale = data["delta_scale"]
    assert data["expressions"][0] * scale == pytest.approx(np.tile([0, -2, 0], (4, 1)), abs=1e-4)
    assert data["identities"][0] * scale == pytest.approx(np.tile([0.25, 0, 0], (4, 1)), abs=1e-4)


def test_another_topology_is_refused(model: Path, tmp_path: Path) -> None:
    _write(model, "jawOpen", _SQUARE[:3])
    with pytest.raises(ValueError, match=r"jawOpen\.obj has 3 vertices, not 4"):
        convert(model, tmp_path / "packed.npz")


def test_other_landmarks_are_refused(model: Path, tmp_path: Path) -> None:
    (model / "vertex_indices.json").write_text('{"idx_to_landmark_verts": [1, 2, 3]}')
    with pytest.raises(ValueError, match="landmarks"):
        convert(model, tmp_path / "packed.npz")
