import numpy as np
import pytest

from training.controls import CONTROL_NAMES, expression_weights


def test_the_neutral_mouth_has_no_weights() -> None:
    assert set(expression_weights([0.0] * 8).values()) == {0}


def test_both_sides_move_alike_and_linearly() -> None:
    half = expression_weights([0.5] * 8)
    full = expression_weights([1.0] * 8)
    assert full["mouthSmile_L"] == full["mouthSmile_R"] > 0
    assert {k: 2 * v for k, v in half.items()} == pytest.approx(full)


def test_only_the_jaw_opens_the_jaw() -> None:
    for index, name in enumerate(CONTROL_NAMES):
        weights = expression_weights(np.eye(8)[index])
        assert (weights["jawOpen"] > 0) == (name == "jaw")


def test_another_number_of_controls_is_refused() -> None:
    with pytest.raises(ValueError, match="shorter"):
        expression_weights([0.0] * 7)
