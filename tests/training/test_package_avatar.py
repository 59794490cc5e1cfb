import json
from pathlib import Path

import numpy as np
import pytest
from stills_sample import write_stills

from backend.avatar.packages.marks import load_marks
from backend.avatar.packages.package import AvatarPackage
from backend.avatar.packages.track_cache import TrackCache
from backend.avatar.packages.tracks import Tracks
from training.package_avatar import Person, card_text, package, performed
from training.puppet.motion import FRAMES, PERFORMANCES

_PERSON = Person("ann", "Ann", "a ball with eyes")
_TAKEN = 4


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package of a few frames around the first blink."""
    place = tmp_path_factory.mktemp("package")
    acts = {name: done[33 : 33 + _TAKEN] for name, done in performed().items()}
    return package(_PERSON, write_stills(place / "ann"), place / "avatars", acts)


def test_the_service_takes_the_package_as_whole(folder: Path) -> None:
    found = AvatarPackage.load(folder)
    assert (found.card.format, found.card.frames) == (2, _TAKEN)
    assert found.card.look == _PERSON.look
    assert found.has_matte
    assert load_marks(found).shape == (_TAKEN, 48, 2)


def test_every_track_can_be_shown(folder: Path) -> None:
    found = AvatarPackage.load(folder)
    tracks = Tracks(found, TrackCache(None))
    for clip in found.card.clips:
        assert tracks.clip(clip).shape == (_TAKEN, 768, 512)
        matte = tracks.matte(clip)
        assert matte.min() <= 17
        assert matte.max() >= 233


def test_a_mood_lies_over_idle_without_a_seam(folder: Path) -> None:
    found = AvatarPackage.load(folder)
    tracks = Tracks(found, TrackCache(None))
    assert found.card.moods is not None
    x0, y0, x1, y1 = found.card.moods.box
    calm = tracks.clip("idle")[:, y0:y1, x0:x1].astype(int)
    happy = tracks.mood("happy")[:, : y1 - y0].astype(int)
    apart = np.abs(happy - calm)
    edges = np.concatenate([apart[:, 0].ravel(), apart[:, -1].ravel(), apart[:, :, 0].ravel()])
    assert edges.mean() < 1.5
    assert apart.max() > 10


def test_a_net_that_lies_by_the_stills_comes_along(tmp_path: Path) -> None:
    build = write_stills(tmp_path / "ann")
    (build / "mouth.onnx").write_bytes(b"net")
    acts = {name: done[:1] for name, done in performed().items()}
    out = package(_PERSON, build, tmp_path / "avatars", acts)
    assert json.loads((out / "avatar.json").read_text())["engine"] == "mouth"
    assert (out / "mouth.onnx").read_bytes() == b"net"


def test_what_is_packed_are_whole_loops() -> None:
    acts = performed()
    assert tuple(acts) == PERFORMANCES
    assert {len(done) for done in acts.values()} == {FRAMES}


def test_a_card_has_a_row_of_numbers_on_a_line() -> None:
    card = {"id": "ann", "names": ["a", "b"], "rows": [[1.5, 2], [3, 4]], "none": []}
    text = card_text(card)
    assert json.loads(text) == card
    assert "[1.5, 2]" in text
