"""Calm, crisp and still: what only the whole clip can tell."""

import numpy as np
import pytest

from backend.avatar.lips.mouth import CONTROLS, close_lips, settle, speaking

JAW, PRESS = CONTROLS.index("jaw"), CONTROLS.index("press")


def voice(levels: list[float]) -> np.ndarray:
    return speaking(np.array(levels, np.float32))


def controls(frames: int, **values: float) -> np.ndarray:
    rows = np.zeros((frames, len(CONTROLS)), np.float32)
    for name, value in values.items():
        rows[:, CONTROLS.index(name)] = value
    return rows


@pytest.mark.parametrize("level", [-4.0, -1.0])
def test_silence_and_faint_noise_are_exactly_still(level: float) -> None:
    restless = np.random.default_rng(2).uniform(0, 1, (40, 8)).astype(np.float32)
    assert (settle(restless, voice([level] * 40)) == 0).all()


def test_mouth_eases_out_of_and_into_rest() -> None:
    gate = voice([-4.0] * 20 + [1.0] * 20 + [-4.0] * 20)
    assert gate[0] == gate[-1] == 0
    assert (gate[20:40] == 1).all()
    assert np.abs(np.diff(gate)).max() <= 0.41


def test_a_stop_gap_inside_a_word_does_not_rest_the_mouth() -> None:
    assert (voice([1.0] * 10 + [-4.0] * 3 + [1.0] * 10)[2:-2] == 1).all()


def test_probable_closure_becomes_a_full_one() -> None:
    closed = close_lips(controls(1, jaw=0.4, press=0.8))[0]
    assert closed[PRESS] == 1
    assert closed[JAW] == 0


def test_improbable_closure_changes_nothing() -> None:
    open_mouth = close_lips(controls(1, jaw=0.4, press=0.2))[0]
    assert open_mouth[JAW] == pytest.approx(0.4)
    assert open_mouth[PRESS] == 0


def test_one_frame_closure_survives_the_smoothing() -> None:
    rows = controls(9, jaw=0.5)
    rows[4] = controls(1, press=1.0)[0]
    drawn = settle(rows, voice([1.0] * 9))
    assert drawn[4, PRESS] > 0.9
    assert drawn[4, JAW] < 0.05
    assert drawn[2, JAW] > 0.5


def test_stays_in_range_and_keeps_length() -> None:
    rows = np.random.default_rng(4).uniform(0, 1, (30, 8)).astype(np.float32)
    drawn = settle(rows, voice([2.0] * 30))
    assert drawn.shape == (30, 8)
    assert drawn.dtype == np.float32
    assert 0 <= drawn.min() <= drawn.max() <= 1
    assert settle(rows[:0], voice([])).shape == (0, 8)
