"""The measures themselves: a perfect mouth scores one, a wrong one does not."""

import numpy as np
import pytest

from backend.avatar.lips.articulation import mouth_track
from training import measure
from training.espeak import Phone, Speech

PHONES = tuple(
    Phone(index * 0.12, name)
    for index, name in enumerate(("_", "m", "A:", "b", "i:", "s", "p", "O:", "t", "A:", "_"))
)
RNG = np.random.default_rng(5)
SPEECH = Speech(RNG.normal(0, 0.1, round(1.32 * 16_000)).astype(np.float32), PHONES)


def truth() -> np.ndarray:
    track = mouth_track(PHONES, SPEECH.duration_s + 0.1).controls
    return track[np.rint(np.arange(33) * 3.2).astype(int)]


def test_the_truth_scores_full_marks() -> None:
    score = measure.score([measure.mouths(SPEECH, truth())])
    assert score.opening == pytest.approx(1)
    assert (score.closure_recall, score.closures, score.false_closures) == (1, 3, 0)
    assert score.seconds == pytest.approx(1.32)
    assert score.jitter == pytest.approx(1)


def test_a_nervous_mouth_jitters() -> None:
    drawn = truth()
    drawn[::2] *= 0.5
    assert measure.score([measure.mouths(SPEECH, drawn)]).jitter > 1.5


def test_a_mouth_shut_for_good_is_caught() -> None:
    drawn = truth()
    drawn[:, measure.CONTROLS.index("press")] = RNG.uniform(0.8, 1, len(drawn))
    score = measure.score([measure.mouths(SPEECH, drawn)])
    assert score.closure_recall == 1
    assert score.false_closures == 1


def test_a_mouth_that_never_shuts_is_caught() -> None:
    drawn = truth()
    drawn[:, measure.CONTROLS.index("press")] = 0
    assert measure.score([measure.mouths(SPEECH, drawn)]).closure_recall == 0


def test_a_late_mouth_scores_lower() -> None:
    late = np.roll(truth(), 3, axis=0)
    assert measure.score([measure.mouths(SPEECH, late)]).opening < 0.5


def test_restlessness_is_the_largest_step() -> None:
    controls = np.zeros((5, 8), np.float32)
    controls[3, 2] = 0.25
    assert measure.restlessness(controls) == 0.25
    assert measure.restlessness(controls[:1]) == 0


def test_parted_is_the_widest_opening() -> None:
    controls = np.zeros((5, 8), np.float32)
    assert measure.parted(controls) == 0
    controls[3, measure.CONTROLS.index("jaw")] = 0.5
    assert measure.parted(controls) == pytest.approx(0.4)


def test_level_follows_the_sound() -> None:
    pcm = np.concatenate([np.zeros(6400), 0.1 * np.ones(6400)]).astype(np.float32)
    level = measure.level_db(pcm, 20)
    assert level[2] == pytest.approx(-60)
    assert level[15] == pytest.approx(-20, abs=0.1)
