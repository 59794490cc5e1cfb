"""From a picture to a package, with the face known beforehand."""

import json
import shutil
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from face_samples import write_video

from backend.avatar.create import judge
from backend.avatar.create import mesh as m
from backend.avatar.create.animate import FRAMES, animate
from backend.avatar.create.files import About
from backend.avatar.create.finder import MediaPipe
from backend.avatar.create.framing import frame_face
from backend.avatar.create.maker import PORTRAIT, Order, create, id_of, mark
from backend.avatar.create.naming import free_id
from backend.avatar.create.progress import Step, steps_of
from backend.avatar.create.refusals import (
    AlreadyThere,
    BadName,
    Blurred,
    EyesClosed,
    FaceCutOff,
    FaceTilted,
    FaceTooSmall,
    FaceTurned,
    HdrVideo,
    MouthOpen,
    NoFace,
    NoFinder,
    NoQuietStretch,
    SeveralFaces,
    TooLong,
    Unreadable,
)
from backend.avatar.create.source import is_photo, read_photo, read_video
from backend.avatar.mouths.template import load_template
from backend.avatar.packages.facebox import face_box
from backend.avatar.packages.marks import load_marks
from backend.avatar.packages.package import AvatarPackage
from backend.avatar.packages.shelf import list_avatars
from backend.errors import AvatarNotCreated
from tests.avatar.faces import NORA, POSTER, SIZE, Stored, nora

Change = Callable[[np.ndarray], np.ndarray]


def order(source: Path = POSTER, avatar_id: str = "anna", **options: object) -> Order:
    return Order(source, About(avatar_id, "Anna", "private"), **options)


def quiet(step: Step, part: float) -> None:
    assert 0 <= part <= 1


def turned(mesh: np.ndarray) -> np.ndarray:
    """The nose off to a side."""
    mesh = mesh.copy()
    mesh[4, 0] += 0.3 * m.eye_distance(mesh)
    return mesh


def profile(mesh: np.ndarray) -> np.ndarray:
    """Its eyes close together, and large all the same."""
    mesh = mesh.copy()
    mesh[:, 0] = 256 + 0.3 * (mesh[:, 0] - 256)
    mesh[4, 0] = mesh[454, 0]
    return mesh


def tilted(mesh: np.ndarray, degrees: float = 25) -> np.ndarray:
    places = cv2.getRotationMatrix2D((256, 256), degrees, 1)
    return (mesh @ places[:, :2].T + places[:, 2]).astype(np.float32)


def mouth_open(mesh: np.ndarray) -> np.ndarray:
    mesh = mesh.copy()
    mesh[14, 1] += 0.2 * (mesh[291, 0] - mesh[61, 0])
    return mesh


def eyes_closed(mesh: np.ndarray) -> np.ndarray:
    mesh = mesh.copy()
    mesh[[160, 158, 385, 387], 1] = mesh[[144, 153, 373, 380], 1]
    return mesh


def aside(mesh: np.ndarray) -> np.ndarray:
    return mesh - np.array([120, 0], np.float32)


@pytest.mark.parametrize(
    ("faces", "refusal", "words"),
    [
        ([], NoFace, "from the front"),
        ([nora(), aside(nora())], SeveralFaces, "only one person"),
        ([turned(nora())], FaceTurned, "straight into the camera"),
        ([profile(nora())], FaceTurned, "straight into the camera"),
        ([tilted(nora())], FaceTilted, "upright"),
        ([tilted(nora(), 60)], FaceTilted, "upright"),
        ([tilted(nora(), 95)], FaceTilted, "upright"),
        ([mouth_open(nora())], MouthOpen, "closed lips"),
        ([eyes_closed(nora())], EyesClosed, "open eyes"),
        ([nora() - np.array([175, 0])], FaceCutOff, "Leave room"),
    ],
)
def test_a_face_that_will_not_do_is_refused_and_nothing_is_left(
    faces: list[np.ndarray], refusal: type[AvatarNotCreated], words: str, tmp_path: Path
) -> None:
    with pytest.raises(refusal, match=words):
        create(order(), tmp_path, Stored(*faces), quiet)
    assert list(tmp_path.iterdir()) == []


