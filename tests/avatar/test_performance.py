"""How a face behaves: moods and head come and go without a jump, and rest at the end."""

import itertools

import numpy as np
import pytest

from backend.avatar.figure.easing import EASE_FRAMES, Release, Spring, smooth
from backend.avatar.figure.head_motion import NOD, SHIFT, TILT_RAD, HeadMotion, HeadPose
from backend.avatar.figure.moods import MoodBlend, smile_of
from backend.avatar.figure.performance import OPENING_FRAMES, Beat, Performance

NAMES = ("happy", "sad", "angry")


def voice(frames: int, seed: int = 3) -> list[float]:
    """Loudness of syllables, now and then a louder one, with pauses for breath."""
    rng = np.random.default_rng(seed)
    levels = []
    while len(levels) < frames:
        peak = rng.choice([0.05, 0.08, 0.25])
        levels += [peak * 0.4, peak, peak * 0.7, 0.01]
        if rng.random() < 0.08:
            levels += [0.0] * 8
    return levels[:frames]


def play(levels: list[float], *, mood: str | None = None, ends: bool = True) -> list[Beat]:
    performance = Performance(NAMES, moves_head=True)
    performance.begin(mood, None)
    count = len(levels)
    return [
        performance.step(level, count - number if ends else None)
        for number, level in enumerate(levels)
    ]


def moves(pose: HeadPose) -> list[float]:
    return [pose.down / NOD, pose.aside / SHIFT, pose.tilt_rad / TILT_RAD]


# ---------------------------------------------------------------- moods


def test_a_mood_comes_in_its_time_and_stays() -> None:
    blend = MoodBlend(NAMES)
    blend.turn_to("happy")
    weights = [blend.step().get("happy", 0.0) for _ in range(2 * EASE_FRAMES)]
    assert 0 < weights[0] < 0.1
    assert np.diff(weights[:EASE_FRAMES]).min() > 0
    assert np.diff(weights).max() < 0.2
    assert weights[EASE_FRAMES - 1 :] == [1.0] * (EASE_FRAMES + 1)


def test_at_rest_no_mood_is_left_to_mix_however_short_the_last_sentence() -> None:
    performance = Performance(NAMES, moves_head=False)
    for mood, frames in (("happy", 4), ("sad", 2)):
        performance.begin(mood, None)
        for _ in range(frames):
            beat = performance.step(0.1, None)
    assert set(beat.weights) == {"happy", "sad"}
    assert performance.step(0.1, 1).weights == {}


@pytest.mark.parametrize("word", [None, "calm", "excited", "../happy"])
def test_any_other_word_is_calm(word: str | None) -> None:
    blend = MoodBlend(NAMES)
    blend.turn_to("sad")
    for _ in range(EASE_FRAMES):
        blend.step()
    blend.turn_to(word)
    assert [blend.step() for _ in range(EASE_FRAMES)][-1] == {}


def test_however_moods_follow_each_other_they_never_add_up_to_more_than_one() -> None:
    for wait in range(1, 2 * EASE_FRAMES):
        blend, before = MoodBlend(NAMES), {}
        for mood in ("happy", "sad", None, "angry", "happy", "sad"):
            blend.turn_to(mood)
            for _ in range(wait):
                weights = blend.step()
                assert sum(weights.values()) <= 1.0 + 1e-9
                for name in NAMES:
                    assert abs(weights.get(name, 0.0) - before.get(name, 0.0)) < 0.2
                before = weights


def test_the_mouth_smiles_as_much_as_the_face() -> None:
    smiles = {"happy": 0.6, "sad": -0.6, "calm": 0.1}
    assert smile_of({}, smiles) == pytest.approx(0.1)
    assert smile_of({"happy": 1.0}, smiles) == pytest.approx(0.6)
    assert smile_of({"happy": 0.5, "sad": 0.25}, smiles) == pytest.approx(0.3 - 0.15 + 0.025)
    assert smile_of({"angry": 1.0}, {}) == 0.0


# ---------------------------------------------------------------- the end


@pytest.mark.parametrize("left", [1, 2, 3, 5, 8, 20])
def test_whenever_the_end_becomes_known_it_is_met_at_rest(left: int) -> None:
    release = Release()
    assert [release.step(None) for _ in range(10)] == [1.0] * 10
    shares = [release.step(remaining) for remaining in range(left, 0, -1)]
    assert shares[-1] == 0.0
    steps = -np.diff([1.0, *shares])
    assert (steps >= 0).all()
    assert steps.max() <= max(0.2, 1.6 / left)


@pytest.mark.parametrize("mood", [None, "happy", "angry"])
def test_a_reply_ends_calm_and_still_and_begins_without_a_jump(mood: str | None) -> None:
    beats = play(voice(120), mood=mood)
    assert sum(beats[-1].weights.values()) == 0
    assert beats[-1].pose == HeadPose()
    assert sum(beats[0].weights.values()) < 0.1
    assert max(map(abs, moves(beats[0].pose))) < 0.2


