"""The truth for training: lips meet when they must, shapes blend, pauses rest."""

import numpy as np
import pytest

from backend.avatar.lips.articulation import Phone, mouth_track
from backend.avatar.lips.articulation_shapes import is_pause, viseme_of
from backend.avatar.lips.mouth import CONTROLS

JAW, WIDE, PUCKER, PRESS, FV = (
    CONTROLS.index(name) for name in ("jaw", "wide", "pucker", "press", "fv")
)


def track_of(*names: str, each_s: float = 0.1) -> np.ndarray:
    """A pause, the phonemes at a steady pace, a pause."""
    phones = [Phone(index * each_s, name) for index, name in enumerate(("_", *names, "_"))]
    return mouth_track(phones, (len(names) + 2) * each_s).controls


def test_one_row_per_mel_column_in_range() -> None:
    track = mouth_track([Phone(0.0, "_"), Phone(0.2, "m"), Phone(0.3, "A:")], 0.5)
    assert track.controls.shape == (41, 8)
    assert track.closed.shape == (41,)
    assert track.controls.dtype == np.float32
    assert 0 <= track.controls.min() <= track.controls.max() <= 1


@pytest.mark.parametrize("stop", ["p", "b", "m", "ph"])
def test_lips_meet_between_open_vowels(stop: str) -> None:
    phones = [Phone(0.0, "_"), Phone(0.1, "A:"), Phone(0.3, stop), Phone(0.38, "A:")]
    track = mouth_track(phones, 0.6)
    during = slice(25, 30)
    assert track.closed[26:29].all()
    assert track.controls[during, PRESS].max() > 0.95
    assert track.controls[during, JAW].min() < 0.06
    assert track.controls[16:20, JAW].max() > 0.4


def test_teeth_touch_the_lip_without_closing() -> None:
    controls = track_of("A:", "f", "A:")
    assert controls[:, FV].max() > 0.9
    assert controls[:, PRESS].max() == 0


def test_shapes_are_told_apart() -> None:
    assert track_of("i:", "i:")[:, WIDE].max() > 0.4
    assert track_of("u:", "u:")[:, PUCKER].max() > 0.6
    assert track_of("A:", "A:")[:, JAW].max() > track_of("i:", "i:")[:, JAW].max() + 0.3


def test_rounding_reaches_its_neighbours() -> None:
    beside_oo = track_of("u:", "t", "u:")[16:20, PUCKER].min()
    beside_ee = track_of("i:", "t", "i:")[16:20, PUCKER].max()
    assert beside_oo > 0.2 > beside_ee


def test_diphthong_moves() -> None:
    controls = track_of("aI", each_s=0.3)
    assert controls[28:32, JAW].mean() > controls[42:46, JAW].mean() + 0.15


def test_a_clip_of_pause_is_still() -> None:
    assert (mouth_track([Phone(0.0, "_:")], 1.0).controls == 0).all()


def test_names_fall_back_to_their_beginning() -> None:
    assert viseme_of("'aI") is viseme_of("aI")
    assert viseme_of("t2") is viseme_of("t")
    assert viseme_of("_|") is viseme_of("_:")
    assert is_pause("_|")
    assert viseme_of("%").dominance < viseme_of("@").dominance