def test_too_few_pixels_are_refused(tmp_path: Path) -> None:
    small = cv2.resize(read_photo(POSTER), (256, 256), interpolation=cv2.INTER_AREA)
    cv2.imwrite(str(tmp_path / "small.png"), small)
    with pytest.raises(FaceTooSmall, match=r"4[45] pixels between the eyes, and 56 are needed"):
        create(order(tmp_path / "small.png"), tmp_path / "avatars", Stored(nora()), quiet)


def test_a_blurred_face_is_refused_and_a_coarse_jpeg_is_not(tmp_path: Path) -> None:
    picture = read_photo(POSTER)
    judge.require_sharp(picture, nora())
    cv2.imwrite(str(tmp_path / "coarse.jpg"), picture, [cv2.IMWRITE_JPEG_QUALITY, 10])
    judge.require_sharp(read_photo(tmp_path / "coarse.jpg"), nora())
    with pytest.raises(Blurred, match="Hold still"):
        judge.require_sharp(cv2.GaussianBlur(picture, (0, 0), 3), nora())


def test_a_photo_becomes_a_package_that_talks(tmp_path: Path) -> None:
    finders = Stored(nora())
    package = create(order(), tmp_path, finders, quiet)
    card = package.card
    assert (card.engine, card.frames, card.width, card.height) == ("warp", FRAMES, SIZE, SIZE)
    assert (card.name, card.licence) == ("Anna", "private")
    assert finders.asked == FRAMES + 2
    assert [found.card.id for found in list_avatars(tmp_path)] == ["anna"]
    assert list(tmp_path.iterdir()) == [package.root]
    assert sorted(path.name for path in package.root.iterdir()) == [
        "avatar.json",
        "idle.mp4",
        "marks.json",
        "mask.png",
        "poster.jpg",
    ]
    assert load_marks(package).shape == (FRAMES, 48, 2)
    assert load_template(package).mask.max() == 1


def test_a_portrait_is_taller_than_wide(tmp_path: Path) -> None:
    wide = cv2.copyMakeBorder(read_photo(POSTER), 200, 300, 0, 0, cv2.BORDER_REPLICATE)
    cv2.imwrite(str(tmp_path / "wide.png"), wide)
    face = nora()
    face[:, 1] = (face[:, 1] + 200) * SIZE / len(wide)
    cut = frame_face(face_box(m.multi_pie(nora())), (SIZE, len(wide)), PORTRAIT)
    assert cut.cut(wide).shape[:2] == (640, 480)
    assert cut.width / cut.height == pytest.approx(0.75)
    assert 0 <= cut.x0 <= SIZE - cut.width


def test_an_id_is_not_taken_twice_unless_asked(tmp_path: Path) -> None:
    shutil.copytree(NORA, tmp_path / "anna")
    (tmp_path / "anna" / "old").touch()
    with pytest.raises(AlreadyThere, match="--overwrite"):
        create(order(), tmp_path, Stored(nora()), quiet)
    assert (tmp_path / "anna" / "old").exists()
    create(order(overwrite=True), tmp_path, Stored(nora()), quiet)
    assert not (tmp_path / "anna" / "old").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["anna"]


def test_a_refusal_leaves_the_avatar_that_was_to_be_replaced(tmp_path: Path) -> None:
    shutil.copytree(NORA, tmp_path / "anna")
    with pytest.raises(NoFace):
        create(order(overwrite=True), tmp_path, Stored(), quiet)
    assert (tmp_path / "anna" / "avatar.json").read_bytes() == (NORA / "avatar.json").read_bytes()


