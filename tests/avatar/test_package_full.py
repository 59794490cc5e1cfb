"""Format 2: what it promises is there, and what a hostile card asks for is refused."""

import json
import math
import shutil
from pathlib import Path
from typing import Any, get_args

import cv2
import numpy as np
import pytest
from full_avatar import FRAMES, MOOD_BOX, PLACES, full_card, make_full_avatar, write_planes
from onnx import TensorProto, helper, numpy_helper, save_model

from backend.avatar.mouths.template import load_template
from backend.avatar.packages.card import Feeling
from backend.avatar.packages.package import AvatarPackage
from backend.errors import BrokenAvatar
from backend.handlers.text.mood import MOODS

GOOD = list(PLACES["idle"])


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_full_avatar(tmp_path_factory.mktemp("whole"))


@pytest.fixture
def package(whole: Path, tmp_path: Path) -> Path:
    """A copy to break."""
    return Path(shutil.copytree(whole, tmp_path / whole.name))


def refused(package: Path, words: str, **fields: Any) -> None:
    if fields:
        (package / "avatar.json").write_text(json.dumps(full_card("full", **fields)))
    with pytest.raises(BrokenAvatar, match=words):
        AvatarPackage.load(package)


def mouth(**changes: Any) -> dict[str, Any]:
    return {**full_card("full")["mouth"], **changes}


def placed(place: list[float], clip: str = "idle") -> dict[str, Any]:
    """A mouth whose last place in one loop is this."""
    places = dict(full_card("full")["mouth"]["places"])
    return mouth(places={**places, clip: [*places[clip][:-1], place]})


def test_a_whole_package_loads(whole: Path) -> None:
    package = AvatarPackage.load(whole)
    assert package.card.clips == ("idle", "listening", "thinking")
    assert package.card.feelings == ("happy", "sad")
    assert package.has_matte
    template = load_template(package)
    assert template.tracks.clip("thinking").shape == (FRAMES, 288, 192)
    assert template.tracks.mood("happy").shape == (FRAMES, 177, 110)
    assert template.tracks.matte("listening").shape == (FRAMES, 96, 96)


def test_feelings_are_the_moods_that_a_sentence_may_have_less_calm() -> None:
    assert set(get_args(Feeling)) == set(MOODS) - {"calm"}


@pytest.mark.parametrize(
    "name",
    ["thinking.mp4", "mood.sad.mp4", "matte.idle.mp4", "plate.png"],
)
def test_what_is_promised_must_be_there(package: Path, name: str) -> None:
    (package / name).unlink()
    refused(package, rf"full/{name} is missing. Restore")


def test_mattes_are_for_all_loops_or_none(package: Path) -> None:
    for path in package.glob("matte.*"):
        path.unlink()
    (package / "plate.png").unlink()
    assert not AvatarPackage.load(package).has_matte


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"format": 1}, "mouth and moods belong to format 2"),
        ({"engine": "mouth", "mouth": None}, 'engine "mouth" needs the field mouth'),
        ({"moods": {"box": [41, 52, 150, 170], "names": ["sad"]}}, "even pixels"),
        ({"moods": {"box": [40, 52, 150, 194], "names": ["sad"]}}, "inside 192x192"),
        ({"moods": {"box": [-2, 52, 150, 170], "names": ["sad"]}}, "inside 192x192"),
        ({"moods": {"box": list(MOOD_BOX), "names": []}}, "at least 1"),
        ({"moods": {"box": list(MOOD_BOX), "names": ["../../x"]}}, "names"),
        ({"moods": {"box": list(MOOD_BOX), "names": ["sad", "sad"]}}, "a mood twice"),
        ({"moods": {"box": list(MOOD_BOX), "names": ["sad"] * 9}}, "at most 5"),
        ({"mouth": mouth(size=4096)}, "mouth.size"),
        ({"mouth": mouth(smile={"happy": 7})}, "less than or equal to 1"),
        ({"mouth": mouth(places={"idle": [GOOD] * FRAMES})}, "nothing for listening, thinking"),
        ({"mouth": mouth(places=mouth()["places"] | {"up": [GOOD]})}, "mouth.places.up"),
        ({"mouth": placed(GOOD[:5])}, "mouth.places.idle"),
        ({"mouth": placed([*GOOD[:2], 150.0, *GOOD[3:]])}, r"places.idle\[19\].*inside"),
        ({"mouth": placed([*GOOD[:5], -2.0], "thinking")}, r"places.thinking\[19\]"),
        ({"mouth": placed([-50.0, 0, 120.0, 0, 50.0, 110.0])}, "upright"),
        ({"mouth": placed([1.0, 0, 70.0, 0, 1.0, 110.0])}, "at least 16 pixels"),
        ({"mouth": placed([20.0, 50.0, 70.0, 50.0, 20.0, 90.0])}, "upright"),
        ({"mouth": mouth(places=mouth()["places"] | {"idle": [GOOD]})}, "idle: 1 for 20"),
        ({"width": 4096, "height": 4096}, "too many pixels"),
    ],
)
def test_a_hostile_card_is_explained(package: Path, fields: dict[str, Any], words: str) -> None:
    refused(package, words, **fields)


