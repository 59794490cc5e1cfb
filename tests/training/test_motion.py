from dataclasses import astuple
from itertools import pairwise

import numpy as np
import pytest

from training.puppet.motion import FPS, FRAMES, PERFORMANCES, act, lids, nod, steps, swell


def _poses(performance: str) -> np.ndarray:
    return np.array([astuple(act(performance, frame).pose) for frame in range(FRAMES + 1)])


@pytest.mark.parametrize("performance", PERFORMANCES)
def test_the_loop_closes(performance: str) -> None:
    assert act(performance, FRAMES) == act(performance, 0)
    steps_ = np.abs(np.diff(_poses(performance), axis=0))
    assert (steps_[-1] <= np.median(steps_, axis=0) + 0.02).all()


@pytest.mark.parametrize("performance", PERFORMANCES)
def test_the_head_moves_a_little_and_never_jerks(performance: str) -> None:
    path = _poses(performance)
    assert 1 < np.abs(path[:, :3]).max() < 6
    assert np.abs(np.diff(path[:, :3], axis=0)).max() < 0.6
    assert np.abs(np.diff(path[:, :3], n=2, axis=0)).max() < 0.2


def test_people_blink_every_two_to_six_seconds_and_not_like_a_clock() -> None:
    starts = [frame for frame in range(FRAMES) if lids(frame) and not lids(frame - 1)]
    gaps = [(b - a) / FPS for a, b in pairwise([*starts, starts[0] + FRAMES])]
    assert all(2 <= gap <= 6 for gap in gaps)
    assert len(set(gaps)) == len(gaps)


def test_a_blink_shuts_faster_than_it_opens_within_a_quarter_of_a_second() -> None:
    first = next(frame for frame in range(FRAMES) if lids(frame))
    course = [lids(first + k) for k in range(7)]
    assert max(course) == 1
    shut = [k for k, value in enumerate(course) if value == 1]
    assert shut[0] < 6 - shut[-1]
    assert course[6] == 0


def test_eyes_blink_together_in_all_performances_so_that_one_can_become_another() -> None:
    for frame in range(FRAMES):
        assert len({act(performance, frame).lids for performance in PERFORMANCES}) == 1


def test_no_eye_is_shut_at_the_seam() -> None:
    assert lids(0) == lids(FRAMES - 1) == 0


@pytest.mark.parametrize("performance", ["listening", "thinking"])
def test_other_performances_begin_and_end_near_idle(performance: str) -> None:
    for frame in (0, FRAMES - 1):
        apart = np.subtract(astuple(act(performance, frame).pose), astuple(act("idle", 0).pose))
        assert np.abs(apart[:3]).max() < 0.3


def test_listeners_nod_and_lean_in() -> None:
    idle, listening = _poses("idle"), _poses("listening")
    assert (listening - idle)[:, 1].max() > 1.5
    assert (listening - idle)[40:160, 4].min() > 0.9


def test_thinkers_look_away_and_up_most_of_the_time() -> None:
    gaze = np.array([act("thinking", frame).gaze_deg for frame in range(FRAMES)])
    away = (np.abs(gaze[:, 0]) > 8) & (gaze[:, 1] > 4)
    assert away.mean() > 0.8
    brows = np.array([act("thinking", frame).brows for frame in range(FRAMES)])
    assert (brows[:, 0] - brows[:, 1]).max() > 0.4


def test_idle_eyes_stay_on_the_viewer_while_the_head_sways() -> None:
    acts = [act("idle", frame) for frame in range(FRAMES)]
    looks = np.array([one.gaze_deg[0] + one.pose.yaw_deg for one in acts])
    assert np.abs(looks).max() < 1.0
    assert np.ptp([one.pose.yaw_deg for one in acts]) > 2


def test_the_eyes_of_a_glance_jump_and_rest() -> None:
    fixations = ((10, 4.0, 0.0), (20, 0.0, 0.0))
    assert steps(9, fixations) == (0.0, 0.0)
    assert 0 < steps(10, fixations)[0] < 4
    assert steps(11, fixations) == steps(19, fixations) == (4.0, 0.0)
    assert steps(21, fixations) == (0.0, 0.0)


def test_gestures_leave_nothing_behind() -> None:
    assert nod(40, 40) == 1
    assert abs(nod(40 + 31, 40)) < 1e-3
    assert swell(10, 10, 20, 30, 40) == swell(40, 10, 20, 30, 40) == 0
    assert swell(25, 10, 20, 30, 40) == 1
