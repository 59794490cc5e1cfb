"""Marks steer the mouth where they are known, and nothing else does it there."""

import numpy as np
import pytest

from backend.avatar.lips.articulation import Phone, mouth_track
from backend.avatar.lips.articulation_marks import Articulation, Said, Uttered
from backend.avatar.lips.mouth import CONTROLS
from backend.avatar.pictures.codecs import FPS

JAW, PRESS = CONTROLS.index("jaw"), CONTROLS.index("press")
NAMES = ("h", "ə", "m", "ˈɑː", "p", "iː")
EACH_S = 0.1
MARKS = [Uttered(i * EACH_S, (i + 1) * EACH_S, name) for i, name in enumerate(NAMES)]


def said(*marks: Uttered, until_s: float = np.inf, frames: int = 20) -> Said:
    articulation = Articulation()
    articulation.add(marks)
    found = articulation.frames(0, frames, until_s)
    assert found is not None
    return found


def test_marks_are_the_mouth_that_rules_make_of_them() -> None:
    whole = mouth_track([Phone(m.start_s, m.name) for m in MARKS] + [Phone(0.6, "_")], 1.0)
    columns = np.rint(np.arange(15) * 3.2).astype(int)
    np.testing.assert_allclose(said(*MARKS).controls[:15], whole.controls[columns], atol=0.02)


def test_they_are_known_as_far_as_they_reach() -> None:
    known = said(*MARKS).known
    assert (known[:16] == 1).all()
    assert 0 < known[16] < 1
    assert known[17:].max() < 1e-6


def test_the_order_in_which_they_come_does_not_matter() -> None:
    np.testing.assert_array_equal(said(*MARKS).controls, said(*reversed(MARKS)).controls)


def test_what_is_said_of_sound_that_is_not_heard_does_not_count() -> None:
    early, whole = said(*MARKS, until_s=0.35), said(*MARKS)
    assert (early.known[:11] == 1).all() and early.known[12:].max() < 1e-6
    np.testing.assert_allclose(early.controls[:3], whole.controls[:3], atol=0.02)


def test_no_marks_say_nothing() -> None:
    assert Articulation().frames(0, 8, np.inf) is None
    late = Articulation()
    late.add([Uttered(5.0, 5.1, "m")])
    assert late.frames(0, 8, np.inf) is None


def test_lips_that_must_meet_do_whatever_is_heard() -> None:
    wide_open = np.full((20, len(CONTROLS)), 0.5, np.float32)
    wide_open[:, PRESS] = 0
    steered = said(*MARKS).steer(wide_open)
    at_p = round(0.45 * FPS)
    assert steered[at_p, PRESS] > 0.9
    assert steered[at_p, JAW] < 0.2


@pytest.mark.parametrize("heard_jaw", [0.2, 0.8])
def test_the_sound_has_a_say_in_how_far_it_opens(heard_jaw: float) -> None:
    heard = np.full((20, len(CONTROLS)), heard_jaw, np.float32)
    one = said(*MARKS)
    at_a = round(0.35 * FPS)
    steered = one.steer(heard)[at_a, JAW]
    low, high = sorted((heard_jaw, float(one.controls[at_a, JAW])))
    assert low < steered < high
    np.testing.assert_allclose(one.steer(heard)[17:], heard[17:], atol=1e-6)


def test_a_gap_between_marks_is_left_to_the_sound() -> None:
    known = said(Uttered(0.0, 0.2, "ɑː"), Uttered(0.6, 0.8, "ɑː")).known
    assert known[5] == 1 and known[10] == 0 and known[15] == 1