def test_a_size_that_cannot_carry_a_matte_is_refused(package: Path) -> None:
    refused(package, "190x192 cannot carry a matte", width=190, mouth=None)


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf, 1e308])
def test_places_are_finite(package: Path, number: float) -> None:
    for at in range(6):
        refused(
            package, "mouth.places|places.idle", mouth=placed([*GOOD[:at], number, *GOOD[at + 1 :]])
        )


@pytest.mark.parametrize(
    "name", ["mood.happy.mp4", "matte.thinking.mp4", "plate.png", "mouth.onnx"]
)
def test_no_file_may_lie_elsewhere(package: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / "secret").write_text("not yours")
    (package / name).unlink(missing_ok=True)
    (package / name).symlink_to(tmp_path / "secret")
    refused(package, "leads out of its folder")


def test_an_engine_of_its_own_needs_its_net(package: Path) -> None:
    refused(package, r"mouth\.onnx is missing", engine="mouth")


def test_a_net_may_not_read_other_files(package: Path) -> None:
    weights = numpy_helper.from_array(np.ones(1000, np.float32), "w")
    graph = helper.make_graph(
        [helper.make_node("Identity", ["w"], ["out"])],
        "net",
        [],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, [1000])],
        [weights],
    )
    model = helper.make_model(graph)
    save_model(model, package / "mouth.onnx")
    AvatarPackage.load(package)
    save_model(
        model,
        package / "mouth.onnx",
        save_as_external_data=True,
        location="weights.bin",
        size_threshold=0,
        convert_attribute=True,
    )
    refused(package, "keeps weights in another file. Export it as one file")


def test_files_are_bounded(package: Path) -> None:
    with (package / "mouth.onnx").open("wb") as file:
        file.truncate(100_000_000)
    refused(package, r"mouth\.onnx has 100,000,000 bytes; at most 64,000,000")
    (package / "mouth.onnx").unlink()
    with (package / "mood.sad.mp4").open("ab") as file:
        file.truncate(300_000_000)
    refused(package, r"mood\.sad\.mp4 has 300,000,000 bytes")


def test_every_track_is_what_the_card_says(package: Path) -> None:
    def broken(name: str, words: str, size: tuple[int, int], count: int = FRAMES) -> None:
        kept = (package / name).read_bytes()
        frame = np.full((size[1] * 3 // 2, size[0]), 90, np.uint8)
        write_planes(package / name, [frame] * count)
        with pytest.raises(BrokenAvatar, match=words):
            tracks = load_template(AvatarPackage.load(package)).tracks
            tracks.mood("sad")
            tracks.matte("thinking")
        (package / name).write_bytes(kept)

    broken("listening.mp4", "full/listening.mp4 is 96x96; the card says 192x192", (96, 96))
    broken("thinking.mp4", "3 frames; the card says 20", (192, 192), 3)
    broken("mood.sad.mp4", "the card says 110x118", (192, 192))
    broken("matte.thinking.mp4", "the card says 96x96", (192, 192))
    broken("matte.thinking.mp4", "has more frames; the card says 20", (96, 96), FRAMES + 1)


def test_tracks_mean_the_same_colours(package: Path) -> None:
    frame = np.full((288, 192), 90, np.uint8)
    write_planes(package / "thinking.mp4", [frame] * FRAMES, matrix=6)
    with pytest.raises(BrokenAvatar, match=r"full/thinking\.mp4 means other colours"):
        load_template(AvatarPackage.load(package))


def test_a_plate_that_would_unfold_into_a_huge_picture_is_not_decoded(package: Path) -> None:
    cv2.imwrite(str(package / "plate.png"), np.zeros((64, 64, 3), np.uint8))
    with pytest.raises(BrokenAvatar, match=r"plate\.png is 64x64 pixels"):
        load_template(AvatarPackage.load(package)).tracks.freed("idle")
