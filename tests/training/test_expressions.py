import numpy as np
import pytest

from training.controls import CONTROL_NAMES
from training.render.expressions import (
    EYE_STILLS,
    FACE_STILLS,
    MOOD_SMILE,
    mouth_weights,
    still_weights,
)
from training.render.head import LANDMARKS, Head
from training.render.look import Look

_RESTING = {"mouthSmile_L": 0.5, "mouthSmile_R": 0.5, "eyeWide_L": 0.2, "eyeWide_R": 0.2}
_LOOK = Look(name="Ann", identity_seed=1, identity_gain=0.3, base_expression=_RESTING)
_INNER_LIPS = slice(60, 68)


@pytest.fixture(scope="module")
def head() -> Head:
    return Head(_LOOK)


def _marks(head: Head, weights: dict[str, float]) -> np.ndarray:
    """The 68 landmarks in centimetres, y up."""
    return head.expressed(weights)[LANDMARKS]


def _mouth(*, smile: float = 0.0, **controls: float) -> list[float]:
    return [controls.get(name, 0.0) for name in CONTROL_NAMES] + [smile]


def _opening(marks: np.ndarray) -> float:
    return marks[62, 1] - marks[66, 1]


def test_a_mouth_without_controls_is_the_resting_face(head: Head) -> None:
    assert head.expressed(mouth_weights(_mouth(), _RESTING)) == pytest.approx(head.base)


def test_a_smile_lifts_the_corners_and_its_opposite_drops_them(head: Head) -> None:
    rest, up, down = (
        _marks(head, mouth_weights(_mouth(smile=s), _RESTING))[[48, 54], 1].mean()
        for s in (0, 0.6, -0.6)
    )
    assert up > rest + 0.15
    assert down < rest - 0.15


@pytest.mark.parametrize("smile", [-0.6, 0.0, 0.6])
def test_a_smile_leaves_the_lips_closed_and_the_jaw_opens_them(head: Head, smile: float) -> None:
    closed = _marks(head, mouth_weights(_mouth(smile=smile), _RESTING))
    opened = _marks(head, mouth_weights(_mouth(jaw=1.0, smile=smile), _RESTING))
    assert _opening(closed) < 0.25
    assert _opening(opened) > 1.0


def test_smiles_do_not_add_up_beyond_what_a_mouth_can() -> None:
    weights = mouth_weights(_mouth(wide=1.0, smile=1.0), _RESTING)
    assert weights["mouthSmile_L"] + _RESTING["mouthSmile_L"] == pytest.approx(1.1)


def test_every_mood_has_the_mouth_of_its_smile_value(head: Head) -> None:
    for mood in set(MOOD_SMILE) - {"coy"}:  # which smiles with one side
        still = _marks(head, still_weights(mood, _RESTING))
        mouth = _marks(head, mouth_weights(_mouth(smile=MOOD_SMILE[mood]), _RESTING))
        assert still[_INNER_LIPS] == pytest.approx(mouth[_INNER_LIPS], abs=0.12), mood


def test_lids_close_by_steps_until_nothing_is_open(head: Head) -> None:
    heights = [
        np.abs(marks[[37, 38, 43, 44], 1] - marks[[41, 40, 47, 46], 1]).mean()
        for marks in (_marks(head, still_weights(n, _RESTING)) for n in EYE_STILLS[:4])
    ]
    assert heights == sorted(heights, reverse=True)
    assert heights[-1] < 0.1


def test_moods_move_the_brows_as_they_should(head: Head) -> None:
    def brows(name: str) -> tuple[float, float]:
        """Height of the inner and of the outer ends."""
        marks = _marks(head, still_weights(name, _RESTING)) - _marks(head, {})
        return marks[[21, 22], 1].mean(), marks[[17, 18, 25, 26], 1].mean()

    inner, outer = brows("sad")
    assert inner > 0.2
    assert inner > outer
    inner, outer = brows("angry")
    assert inner < -0.2
    assert inner < outer
    assert min(brows("surprised")) > 0.2


def test_eyes_only_move_eyes_and_all_names_are_known(head: Head) -> None:
    for name in EYE_STILLS:
        moved = _marks(head, still_weights(name, _RESTING)) - _marks(head, {})
        assert np.abs(moved[48:68]).max() < 0.05, name
    with pytest.raises(KeyError):
        still_weights("bored", _RESTING)
    assert len({*FACE_STILLS, *EYE_STILLS}) == 14
