"""Which seconds of a video are chosen, and how they are joined."""

import cv2
import numpy as np
import pytest

from backend.avatar.create.refusals import FaceTurned, NoFace, NoQuietStretch, SeveralFaces
from backend.avatar.create.stretch import (
    LEAST_FRAMES,
    MOST_FRAMES,
    SEAM_FRAMES,
    Seen,
    best_stretch,
    join,
)
from tests.avatar.faces import nora

GREY = np.full((64, 64, 3), 128, np.uint8)


def film(count: int, **changes: object) -> list[list[np.ndarray]]:
    return [[nora()] for _ in range(count)]


def seen(faces: list[list[np.ndarray]]) -> list[Seen]:
    return [Seen.of(GREY, found) for found in faces]


def test_a_still_face_gives_the_longest_loop() -> None:
    stretch = best_stretch(seen(film(300)))
    assert stretch.end - stretch.begin == MOST_FRAMES
    assert stretch.begin >= SEAM_FRAMES


def test_the_loop_returns_to_its_pose() -> None:
    period = 90
    faces = [
        [nora() + np.array([12 * np.sin(2 * np.pi * n / period), 0], np.float32)]
        for n in range(140)
    ]
    stretch = best_stretch(seen(faces))
    assert stretch.end - stretch.begin == period


def test_it_lies_where_the_mouth_is_closed() -> None:
    faces = film(320)
    for found in faces[:200]:
        found[0] = found[0].copy()
        found[0][14, 1] += 0.09 * (found[0][291, 0] - found[0][61, 0])
    stretch = best_stretch(seen(faces))
    assert stretch.begin >= 195


def test_it_does_not_span_a_moment_without_a_face() -> None:
    faces = film(260)
    faces[100] = []
    stretch = best_stretch(seen(faces))
    assert stretch.begin - SEAM_FRAMES > 100


@pytest.mark.parametrize(
    ("faces", "refusal"),
    [([], NoFace), ([nora(), nora()], SeveralFaces)],
)
def test_what_most_frames_lack_is_named(faces: list[np.ndarray], refusal: type[Exception]) -> None:
    with pytest.raises(refusal):
        best_stretch(seen([faces] * 60 + film(40)))


def test_a_video_in_profile_is_refused_as_such() -> None:
    aside = nora()
    aside[:, 0] = 256 + 0.3 * (aside[:, 0] - 256)  # the eyes close together
    aside[4, 0] = aside[454, 0]
    with pytest.raises(FaceTurned):
        best_stretch(seen([[aside]] * 100))


def test_a_speaking_face_is_refused() -> None:
    speaking = nora()
    speaking[14, 1] += 0.3 * (speaking[291, 0] - speaking[61, 0])
    with pytest.raises(NoQuietStretch, match="listening"):
        best_stretch(seen([[speaking]] * 150))


def test_a_video_that_is_too_short_is_refused() -> None:
    with pytest.raises(NoQuietStretch, match="ten seconds"):
        best_stretch(seen(film(LEAST_FRAMES + SEAM_FRAMES)))


def test_the_end_is_led_into_the_beginning() -> None:
    """A ramp of brightness and place: without a seam it would jump back at the end."""
    noise = np.random.default_rng(5).integers(0, 255, (96, 96, 3), np.uint8)
    texture = cv2.GaussianBlur(noise, (0, 0), 4)
    frames = [
        cv2.warpAffine(texture, np.array([[1, 0, 0.1 * n], [0, 1, 0]]), (96, 96))
        for n in range(SEAM_FRAMES + 60)
    ]
    plain, joined = frames[SEAM_FRAMES:], join(frames)
    assert len(joined) == 60
    inner = np.s_[16:80, 16:80]

    def jump(loop: list[np.ndarray]) -> float:
        return float(np.abs(loop[-1][inner].astype(int) - loop[0][inner]).mean())

    assert jump(joined) < 0.25 * jump(plain)
    assert (joined[30] == plain[30]).all()