@pytest.mark.parametrize("avatar_id", ["../up", "a/b", ".", "", "x" * 65, "späti"])
def test_a_bad_id_is_refused(avatar_id: str, tmp_path: Path) -> None:
    with pytest.raises(BadName, match="no id"):
        create(order(avatar_id=avatar_id), tmp_path, Stored(nora()), quiet)
    assert list(tmp_path.iterdir()) == []


def test_names_become_ids() -> None:
    assert id_of("Frau Möller-Lüdenscheidt") == "frau-moller-ludenscheidt"
    assert id_of(" Dr. No (1962) ") == "dr-no-1962"
    with pytest.raises(BadName, match="--id"):
        id_of("小雅")


def test_an_id_that_is_free_is_found_for_every_name(tmp_path: Path) -> None:
    for expected in ("anna", "anna-2", "anna-3"):
        assert free_id(tmp_path, "Anna") == expected
        (tmp_path / expected).mkdir()
    assert free_id(tmp_path, "小雅") == "face"
    assert len(free_id(tmp_path, "x" * 300)) <= 64


@pytest.mark.parametrize("source", [POSTER, NORA / "idle.mp4"])
def test_each_step_is_told_from_its_beginning_to_its_end(source: Path, tmp_path: Path) -> None:
    told: list[tuple[Step, float]] = []
    finders = Stored(nora())
    package = create(order(source), tmp_path, finders, lambda *news: told.append(news))
    made_of = package.card.made_of
    assert made_of == ("photo" if source == POSTER else "video")
    assert [step for step, part in told if part == 0] == list(steps_of(made_of))
    assert told == sorted(told, key=lambda news: (list(Step).index(news[0]), news[1]))


@pytest.mark.parametrize(
    "content", [b"", b"no picture at all", b"\xff\xd8\xff\xe0broken", b"#EXTM3U\n#EXTINF:5,\na.mp4"]
)
def test_what_cannot_be_decoded_is_unreadable(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "picture.jpg"
    path.write_bytes(content)
    with pytest.raises(Unreadable, match=r"picture\.jpg"):
        create(order(path), tmp_path / "avatars", Stored(nora()), quiet)
    assert not (tmp_path / "avatars").exists()


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match=r"no file .*gone\.png"):
        is_photo(tmp_path / "gone.png")


def test_videos_come_at_25_pictures_a_second(tmp_path: Path) -> None:
    assert sum(1 for _ in read_video(NORA / "idle.mp4")) == 200
    with av.open(str(tmp_path / "slow.mp4"), "w") as output:
        stream = output.add_stream("libx264", rate=10)
        stream.width = stream.height = 64
        stream.pix_fmt = "yuv420p"
        for level in range(20):
            grey = np.full((64, 64, 3), 10 * level, np.uint8)
            output.mux(stream.encode(av.VideoFrame.from_ndarray(grey, format="bgr24")))
        output.mux(stream.encode(None))
    levels = [int(picture.mean()) for picture in read_video(tmp_path / "slow.mp4")]
    assert len(levels) == pytest.approx(50, abs=3)
    assert levels == sorted(levels)
    assert len(set(levels)) == 20


def test_a_long_video_is_refused_by_what_it_says_and_by_what_it_is(tmp_path: Path) -> None:
    grey, finders = np.full((32, 32, 3), 128, np.uint8), Stored(nora())
    write_video(tmp_path / "long.mp4", [grey] * 62 * 25, 1)
    with pytest.raises(TooLong, match="longer than 60 s"):
        create(order(tmp_path / "long.mp4"), tmp_path / "avatars", finders, quiet)
    assert finders.asked == 0
    with pytest.raises(TooLong, match="longer than 60 s"):
        list(read_video(tmp_path / "long.mp4"))


