"""A moved head: where it should be, as sharp as before, and nothing else touched."""

import cv2
import numpy as np
import pytest

from backend.avatar.figure.head_motion import HeadPose
from backend.avatar.figure.head_warp import HeadWarp
from backend.avatar.pictures.planes import split_planes

SIZE = 512
BOX = (160.0, 106.0, 358.0, 361.0)
FACE_PX = BOX[3] - BOX[1]
FACE = slice(170, 300), slice(200, 320)
HALF_PX = HeadPose(down=0.5 / FACE_PX, aside=0.5 / FACE_PX)
FULL = HeadPose(down=0.019, aside=0.008, tilt_rad=0.011)


@pytest.fixture(scope="module")
def warp() -> HeadWarp:
    return HeadWarp(SIZE, SIZE, [BOX] * 3)


@pytest.fixture(scope="module")
def picture() -> np.ndarray:
    """Detail at every scale, in all planes."""
    rng = np.random.default_rng(5)
    planes = [
        cv2.GaussianBlur(rng.uniform(20, 230, (size, size)).astype(np.float32), (0, 0), 0.9)
        for size in (SIZE, SIZE // 2, SIZE // 2)
    ]
    rows = [np.clip(plane, 16, 235).astype(np.uint8).reshape(-1, SIZE) for plane in planes]
    return np.concatenate(rows)


def test_at_rest_it_is_the_same_picture(warp: HeadWarp, picture: np.ndarray) -> None:
    assert warp.picture(picture, HeadPose()) is picture
    assert warp.picture(picture, HeadPose(down=1e-5, tilt_rad=-1e-6)) is picture


def test_the_picture_that_was_given_stays(warp: HeadWarp, picture: np.ndarray) -> None:
    before = picture.copy()
    warp.picture(picture, FULL)
    np.testing.assert_array_equal(picture, before)


def test_a_whole_pixel_moves_the_face_exactly(warp: HeadWarp, picture: np.ndarray) -> None:
    moved = warp.picture(picture, HeadPose(down=4 / FACE_PX, aside=-2 / FACE_PX))
    for plane, there, step in zip(
        split_planes(picture), split_planes(moved), (2, 1, 1), strict=True
    ):
        rows, columns = (slice(s.start * step // 2, s.stop * step // 2) for s in FACE)
        shifted = np.roll(plane, (2 * step, -step), axis=(0, 1))
        difference = there[rows, columns].astype(int) - shifted[rows, columns]
        assert np.abs(difference).max() <= 1


def test_it_tilts_about_the_neck(warp: HeadWarp) -> None:
    """A dot at the brow goes to the right, one at the side of the face goes down."""

    def centre(picture: np.ndarray) -> np.ndarray:
        luma = picture[:SIZE].astype(float) - 16
        rows, columns = np.mgrid[:SIZE, :SIZE]
        return np.array([(columns * luma).sum(), (rows * luma).sum()]) / luma.sum()

    def shift_of(x: int, y: int) -> np.ndarray:
        dot = np.full((SIZE * 3 // 2, SIZE), 16, np.uint8)
        cv2.circle(dot, (x, y), 6, 235, -1)
        return centre(warp.picture(dot, HeadPose(tilt_rad=0.02))) - centre(dot)

    neck_y = BOX[3] + 0.45 * FACE_PX
    np.testing.assert_allclose(shift_of(259, 150), [0.02 * (neck_y - 150), 0], atol=0.2)
    right = shift_of(320, 230)
    assert right[1] == pytest.approx(0.02 * (320 - 259), abs=0.1)


def test_borders_and_what_is_far_are_not_touched(warp: HeadWarp, picture: np.ndarray) -> None:
    moved = warp.picture(picture, FULL)
    edge = np.ones((SIZE, SIZE), bool)
    edge[5:-5, 20:-20] = False
    np.testing.assert_array_equal(moved[:SIZE][edge], picture[:SIZE][edge])


def test_nothing_folds_or_tears(warp: HeadWarp) -> None:
    """The field of a full movement changes by less than a sixth from pixel to pixel."""
    ramp = np.tile(np.linspace(16, 235, SIZE), (SIZE, 1))
    picture = np.full((SIZE * 3 // 2, SIZE), 128, np.uint8)
    for image in (ramp, ramp.T):
        picture[:SIZE] = np.rint(image)
        moved = warp.picture(picture, FULL)[:SIZE].astype(float)
        step = np.abs(cv2.blur(moved, (15, 15)) - cv2.blur(image, (15, 15)))
        assert np.abs(np.diff(step, axis=0)).max() < 0.15
        assert np.abs(np.diff(step, axis=1)).max() < 0.15


def test_half_a_pixel_costs_little_of_what_a_real_face_has_in_detail(warp: HeadWarp) -> None:
    """The energy of edges, before and after: bilinear interpolation would leave two thirds."""
    rng = np.random.default_rng(1)
    luma = cv2.GaussianBlur(rng.uniform(16, 235, (SIZE, SIZE)).astype(np.float32), (0, 0), 1.2)
    picture = np.full((SIZE * 3 // 2, SIZE), 128, np.uint8)
    picture[:SIZE] = np.rint(luma)
    moved = warp.picture(picture, HALF_PX)

    def detail(image: np.ndarray) -> float:
        return float(cv2.Laplacian(image[:SIZE][FACE].astype(np.float32), cv2.CV_32F).var())

    assert detail(moved) / detail(picture) > 0.85


@pytest.mark.parametrize("size", [(4096, 512), (512, 4096)])
def test_a_small_face_in_the_corner_of_a_long_picture_keeps_still(size: tuple[int, int]) -> None:
    width, height = size
    warp = HeadWarp(width, height, [(0.0, 0.0, 16.0, 20.0)])
    picture = np.full((height * 3 // 2, width), 128, np.uint8)
    assert warp.picture(picture, FULL) is picture


def test_a_matte_goes_with_its_picture(warp: HeadWarp, picture: np.ndarray) -> None:
    matte = split_planes(picture)[1].copy()
    np.testing.assert_array_equal(
        warp.matte(matte, FULL), split_planes(warp.picture(picture, FULL))[1]
    )
    assert warp.matte(matte, HeadPose()) is matte
