"""Figures before any background: the stacked picture exact, and no halo of the studio."""

import cv2
import numpy as np
import pytest

from backend.avatar.pictures.matte import BLACK, GREY, freed, share_of, stacked, stacked_height
from backend.avatar.pictures.planes import split_planes

SIZE = 128
FIGURE, PLATE = (60.0, 150.0, 110.0), (200.0, 120.0, 135.0)


def test_below_the_picture_lies_its_matte_at_half_size() -> None:
    rng = np.random.default_rng(2)
    picture = rng.integers(0, 255, (SIZE * 3 // 2, SIZE), np.uint8)
    matte = rng.integers(16, 235, (SIZE // 2, SIZE // 2), np.uint8)
    out = stacked(picture, matte)
    assert out.shape == (stacked_height(SIZE) * 3 // 2, SIZE)
    luma, blue, red = split_planes(out)
    here = split_planes(picture)
    np.testing.assert_array_equal(luma[:SIZE], here[0])
    np.testing.assert_array_equal(luma[SIZE:, : SIZE // 2], matte)
    assert (luma[SIZE:, SIZE // 2 :] == BLACK).all()
    for plane, source in ((blue, here[1]), (red, here[2])):
        np.testing.assert_array_equal(plane[: SIZE // 2], source)
        assert (plane[SIZE // 2 :] == GREY).all()


def planes_of(values: tuple[float, float, float]) -> tuple[np.ndarray, ...]:
    half = SIZE // 2
    sizes = (SIZE, SIZE), (half, half), (half, half)
    return tuple(np.full(s, v, np.float32) for s, v in zip(sizes, values, strict=True))


def soft_disc() -> np.ndarray:
    """A matte (SIZE / 2) with an edge some pixels wide, like hair."""
    y, x = np.mgrid[: SIZE // 2, : SIZE // 2] - SIZE / 4 + 0.5
    return np.rint(16 + 219 * np.clip((24 - np.hypot(x, y)) / 6, 0, 1)).astype(np.uint8)


def shares(matte: np.ndarray) -> tuple[np.ndarray, ...]:
    """How much of each pixel of each plane is the figure."""
    half = share_of(matte)
    return cv2.resize(half, (SIZE, SIZE), interpolation=cv2.INTER_LINEAR), half, half


def mixed(matte: np.ndarray, noise: float = 0.0) -> np.ndarray:
    """The figure before its plate, as a camera sees it."""
    rng = np.random.default_rng(0)
    planes = []
    for figure, plate, alpha in zip(FIGURE, PLATE, shares(matte), strict=True):
        plane = alpha * figure + (1 - alpha) * plate
        plane = plane + rng.normal(0, noise, plane.shape)
        planes.append(np.rint(plane).astype(np.uint8).reshape(-1, SIZE))
    return np.concatenate(planes)


@pytest.mark.parametrize("noise", [0.0, 2.0])
def test_the_edge_takes_the_figures_own_colour(noise: float) -> None:
    matte = soft_disc()
    [free] = freed([mixed(matte, noise)], [matte], planes_of(PLATE))
    for plane, figure, alpha in zip(split_planes(free), FIGURE, shares(matte), strict=True):
        # On black, the plate would show by what is left of it times how much is seen of it.
        halo = alpha * np.abs(plane.astype(float) - figure)
        assert halo.max() < 5 + 3 * noise
        assert np.abs(plane.astype(float) - figure)[alpha == 0].max() < 8, "nor just outside it"


def test_where_only_the_figure_is_nothing_changes() -> None:
    matte = soft_disc()
    picture = mixed(matte)
    [free] = freed([picture], [matte], planes_of(PLATE))
    sure = shares(matte)[0] == 1
    assert sure.sum() > 1000
    np.testing.assert_array_equal(free[:SIZE][sure], picture[:SIZE][sure])


def test_a_matte_without_a_figure_is_no_error() -> None:
    empty = np.full((SIZE // 2, SIZE // 2), 16, np.uint8)
    [free] = freed([mixed(empty)], [empty], planes_of(PLATE))
    assert free.shape == (SIZE * 3 // 2, SIZE)
