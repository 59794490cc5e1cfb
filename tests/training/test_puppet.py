from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from stills_sample import EYE_WIDTH, EYES, MIDDLE, MOUTH_BOX, SIZE, write_stills

from training.puppet.motion import Act, Pose
from training.puppet.puppet import SIDE, Puppet
from training.puppet.stills import load_stills

_SCALE = SIDE / SIZE
_TURNED = Act(Pose(3.0, -2.0, 2.0, 0.2, 0.5, 0.8), 0.0, (0.0, 0.0), (0.0, 0.0))
_STILL = Act(Pose(), 0.0, (0.0, 0.0), (0.0, 0.0))


@pytest.fixture(scope="module")
def puppet(tmp_path_factory: pytest.TempPathFactory) -> Puppet:
    return Puppet(load_stills(write_stills(tmp_path_factory.mktemp("build") / "ann")))


def _seen(puppet: Puppet, act: Act, mood: str | None = None) -> np.ndarray:
    return puppet.over_plate(puppet.figure(puppet.moved(act), mood))


def _nose(puppet: Puppet, pose: Pose) -> np.ndarray:
    return puppet.landmarks(puppet.moved(replace(_STILL, pose=pose)))[30]


def test_at_rest_the_frame_is_the_still(puppet: Puppet, tmp_path: Path) -> None:
    stills = load_stills(write_stills(tmp_path / "ann"))
    alpha = stills.base[..., 3:]
    still = stills.base[..., :3] + (1 - alpha) * stills.plate
    small = cv2.resize(_seen(puppet, _STILL), (SIZE, SIZE), interpolation=cv2.INTER_AREA)
    inside = np.s_[30:130, 50:140]
    assert np.abs(small - still)[inside].mean() < 0.01


def test_the_head_turns_the_way_its_angles_say(puppet: Puppet) -> None:
    rest = _nose(puppet, Pose())
    assert _nose(puppet, Pose(yaw_deg=3))[0] > rest[0] + 2
    assert _nose(puppet, Pose(pitch_deg=3))[1] > rest[1] + 2
    assert _nose(puppet, Pose(roll_deg=3))[0] < rest[0] - 2
    assert _nose(puppet, Pose(slide_cm=1))[0] > rest[0] + 5
    brows = [puppet.landmarks(puppet.moved(replace(_STILL, pose=p)))[17:27] for p in
             (Pose(), Pose(lean_cm=2))]  # fmt: skip
    assert np.ptp(brows[1][:, 0]) > np.ptp(brows[0][:, 0])


def test_a_mouth_drawn_for_the_still_vanishes_into_any_frame(
    puppet: Puppet, tmp_path: Path
) -> None:
    stills = load_stills(write_stills(tmp_path / "ann"))
    x0, y0, x1, y1 = map(int, MOUTH_BOX)
    patch = stills.base[y0:y1, x0:x1, :3]
    a, b, c, d, e, f = puppet.place(puppet.moved(_TURNED))
    side = x1 - x0
    to_frame = np.array([[a / side, b / side, c], [d / side, e / side, f]])
    to_frame[:, 2] += to_frame[:, :2] @ [0.5, 0.5] - 0.5  # pixel centres to pixel centres
    laid = cv2.warpAffine(patch, to_frame, (SIDE, SIDE), flags=cv2.INTER_CUBIC)
    whole = cv2.warpAffine(np.ones((side, side), np.float32), to_frame, (SIDE, SIDE)) > 0.999
    inside = cv2.erode(whole.astype(np.uint8), np.ones((9, 9))) > 0
    apart = np.abs(laid - _seen(puppet, _TURNED))[inside]
    assert apart.mean() < 0.004
    assert apart.max() < 0.06
    moved_by = np.abs(_seen(puppet, _STILL) - _seen(puppet, _TURNED))[inside].mean()
    assert apart.mean() < 0.1 * moved_by


def test_the_background_never_moves(puppet: Puppet) -> None:
    beside = np.s_[: int(12 * _SCALE)]
    assert np.array_equal(_seen(puppet, _TURNED)[beside], _seen(puppet, _STILL)[beside])


def test_breath_lifts_the_shoulders(puppet: Puppet) -> None:
    out, in_ = (
        puppet.figure(puppet.moved(replace(_STILL, pose=Pose(breath=breath))))[..., 3]
        for breath in (0.0, 1.0)
    )
    column = int(24 * _SCALE)
    assert in_[:, column].sum() > out[:, column].sum() + 0.5


def test_lids_close_over_the_eye(puppet: Puppet) -> None:
    x, y = (EYES[0] * _SCALE).astype(int)
    assert _seen(puppet, _STILL)[y, x].max() < 0.3
    shut = _seen(puppet, replace(_STILL, lids=1.0))
    rest = _seen(puppet, _STILL)
    half = int(EYE_WIDTH * _SCALE)
    window = np.s_[y - half : y + half, x - half : x + half]
    assert np.abs(shut - rest)[window].max() > 0.3
    outside = np.abs(shut - rest)
    for eye in EYES:
        ex, ey = (eye * _SCALE).astype(int)
        outside[ey - 2 * half : ey + 2 * half, ex - 2 * half : ex + 2 * half] = 0
    assert outside.max() == 0


def test_an_iris_rolls_within_its_eye(puppet: Puppet) -> None:
    looks = [_seen(puppet, replace(_STILL, gaze_deg=(x, 0.0))) for x in (-15.0, 15.0)]
    x, y = (EYES[0] * _SCALE).astype(int)
    rows = [look[y, x - 22 : x + 22].mean(-1) for look in looks]
    left, right = (np.flatnonzero(row < 0.4).mean() for row in rows)
    assert right - left > 4


def test_a_raised_brow_is_one_side_s(puppet: Puppet) -> None:
    rest = puppet.landmarks(puppet.moved(_STILL))
    raised = puppet.landmarks(puppet.moved(replace(_STILL, brows=(1.0, 0.0))))
    assert (rest - raised)[18, 1] > 4
    assert abs((rest - raised)[25, 1]) < 1


def test_moods_change_only_their_box_and_move_like_idle(puppet: Puppet) -> None:
    moved = puppet.moved(_TURNED)
    x0, y0, x1, y1 = puppet.mood_box([moved, puppet.moved(_STILL)])
    assert all(edge % 2 == 0 for edge in (x0, y0, x1, y1))
    calm, happy = _seen(puppet, _TURNED), _seen(puppet, _TURNED, "happy")
    apart = np.abs(calm - happy).max(-1)
    assert apart[y0:y1, x0:x1].max() > 0.05
    apart[y0:y1, x0:x1] = 0
    assert apart.max() < 1 / 255
    part = puppet.over_plate(puppet.figure(moved, "happy", (x0, y0, x1, y1)), (x0, y0, x1, y1))
    assert np.array_equal(part, happy[y0:y1, x0:x1])


def test_the_face_is_where_the_landmarks_say(puppet: Puppet) -> None:
    points = puppet.landmarks(puppet.moved(_STILL))
    assert points[27] == pytest.approx(np.array([MIDDLE[0], 66]) * _SCALE, abs=0.5)
