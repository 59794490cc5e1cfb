"""A package is whole, or the error says which file is wrong and what to do."""

import errno
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from face_samples import BOX, FRAMES, SIZE, make_avatar

from backend.avatar.packages.package import AvatarPackage
from backend.avatar.packages.shelf import broken_avatars, find_avatar, list_avatars
from backend.errors import BrokenAvatar, UnknownAvatar


@pytest.fixture
def package(avatar: Path, tmp_path: Path) -> Path:
    """A copy to break."""
    return Path(shutil.copytree(avatar, tmp_path / "avatars" / avatar.name))


def change(package: Path, **fields: Any) -> None:
    card = json.loads((package / "avatar.json").read_text())
    (package / "avatar.json").write_text(json.dumps({**card, **fields}))


def test_a_whole_package_loads(avatar: Path) -> None:
    package = AvatarPackage.load(avatar)
    assert (package.card.width, package.card.frames) == (SIZE, FRAMES)
    assert package.card.face_boxes[0] == BOX
    assert package.idle.is_file()


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"format": 3}, "format"),
        ({"id": "../up"}, "id"),
        ({"id": "other"}, "Name the folder like the id"),
        ({"fps": 30}, "fps"),
        ({"width": 191}, "width"),
        ({"frames": FRAMES + 1}, "face_boxes for"),
        ({"face_boxes": [[0, 0, 500, 500]] * FRAMES}, r"face_boxes\[0\]"),
        ({"face_boxes": [[80, 80, 90, 90]] * FRAMES}, "at least 32 pixels"),
        ({"licence": None}, "licence"),
    ],
)
def test_a_wrong_card_is_explained(package: Path, fields: dict[str, Any], words: str) -> None:
    change(package, **fields)
    with pytest.raises(BrokenAvatar, match=words):
        AvatarPackage.load(package)


def test_a_card_that_is_not_json_is_explained(package: Path) -> None:
    (package / "avatar.json").write_bytes(b"\xff{")
    with pytest.raises(BrokenAvatar, match=r"sample/avatar\.json"):
        AvatarPackage.load(package)


@pytest.mark.parametrize("name", ["avatar.json", "idle.mp4", "mask.png", "poster.jpg"])
def test_a_missing_or_empty_file_is_named(package: Path, name: str) -> None:
    (package / name).write_bytes(b"")
    with pytest.raises(BrokenAvatar, match=f"{name} is empty"):
        AvatarPackage.load(package)
    (package / name).unlink()
    with pytest.raises(BrokenAvatar, match=f"{name} is missing"):
        AvatarPackage.load(package)