def test_between_two_sentences_the_face_keeps_its_mood() -> None:
    performance = Performance(NAMES, moves_head=True)
    performance.begin("happy", None)
    for level in voice(40):
        performance.step(level, None)
    performance.begin("happy", None)
    assert performance.step(0.0, None).weights == {"happy": 1.0}


def test_what_follows_an_end_begins_anew() -> None:
    performance = Performance(NAMES, moves_head=True)
    for _ in range(2):
        performance.begin("sad", None)
        count = 40
        beats = [performance.step(0.1, count - n) for n in range(count)]
        assert beats[0].weights["sad"] == pytest.approx(smooth(1 / EASE_FRAMES))
        assert max(beat.weights.get("sad", 0.0) for beat in beats) == 1.0


# ---------------------------------------------------------------- the loop on show


@pytest.mark.parametrize("clip", ["listening", "thinking"])
def test_the_loop_on_show_dissolves_into_speech(clip: str) -> None:
    performance = Performance(NAMES, moves_head=True)
    performance.begin(None, clip)
    openings = [performance.step(0.1, None).opening for _ in range(OPENING_FRAMES + 3)]
    shares = [opening.share for opening in openings[:OPENING_FRAMES]]
    assert {opening.clip for opening in openings[:OPENING_FRAMES]} == {clip}
    assert openings[OPENING_FRAMES:] == [None] * 3
    steps = -np.diff([1.0, *shares, 0.0])
    assert (steps > 0).all() and steps.max() < 0.25


def test_idle_needs_no_dissolving() -> None:
    performance = Performance(NAMES, moves_head=True)
    performance.begin("sad", "idle")
    assert performance.step(0.1, None).opening is None


def test_a_page_that_shows_a_loop_in_mid_reply_sees_a_calm_face_come_back() -> None:
    performance = Performance(NAMES, moves_head=True)
    performance.begin("happy", None)
    for level in voice(60):
        performance.step(level, None)
    performance.begin("happy", "idle")
    beat = performance.step(0.0, None)
    assert beat.weights["happy"] < 0.1 and max(map(abs, moves(beat.pose))) < 0.05


# ---------------------------------------------------------------- the head


def test_silence_moves_nothing() -> None:
    motion = HeadMotion()
    assert {motion.step(0.0) for _ in range(100)} == {HeadPose()}
    assert {motion.step(0.002) for _ in range(100)} == {HeadPose()}


@pytest.mark.parametrize("seed", range(5))
def test_it_moves_with_the_voice_within_bounds_and_smoothly(seed: int) -> None:
    motion = HeadMotion()
    poses = np.array([moves(motion.step(level)) for level in voice(500, seed)])
    assert 0.4 < poses[:, 0].max() <= 1.3
    assert poses[:, 0].min() > -0.05
    assert np.abs(poses[:, 1:]).max() <= 1.0
    assert poses[:, 1].min() < -0.2 and poses[:, 1].max() > 0.2, "to both sides"
    speed = np.diff(poses, axis=0)
    assert np.abs(speed).max() < 0.35
    assert np.abs(np.diff(speed, axis=0)).max() < 0.35


def test_a_nod_follows_its_stress_by_about_a_tenth_of_a_second() -> None:
    motion = HeadMotion()
    quiet, stress = [0.03] * 60, [0.3] * 4
    down = [motion.step(level).down for level in quiet + stress + [0.03] * 30]
    begun = next(n for n, at in enumerate(down[60:]) if at > 0.1 * max(down[60:]))
    highest = int(np.argmax(down[60:]))
    assert 0 <= begun <= 3
    assert 3 <= highest <= 8


def test_after_the_voice_the_head_comes_back() -> None:
    motion = HeadMotion()
    for level in voice(200):
        motion.step(level)
    for _ in range(60):
        pose = motion.step(0.0)
    assert max(map(abs, moves(pose))) < 0.02


def test_loudness_alone_is_no_stress() -> None:
    """A voice that is always equally loud: the first syllable stands out, and no other."""
    motion = HeadMotion()
    down = [motion.step(0.2).down for _ in range(200)]
    assert max(down[40:]) < 0.01 * NOD


def test_it_can_be_turned_off() -> None:
    performance = Performance(NAMES, moves_head=False)
    performance.begin(None, None)
    assert {performance.step(level, None).pose for level in voice(100)} == {HeadPose()}


def test_the_same_voice_moves_the_same_way() -> None:
    assert play(voice(90)) == play(voice(90))


def test_a_spring_arrives_without_overshoot() -> None:
    spring = Spring(20.0)
    values = [spring.step(1.0) for _ in range(30)]
    assert all(a < b <= 1.0 for a, b in itertools.pairwise(values))
    assert values[-1] == pytest.approx(1.0, abs=1e-3)
    assert values[2] < 0.75 < values[5], "it lags by a tenth of a second"
