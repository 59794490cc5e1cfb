import numpy as np
import pytest

from backend.avatar.packages.facebox import face_box


def _landmarks() -> np.ndarray:
    """A face 100 px wide (50..150), brows at 80, chin at 180."""
    points = np.full((68, 2), 100.0)
    points[0:17, 0] = np.linspace(50, 150, 17)
    points[8, 1] = 180
    points[17:27, 1] = 80
    return points


def test_box_follows_the_rule() -> None:
    assert face_box(_landmarks()) == pytest.approx((48, 58, 152, 195))


def test_box_moves_and_scales_with_the_face() -> None:
    box = np.array(face_box(_landmarks()))
    moved = face_box(_landmarks() * 2 + [10, -20])
    assert moved == pytest.approx(box * 2 + [10, -20, 10, -20])


def test_an_open_jaw_lengthens_the_box_downwards() -> None:
    opened = _landmarks()
    opened[8, 1] += 20
    assert face_box(opened)[3] > face_box(_landmarks())[3] + 20


def test_wrong_shapes_and_upside_down_faces_are_refused() -> None:
    with pytest.raises(ValueError, match="68"):
        face_box(np.zeros((68, 3)))
    with pytest.raises(ValueError, match="chin"):
        face_box(_landmarks() * [1, -1])