def test_files_must_lie_inside_the_folder(package: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("not yours")
    (package / "poster.jpg").unlink()
    (package / "poster.jpg").symlink_to(secret)
    with pytest.raises(BrokenAvatar, match="leads out of its folder"):
        AvatarPackage.load(package)


def test_avatars_are_found_by_id_and_the_first_is_the_default(package: Path) -> None:
    folder = package.parent
    make_avatar(folder, "another", frames=2)
    assert [found.card.id for found in list_avatars(folder)] == ["another", "sample"]
    assert find_avatar(folder, "sample").root == package
    assert find_avatar(folder, "").card.id == "another"
    make_avatar(folder, "nora", frames=2)
    assert find_avatar(folder, "").card.id == "nora"


@pytest.mark.parametrize("name", ["nobody", "../avatars/sample", ".", "a/b", "x" * 500])
def test_an_unknown_avatar_is_refused_with_what_there_is(package: Path, name: str) -> None:
    with pytest.raises(UnknownAvatar, match="Installed: sample"):
        find_avatar(package.parent, name)


def test_a_broken_package_does_not_hide_the_others(package: Path) -> None:
    make_avatar(package.parent, "broken", frames=2)
    (package.parent / "broken" / "mask.png").unlink()
    assert [found.card.id for found in list_avatars(package.parent)] == ["sample"]
    assert "mask.png is missing" in broken_avatars(package.parent)["broken"]
    with pytest.raises(BrokenAvatar):
        find_avatar(package.parent, "broken")


def test_a_link_that_leads_to_itself_is_named_and_hides_no_other(package: Path) -> None:
    looped = make_avatar(package.parent, "looped", frames=2)
    (looped / "poster.jpg").unlink()
    (looped / "poster.jpg").symlink_to("poster.jpg")
    assert [found.card.id for found in list_avatars(package.parent)] == ["sample"]
    assert "poster.jpg" in broken_avatars(package.parent)["looped"]
    assert find_avatar(package.parent, "").card.id == "sample"


def test_a_folder_in_place_of_a_file_hides_no_other(package: Path) -> None:
    (make_avatar(package.parent, "odd", frames=2) / "mouth.onnx").mkdir()
    assert [found.card.id for found in list_avatars(package.parent)] == ["sample"]
    assert "mouth.onnx" in broken_avatars(package.parent)["odd"]


@pytest.mark.parametrize(
    ("what", "asks", "name"),
    [(os, "lstat", "avatar.json"), (Path, "read_bytes", "mouth.onnx")],
)
def test_what_may_not_be_read_is_named_and_hides_no_other(
    package: Path, monkeypatch: pytest.MonkeyPatch, what: Any, asks: str, name: str
) -> None:
    closed = make_avatar(package.parent, "closed", frames=2)
    (closed / "mouth.onnx").write_bytes(b"net")
    ask = getattr(what, asks)

    def refused(path: Path | str, *args: Any, **kwargs: Any) -> Any:
        """As the system does it for everybody but root, who may be the one that tests."""
        if str(path) == str(closed / name):
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return ask(path, *args, **kwargs)

    monkeypatch.setattr(what, asks, refused)
    assert [found.card.id for found in list_avatars(package.parent)] == ["sample"]
    assert "Permission denied" in broken_avatars(package.parent)["closed"]
    assert find_avatar(package.parent, "").card.id == "sample"
    with pytest.raises(BrokenAvatar):
        find_avatar(package.parent, "closed")


def test_one_that_is_deleted_meanwhile_hides_no_other(
    package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    going = make_avatar(package.parent, "going", frames=2)
    load = AvatarPackage.load

    def late(root: Path) -> AvatarPackage:
        shutil.rmtree(going, ignore_errors=True)
        return load(root)

    monkeypatch.setattr(AvatarPackage, "load", late)
    assert [found.card.id for found in list_avatars(package.parent)] == ["sample"]


def test_no_avatar_at_all(tmp_path: Path) -> None:
    assert list_avatars(tmp_path / "nowhere") == ()
    with pytest.raises(UnknownAvatar, match="No avatar can be used"):
        find_avatar(tmp_path, "")


def test_a_warped_avatar_needs_its_marks(package: Path) -> None:
    change(package, engine="warp")
    with pytest.raises(BrokenAvatar, match=r"marks\.json is missing"):
        AvatarPackage.load(package)
    change(package, engine="magic")
    with pytest.raises(BrokenAvatar, match="engine"):
        AvatarPackage.load(package)


def test_marks_must_lie_inside_the_folder_too(package: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("{}")
    (package / "marks.json").symlink_to("../../secret")
    with pytest.raises(BrokenAvatar, match="leads out of its folder"):
        AvatarPackage.load(package)


def test_what_a_worker_would_have_to_hold_is_bounded(package: Path) -> None:
    change(package, width=4096, height=4096, frames=200, face_boxes=[BOX] * 200)
    with pytest.raises(BrokenAvatar, match="too many pixels"):
        AvatarPackage.load(package)
    with (package / "avatar.json").open("ab") as card:
        card.truncate(2_000_000)
    with pytest.raises(BrokenAvatar, match="at most 1,000,000 are allowed"):
        AvatarPackage.load(package)


def test_a_package_in_the_making_is_not_looked_at(package: Path) -> None:
    shutil.copytree(package, package.parent / ".making-it")
    assert [found.card.id for found in list_avatars(package.parent)] == ["sample"]
    assert broken_avatars(package.parent) == {}
