import numpy as np

from training.states import states, with_smiles


def _tracks() -> np.ndarray:
    return np.random.RandomState(3).rand(500, 8).astype(np.float32) * 0.6


def test_the_list_begins_with_the_resting_mouth_at_three_smiles() -> None:
    rows = with_smiles(states(_tracks(), 200))
    assert rows.dtype == np.float32
    assert not rows[:3, :8].any()
    assert np.allclose(rows[:3, 8], [0, 0.6, -0.6])


def test_half_of_the_mouths_do_not_smile_and_any_prefix_is_a_fair_sample() -> None:
    rows = with_smiles(states(_tracks(), 400))[3:]
    for prefix in (rows[:100], rows):
        assert 0.4 < (prefix[:, 8] == 0).mean() < 0.6
        pressed = prefix[:, 6] > 0.3
        assert 0.02 < pressed.mean() < 0.7
        assert np.ptp(prefix[pressed, 8]) > 0.5  # closed lips too are seen with every smile
    assert rows[:, :8].min() >= 0
    assert rows[:, :8].max() <= 1
    assert np.abs(rows[:, 8]).max() <= 0.7
