"""A face without its speech, pixel by pixel."""

import numpy as np
import pytest
from full_avatar import CLIP_LIFT, MOOD_BOX, MOOD_LIFT, PLACES, SIZE, make_full_avatar

from backend.avatar.figure.performance import Beat, Opening
from backend.avatar.figure.scenery import Scenery
from backend.avatar.mouths.template import load_template
from backend.avatar.packages.package import AvatarPackage
from backend.avatar.packages.tracks import Tracks


@pytest.fixture(scope="module")
def tracks(tmp_path_factory: pytest.TempPathFactory) -> Tracks:
    root = make_full_avatar(tmp_path_factory.mktemp("scenery"))
    return load_template(AvatarPackage.load(root)).tracks


@pytest.fixture
def scenery(tracks: Tracks) -> Scenery:
    return Scenery(tracks._package.card, tracks.clip, tracks.mood)


def luma(picture: np.ndarray) -> np.ndarray:
    return picture[:SIZE].astype(int)


def test_a_calm_face_is_the_loops_own(scenery: Scenery, tracks: Tracks) -> None:
    shown = scenery.picture(7, Beat())
    assert np.shares_memory(shown, tracks.clip("idle"))
    np.testing.assert_array_equal(shown, tracks.clip("idle")[7])


@pytest.mark.parametrize("weight", [0.25, 1.0])
def test_a_mood_fills_its_rectangle_as_far_as_it_is_felt(
    scenery: Scenery, tracks: Tracks, weight: float
) -> None:
    idle = tracks.clip("idle")[3]
    shown = scenery.picture(3, Beat({"sad": weight}))
    x0, y0, x1, y1 = MOOD_BOX
    change = luma(shown) - luma(idle)
    inside = change[y0 + 14 : y1 - 14, x0 + 14 : x1 - 14]
    wanted = weight * (luma(np.clip(idle.astype(int) + MOOD_LIFT["sad"], 16, 235)) - luma(idle))
    np.testing.assert_allclose(inside, wanted[y0 + 14 : y1 - 14, x0 + 14 : x1 - 14], atol=1)
    change[y0:y1, x0:x1] = 0
    assert not change.any(), "outside nothing is touched"


def test_a_mood_fades_out_towards_its_borders(scenery: Scenery, tracks: Tracks) -> None:
    change = luma(scenery.picture(3, Beat({"happy": 1.0}))) - luma(tracks.clip("idle")[3])
    x0, y0, x1, _ = MOOD_BOX
    middle = change[y0 : y0 + 14, (x0 + x1) // 2 - 20 : (x0 + x1) // 2 + 20].mean(axis=1)
    assert middle[0] < 2 and middle[-1] > 30
    assert np.diff(middle).max() < 8


def test_moods_mix(scenery: Scenery, tracks: Tracks) -> None:
    shown = scenery.picture(0, Beat({"happy": 0.5, "sad": 0.25}))
    change = (luma(shown) - luma(tracks.clip("idle")[0]))[100:110, 80:110]
    assert change.mean() == pytest.approx(0.5 * 40 - 0.25 * 40, abs=1.5)


@pytest.mark.parametrize("clip", ["listening", "thinking"])
def test_another_loop_dissolves_frame_by_frame(scenery: Scenery, tracks: Tracks, clip: str) -> None:
    for share in (0.9, 0.2):
        shown = scenery.picture(11, Beat(opening=Opening(clip, share)))
        idle, other = (tracks.clip(name)[11].astype(float) for name in ("idle", clip))
        np.testing.assert_allclose(shown, idle + share * (other - idle), atol=0.51)
    assert CLIP_LIFT[clip] != 0


def test_the_mouths_place_goes_with_it(scenery: Scenery) -> None:
    assert scenery.place(0, None) == PLACES["idle"]
    half = scenery.place(0, Opening("thinking", 0.5))
    assert half == tuple((np.array(PLACES["idle"]) + PLACES["thinking"]) / 2)
