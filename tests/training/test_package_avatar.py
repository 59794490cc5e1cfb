import cv2
import numpy as np
import pytest

from training.package_avatar import Key, blend_mask, fill
from training.render.pose import FRAMES, blink_keys, sway_keys


def _texture() -> np.ndarray:
    noise = np.random.default_rng(0).integers(0, 255, (512, 512, 3), np.uint8)
    return cv2.GaussianBlur(noise, (0, 0), 4)


def _landmarks() -> np.ndarray:
    points = np.full((68, 2), 250.0)
    angle = np.linspace(np.pi, 0, 17)
    points[0:17] = np.stack([256 + 90 * np.cos(angle), 200 + 130 * np.sin(angle)], 1)
    points[17:27, 1] = 150
    points[36:42] = np.linspace([190, 180], [225, 185], 6)
    points[42:48] = np.linspace([285, 180], [320, 185], 6)
    points[48, 1] = 280
    return points


def _keys() -> dict[int, Key]:
    """A texture that slides right by two pixels between neighbouring sway keys, and back."""
    keys = {}
    for frame in {*sway_keys(), *blink_keys()}:
        shift = 0.5 * min(frame, FRAMES - frame)
        moved = cv2.warpAffine(_texture(), np.array([[1, 0, shift], [0, 1, 0]]), (512, 512))
        keys[frame] = Key(moved, _landmarks() + np.array([shift, 0]))
    return keys


def test_frames_between_keys_are_moved_not_faded() -> None:
    frames = fill(_keys())
    assert len(frames) == FRAMES
    true = cv2.warpAffine(_texture(), np.array([[1, 0, 5.0], [0, 1, 0]]), (512, 512))
    centre = np.s_[100:400, 100:400]
    error = np.abs(frames[10].picture[centre].astype(int) - true[centre]).mean()
    still = np.abs(frames[8].picture[centre].astype(int) - true[centre]).mean()
    assert error < 0.3 * still
    assert frames[10].landmarks == pytest.approx(_landmarks() + np.array([5, 0]))


def test_eyes_of_a_blink_come_from_its_own_render() -> None:
    keys = _keys()
    number = blink_keys()[2]
    keys[number] = Key(np.zeros((512, 512, 3), np.uint8), keys[number].landmarks)
    frame = fill(keys)[number]
    x, y = keys[number].landmarks[36:42].mean(0).round().astype(int)
    assert frame.picture[y, x].max() == 0
    assert frame.picture[400, 256].max() > 0


def test_the_mask_covers_the_mouth_and_fades_to_the_borders() -> None:
    mask = blend_mask(_landmarks(), (160.0, 100.0, 352.0, 352.0))
    assert mask.shape == (96, 96)
    assert mask.dtype == np.uint8
    assert mask[70, 48] == 255
    assert mask[:48].max() == 0
    assert max(mask[95].max(), mask[:, 0].max(), mask[:, 95].max()) == 0
    assert np.abs(np.diff(mask.astype(int), axis=1)).max() < 80