@pytest.mark.parametrize("tags", [{"color_trc": 16}, {"color_trc": 18}, {"color_primaries": 9}])
def test_hdr_is_refused_before_anybody_looks_for_a_face(
    tags: dict[str, int], tmp_path: Path
) -> None:
    with av.open(str(tmp_path / "phone.mp4"), "w") as output:
        stream = output.add_stream("libx264", rate=25)
        stream.width = stream.height = 64
        stream.pix_fmt = "yuv420p"
        for name, value in tags.items():
            setattr(stream.codec_context, name, value)
        frame = av.VideoFrame.from_ndarray(np.full((96, 64), 128, np.uint8), format="yuv420p")
        output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    finders = Stored(nora())
    with pytest.raises(HdrVideo, match="Switch HDR video off"):
        create(order(tmp_path / "phone.mp4"), tmp_path / "avatars", finders, quiet)
    assert finders.asked == 0


def test_a_photo_as_phones_store_it_is_called_one(tmp_path: Path) -> None:
    path = tmp_path / "me.heic"
    path.write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(100))
    with pytest.raises(Unreadable, match=r"me\.heic is a HEIC or AVIF photo\. Save it as JPEG"):
        create(order(path), tmp_path / "avatars", Stored(nora()), quiet)


def test_a_video_becomes_a_loop(tmp_path: Path) -> None:
    package = create(order(NORA / "idle.mp4"), tmp_path, Stored(nora()), quiet)
    assert 75 <= package.card.frames < 200
    frames = list(read_video(package.idle))
    steps = [np.abs(a.astype(int) - b).mean() for a, b in pairwise(frames)]
    seam = np.abs(frames[-1].astype(int) - frames[0]).mean()
    assert seam < 2 * np.median(steps)


@pytest.mark.parametrize("frames", [1, 40])
def test_a_short_video_is_refused(frames: int, tmp_path: Path) -> None:
    write_video(tmp_path / "short.mp4", [read_photo(POSTER)] * frames, 1)
    with pytest.raises(NoQuietStretch):
        create(order(tmp_path / "short.mp4"), tmp_path / "avatars", Stored(nora()), quiet)


def test_a_photo_moves_without_a_seam_and_blinks_twice() -> None:
    picture, mesh = read_photo(POSTER), nora()
    frames = animate(picture, mesh, lambda part: None)
    steps = [
        np.abs(frames[n - 1].astype(int) - frames[n]).mean() for n in range(len(frames))
    ]  # the first is the seam
    assert 0 < steps[0] < 2 * np.median(steps)
    upper, lower = m.eyes(mesh)[0]
    x, y = ((upper[4] + lower[4]) / 2).astype(int)
    eye = [frame[y - 9 : y + 10, x - 12 : x + 13].astype(int) for frame in frames]
    moves = np.array([np.abs(b - a).mean() for a, b in pairwise(eye)])
    quick = np.flatnonzero(moves > 5 * np.median(moves))
    assert np.count_nonzero(np.diff(quick) > 20) == 1  # two groups
    assert len(quick) < 20
    border = np.abs(frames[40].astype(int) - picture)[:, :6]
    assert border.max() < 40


def test_a_package_can_be_marked_later(tmp_path: Path) -> None:
    root = Path(shutil.copytree(NORA, tmp_path / "nora"))
    (root / "marks.json").unlink(missing_ok=True)
    package = AvatarPackage.load(root)
    mark(package, Stored(nora()), quiet)
    assert load_marks(package).shape == (200, 48, 2)


def test_a_finder_that_is_not_installed_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(NoFinder, match="make face-finder"):
        create(order(), tmp_path, MediaPipe(tmp_path / "python"), quiet)


def test_a_finder_that_fails_says_so(tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho it is broken >&2\nexit 3\n")
    python.chmod(0o755)
    with pytest.raises(NoFinder, match="it is broken"):
        create(order(), tmp_path / "avatars", MediaPipe(python), quiet)


def test_the_stored_mesh_is_that_of_the_poster() -> None:
    card = json.loads((NORA / "avatar.json").read_text())
    assert face_box(m.multi_pie(nora())) == pytest.approx(card["face_boxes"][0], abs=6)
