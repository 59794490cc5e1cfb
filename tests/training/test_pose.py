from dataclasses import astuple

import numpy as np
import pytest

from training.render.pose import FRAMES, blink, blink_keys, pose, sway_keys


def test_the_loop_closes() -> None:
    assert astuple(pose(FRAMES)) == pytest.approx(astuple(pose(0)), abs=1e-9)


def test_the_head_sways_a_little_and_never_jumps() -> None:
    path = np.array([astuple(pose(frame)) for frame in range(FRAMES + 1)])
    assert 1 < np.abs(path[:, :3]).max() < 4
    assert np.abs(np.diff(path, axis=0)).max() < 0.3


def test_eyes_close_twice_and_are_open_at_the_seam() -> None:
    closed = np.array([blink(frame) for frame in range(FRAMES)])
    closings = np.flatnonzero((closed[1:] == 1) & (closed[:-1] < 1))
    assert len(closings) == 2
    assert closed[0] == closed[-1] == 0


def test_every_moving_eyelid_is_rendered() -> None:
    moving = {frame for frame in range(FRAMES) if blink(frame)}
    assert moving < set(blink_keys())
    assert all(blink(frame) == 0 for frame in (blink_keys()[0], blink_keys()[-1]))


def test_no_sway_key_lies_right_before_the_seam() -> None:
    assert sway_keys()[0] == 0
    assert FRAMES - sway_keys()[-1] > 2
