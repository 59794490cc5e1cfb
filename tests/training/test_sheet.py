import numpy as np
import pytest

from training.render.sheet import (
    PATCH_SIZE,
    SIZE,
    eye_region,
    face_region,
    lifted,
    mouth_region,
    pasted,
)


def _landmarks() -> np.ndarray:
    """A face drawn with a ruler: jaw 300 px wide, lips around (384, 420)."""
    marks = np.full((68, 2), 384.0)
    marks[0:17, 0] = 384 - 150 * np.cos(np.linspace(0, np.pi, 17))
    marks[0:17, 1] = 300 + 220 * np.sin(np.linspace(0, np.pi, 17))
    marks[17:27] = np.stack([np.linspace(260, 508, 10), np.full(10, 250.0)], 1)
    marks[36:48, 0] = np.repeat([290, 330, 440, 480], 3)
    marks[36:48, 1] = 290
    marks[48:68, 0] = 384 + 50 * np.cos(np.arange(20))
    marks[48:68, 1] = 420 + 15 * np.sin(np.arange(20))
    return marks


def test_the_mouth_box_is_a_square_around_lips_and_chin_on_pixels_of_both_sizes() -> None:
    marks = _landmarks()
    box = mouth_region(marks)
    x0, y0, x1, y1 = box
    assert x1 - x0 == y1 - y0
    assert x0 < marks[48:68, 0].min()
    assert y1 > marks[8, 1]
    assert all(edge * PATCH_SIZE % SIZE == 0 for edge in box)


def test_regions_hold_what_moves() -> None:
    marks = _landmarks()
    x0, y0, x1, y1 = eye_region(marks)
    assert x0 < 290
    assert x1 > 480
    assert y0 <= 250
    assert y1 > 290
    face = face_region(marks)
    assert face[1] < y0
    assert face[3] > marks[8, 1]


def test_a_patch_is_whole_inside_and_leaves_the_rest_alone() -> None:
    base, patch = np.full((60, 60, 3), 40, np.uint8), np.full((40, 40, 3), 200, np.uint8)
    out = pasted(base, patch, (10, 10, 50, 50), feather_px=6)
    assert (out[20:40, 20:40] == 200).all()
    assert (out[:10] == 40).all()
    edge = out[30, 10:17, 0].astype(int)
    assert (np.diff(edge) >= 0).all()
    assert 40 < edge[0] < edge[3] < 200


def test_a_lifted_figure_over_its_plate_is_the_picture_again() -> None:
    rng = np.random.RandomState(0)
    plate = rng.randint(100, 200, (48, 48, 3)).astype(np.uint8)
    colour = np.full((48, 48, 3), [90, 60, 30])
    alpha = np.clip((np.arange(48) - 10) / 20, 0, 1)[None].repeat(48, 0)
    picture = np.round(colour * alpha[..., None] + plate * (1 - alpha[..., None])).astype(np.uint8)
    figure = lifted(picture, plate, alpha)
    share = figure[..., 3:] / 255
    again = figure[..., :3] * share + plate * (1 - share)
    assert np.abs(again - picture).max() < 8
    assert figure[:, 30:, :3] == pytest.approx(colour[:, 30:], abs=2)
    assert (figure[:, :10, 3] == 0).all()
