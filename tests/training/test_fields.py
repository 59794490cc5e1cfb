import cv2
import numpy as np
import pytest

from training.puppet.fields import (
    centres,
    filled,
    from_mesh,
    pulled,
    sampled,
    turned_round,
)

_SIZE = 64


def _bump(cells: int) -> np.ndarray:
    """A smooth field of up to 3 pixels."""
    at = centres(_SIZE, cells) / _SIZE
    x, y = at[..., 0], at[..., 1]
    return np.stack([3 * np.sin(3 * x + y), 2 * np.cos(2 * x - 3 * y)], -1).astype(np.float32)


def test_a_field_turned_round_leads_back() -> None:
    field = _bump(32)
    inner = centres(_SIZE, 32)[4:-4, 4:-4]
    there = inner + sampled(field, inner, _SIZE)
    again = there + sampled(turned_round(field, _SIZE), there, _SIZE)
    assert np.abs(again - inner).max() < 0.03


def test_what_is_not_known_is_as_the_nearest() -> None:
    values = np.zeros((8, 8, 1), np.float32)
    values[2, 2], values[6, 6] = 1, 2
    known = values[..., 0] > 0
    full = filled(values, known)
    assert full[0, 0, 0] == 1
    assert full[7, 7, 0] == 2


def test_a_mesh_carries_all_points_between_its_corners() -> None:
    along = np.linspace(8, 56, 9, dtype=np.float32)
    corners = np.stack(np.meshgrid(along, along), -1).reshape(-1, 2)
    moved = corners + (corners - 8) / np.array([12, 24], np.float32)
    first = (9 * np.arange(8)[:, None] + np.arange(8)).ravel()[:, None]
    triangles = np.concatenate([first + np.array(corner) for corner in ((0, 1, 9), (1, 10, 9))])
    field, covered = from_mesh(corners, moved, triangles, _SIZE)
    at = centres(_SIZE, _SIZE)[12:52, 12:52]
    true = np.stack([(at[..., 0] - 8) / 12, (at[..., 1] - 8) / 24], -1)
    assert np.abs(field[12:52, 12:52] - true).max() < 0.1
    assert covered[12:52, 12:52].all()
    assert not covered[:6].any()


def test_nothing_pulled_is_the_picture_itself() -> None:
    noise = np.random.default_rng(1).random((_SIZE, _SIZE, 4)).astype(np.float32)
    picture = cv2.GaussianBlur(noise, (0, 0), 2)
    still = np.zeros((16, 16, 2), np.float32)
    assert pulled(picture, still, _SIZE, (0, 0, _SIZE, _SIZE)) == pytest.approx(picture, abs=0.01)


def test_a_region_is_cut_from_the_whole() -> None:
    picture = np.random.default_rng(1).random((_SIZE, _SIZE, 3)).astype(np.float32)
    back = turned_round(_bump(32), _SIZE)
    whole = pulled(picture, back, 48, (0, 0, 48, 48))
    part = pulled(picture, back, 48, (10, 4, 30, 40))
    assert np.array_equal(part, whole[4:40, 10:30])
