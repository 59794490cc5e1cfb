"""Nothing of a face that is deleted or replaced stays in the cache of decoded loops."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from face_samples import make_avatar
from full_avatar import make_full_avatar

from backend.avatar.create.files import About
from backend.avatar.create.maker import Order, create
from backend.avatar.create.workplace import sweep
from backend.avatar.mouths.template import load_template
from backend.avatar.packages.package import AvatarPackage
from backend.avatar.packages.removal import remove
from backend.avatar.packages.stacked_clip import stacked_clip
from backend.avatar.packages.track_cache import TrackCache
from tests.avatar.faces import POSTER, Stored, nora


def shown(root: Path, cache: TrackCache) -> None:
    """As a worker has it, and with a matte as the page does."""
    package = AvatarPackage.load(root)
    load_template(package, cache)
    if package.has_matte:
        stacked_clip(package, "idle", cache)


def kept(cache: TrackCache) -> set[Path]:
    assert cache.folder is not None
    return {path for path in cache.folder.iterdir() if not path.name.startswith(".")}


def test_with_a_face_goes_what_was_cached_of_it_alone(tmp_path: Path) -> None:
    cache = TrackCache(tmp_path / "cache")
    shown(make_avatar(tmp_path / "avatars", "anna", frames=5), cache)
    others = kept(cache)
    full = make_full_avatar(tmp_path / "avatars")
    shown(full, cache)
    assert len(kept(cache)) > len(others) + 5
    remove(full, cache)
    assert kept(cache) == others
    assert [path.name for path in (tmp_path / "avatars").iterdir()] == ["anna"]


def test_what_another_face_shows_too_stays(tmp_path: Path) -> None:
    cache = TrackCache(tmp_path / "cache")
    anna = make_avatar(tmp_path, "anna", frames=5)
    bert = Path(shutil.copytree(anna, tmp_path / "bert"))
    card = json.loads((bert / "avatar.json").read_text())
    (bert / "avatar.json").write_text(json.dumps({**card, "id": "bert"}))
    shown(bert, cache)
    remove(anna, cache)
    assert len(kept(cache)) == 1
    remove(bert, cache)
    assert not kept(cache)


def test_a_broken_face_is_forgotten_too(tmp_path: Path) -> None:
    cache = TrackCache(tmp_path / "cache")
    anna = make_avatar(tmp_path, "anna", frames=5)
    shown(anna, cache)
    (anna / "avatar.json").write_text("{")
    remove(anna, cache)
    assert not kept(cache)


def test_a_face_that_another_service_sweeps_meanwhile_is_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def move_then_sweep(source: Path, destination: str) -> None:
        source.rename(Path(destination) / source.name)
        sweep(source.parent)

    cache = TrackCache(tmp_path / "cache")
    anna = make_avatar(tmp_path / "avatars", "anna", frames=5)
    shown(anna, cache)
    monkeypatch.setattr("shutil.move", move_then_sweep)
    remove(anna, cache)
    assert not kept(cache)
    assert not list((tmp_path / "avatars").iterdir())


def test_a_face_that_is_replaced_is_forgotten(tmp_path: Path) -> None:
    cache, avatars = TrackCache(tmp_path / "cache"), tmp_path / "avatars"
    shown(make_avatar(avatars, "anna", frames=5), cache)
    order = Order(POSTER, About("anna", "Anna", "private"), overwrite=True)
    create(order, avatars, Stored(nora()), lambda step, part: None, cache)
    assert not kept(cache)
    assert [path.name for path in avatars.iterdir()] == ["anna"]
