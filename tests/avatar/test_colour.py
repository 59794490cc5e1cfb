"""Our matrices against FFmpeg's."""

import av
import numpy as np
import pytest

from backend.avatar.pictures.colour import BT709, SMPTE170M, Colour

RAINBOW = np.random.default_rng(5).uniform(0, 1, (40, 3)).astype(np.float32)


@pytest.mark.parametrize("matrix", [BT709, SMPTE170M])
def test_equals_the_video_library(matrix: int) -> None:
    flat = np.repeat(np.repeat(np.rint(RAINBOW * 255).astype(np.uint8)[None], 16, 0), 16, 1)
    source = av.VideoFrame.from_ndarray(np.ascontiguousarray(flat), format="bgr24")
    planes = source.reformat(format="yuv444p", dst_colorspace=matrix).to_ndarray()
    theirs = planes[:, 8, 8::16].T
    ours = Colour(matrix).to_yuv(np.rint(RAINBOW * 255) / 255)
    np.testing.assert_allclose(ours, theirs, atol=1.6)


@pytest.mark.parametrize("matrix", [BT709, SMPTE170M])
def test_there_and_back(matrix: int) -> None:
    colour = Colour(matrix)
    np.testing.assert_allclose(colour.to_bgr(colour.to_yuv(RAINBOW)), RAINBOW, atol=1e-5)


def test_black_and_white_are_limited_range() -> None:
    ends = Colour().to_yuv(np.array([[0, 0, 0], [1, 1, 1]], np.float32))
    np.testing.assert_allclose(ends, [[16, 128, 128], [235, 128, 128]], atol=1e-4)


def test_an_unknown_matrix_is_known_to_be_unknown() -> None:
    assert not Colour(matrix=9).known
