"""An avatar's own mouth: the net's file, its pictures, and how they are laid into a frame."""

from pathlib import Path

import numpy as np
import pytest
from face_samples import make_avatar, make_export, make_halves
from full_avatar import PLACES, make_full_avatar
from mouth_sample import DARKER, LIFT_PX, make_mouth, texture

from backend.avatar.lips.listener import load_controls_listener
from backend.avatar.mouths.generator import Generator, load_generator, nearest_smile, unpacked
from backend.avatar.mouths.painter import MouthPainter, Shot, open_painter
from backend.avatar.mouths.template import load_template
from backend.avatar.packages.package import AvatarPackage
from backend.avatar.pictures.codecs import I420
from backend.avatar.pictures.colour import BT709, SMPTE170M, Colour
from backend.avatar.pictures.planes import split_planes
from backend.errors import BrokenAvatar

VIDEO = Colour(SMPTE170M)
TURNED = (150.0, 6.0, 41.5, -6.0, 148.0, 52.25)
CLOSED, OPEN = np.zeros(8, np.float32), np.eye(8, dtype=np.float32)[0]


@pytest.fixture(scope="module")
def generator(tmp_path_factory: pytest.TempPathFactory) -> Generator:
    return load_generator(make_mouth(tmp_path_factory.mktemp("mouth") / "mouth.onnx"), VIDEO)


@pytest.fixture(scope="module")
def painter(generator: Generator, tmp_path_factory: pytest.TempPathFactory) -> MouthPainter:
    halves = make_halves(tmp_path_factory.mktemp("halves") / "ours.onnx")
    return MouthPainter(load_controls_listener(halves), generator, [TURNED])


def grained(size: int = 256) -> I420:
    """A frame with pores of its own."""
    rng = np.random.default_rng(9)
    luma = rng.integers(120, 160, (size, size))
    chroma = rng.integers(112, 150, (size // 2, size))
    return np.concatenate([luma, chroma]).astype(np.uint8)


def paint(painter: MouthPainter, *rows: np.ndarray, smile: float = 0.0) -> list[np.ndarray]:
    """The change of each picture."""
    frame = grained()
    shots = [Shot(0, frame, smile)] * len(rows)
    pictures = painter.paint(shots, np.stack(rows), np.ones(len(rows), np.float32))
    return [picture.astype(int) - frame for picture in pictures]


def test_pixels_of_luma_lie_in_rows_of_two() -> None:
    four = np.arange(4, dtype=np.float32)[:, None, None] * np.ones((4, 80, 80), np.float32)
    np.testing.assert_array_equal(unpacked(four)[:2, :4], [[0, 1, 0, 1], [2, 3, 2, 3]])


def test_what_is_remembered_is_bent_and_painted_over(generator: Generator) -> None:
    still, smiling, opened = generator.draw(
        np.stack([CLOSED, CLOSED, OPEN]), np.array([0.0, 1.0, 0.0], np.float32)
    )
    np.testing.assert_allclose(still[0], unpacked(texture()[:4]), atol=1e-3)
    np.testing.assert_allclose(still[2], texture()[5], atol=1e-3)
    lifted = unpacked(texture()[:4])[int(LIFT_PX) :]
    np.testing.assert_allclose(smiling[0][: -int(LIFT_PX)], lifted, atol=0.2)
    assert (still[0] - opened[0]).max() == pytest.approx(DARKER, abs=0.01)
    assert (still[0] != opened[0]).mean() == pytest.approx(12 * 24 / 80**2, abs=0.01)


@pytest.mark.parametrize("smile", [0.0, 0.6])
def test_a_mouth_at_rest_is_the_frame_itself(painter: MouthPainter, smile: float) -> None:
    frame = grained()
    [picture] = painter.paint([Shot(0, frame, smile)], CLOSED[None], np.ones(1, np.float32))
    assert picture is frame
    [nearly] = paint(painter, 0.002 * OPEN, smile=smile)
    assert not nearly.any()


def test_only_the_mouth_changes_and_pores_stay_elsewhere(painter: MouthPainter) -> None:
    [change] = paint(painter, OPEN)
    luma, blue, red = split_planes(change)
    rows, columns = np.flatnonzero(luma.any(1)), np.flatnonzero(luma.any(0))
    a, b, c, d, e, f = TURNED
    middle = np.array([a / 2 + b * 46 / 80 + c, d / 2 + e * 46 / 80 + f])
    assert abs(np.mean([columns[0], columns[-1]]) - middle[0]) < 2
    assert abs(np.mean([rows[0], rows[-1]]) - middle[1]) < 2
    assert len(columns) < 0.42 * a
    assert len(rows) < 0.30 * e
    y, x = np.rint(middle[::-1]).astype(int)
    inside = grained()[y - 5 : y + 5, x - 12 : x + 12] + luma[y - 5 : y + 5, x - 12 : x + 12]
    assert inside.std() < 0.6 * grained()[:256].std()
    assert abs(inside.mean() - (140 - DARKER)) < 3
    assert not blue[: y // 2 - 20].any()
    assert not red[: y // 2 - 20].any()


def test_there_is_no_seam(tmp_path: Path, painter: MouthPainter) -> None:
    """A mouth whose every pixel is brighter still ends softly at the borders of its box."""
    lit = np.zeros((1, 10, 80, 80), np.float32)
    lit[:, :4] = 60.0
    skin = np.full((2, 6, 80, 80), 128.0, np.float32)
    skin[0, 0, 0, 0] = 127.0
    path = make_mouth(tmp_path / "mouth.onnx", paint=lit, remembered=skin)
    bright = load_generator(path, VIDEO)
    flat = np.full((384, 256), 128, np.uint8)
    all_over = MouthPainter(painter.listener, bright, [TURNED])
    [picture] = all_over.paint([Shot(0, flat)], OPEN[None], np.ones(1, np.float32))
    luma = split_planes(picture.astype(int) - flat)[0]
    assert luma.max() > 40
    steps = [np.abs(np.diff(luma, axis=axis)).max() for axis in (0, 1)]
    assert max(steps) <= 8
    outline = np.concatenate([luma[:46].ravel(), luma[:, :41].ravel()])
    assert np.abs(outline).max() <= 3


def test_presence_opens_the_mouth_as_far(painter: MouthPainter) -> None:
    shots = [Shot(0, grained())] * 4
    levels = np.array([0.0, 0.3, 0.6, 1.0], np.float32)
    pictures = painter.paint(shots, np.tile(OPEN, (4, 1)), levels)
    sums = [np.abs(picture.astype(int) - grained()).sum() for picture in pictures]
    assert pictures[0] is shots[0].picture
    assert sums == sorted(sums)
    assert sums[1] > 0


def test_a_shot_may_say_where_its_mouth_is(painter: MouthPainter) -> None:
    frame = grained()
    lower = (*TURNED[:5], TURNED[5] + 20)
    shots = [Shot(0, frame), Shot(0, frame, place=lower)]
    pictures = painter.paint(shots, np.stack([OPEN, OPEN]), np.ones(2, np.float32))
    tops = [np.flatnonzero((picture != frame)[:256].any(1))[0] for picture in pictures]
    assert tops[1] - tops[0] == 20


def test_half_outside_is_cut_off(painter: MouthPainter) -> None:
    frame = grained()
    [picture] = painter.paint(
        [Shot(0, frame, place=(*TURNED[:2], 150.0, *TURNED[3:]))],
        OPEN[None],
        np.ones(1, np.float32),
    )
    assert (picture != frame).any()


def test_resting_mouths_are_remembered_but_not_for_ever(generator: Generator) -> None:
    before = generator.resting(0.5)
    for number in range(8):
        generator.resting(number / 32)
    assert generator.resting(0.5) is before
    for number in range(32):
        generator.resting(-number / 32)
    after = generator.resting(0.5)
    assert after is not before
    assert all(np.array_equal(*planes) for planes in zip(before, after, strict=True))


def test_smiles_go_in_steps() -> None:
    assert nearest_smile(0.601) == nearest_smile(0.6)
    assert (nearest_smile(2.0), nearest_smile(-2.0)) == (1.0, -1.0)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"paint": np.zeros((1, 9, 80, 80), np.float32)}, "cannot be used|fails"),
        ({"remembered": np.zeros((2, 6, 40, 40), np.float32)}, "textures"),
        ({"remembered": np.full((2, 6, 80, 80), 9e5, np.float32)}, "16 to 235"),
    ],
)
def test_other_nets_are_refused(tmp_path: Path, wrong: dict[str, np.ndarray], says: str) -> None:
    if "paint" in wrong:
        wrong["cover"] = np.zeros((1, 9, 80, 80), np.float32)
    with pytest.raises(BrokenAvatar, match=says):
        load_generator(make_mouth(tmp_path / "mouth.onnx", **wrong), VIDEO)


def test_other_colours_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BrokenAvatar, match="matrix 1"):
        load_generator(make_mouth(tmp_path / "mouth.onnx"), Colour(BT709))


def test_the_card_chooses_the_painter(tmp_path: Path) -> None:
    root = make_full_avatar(tmp_path, engine="mouth", has_matte=False, matrix=SMPTE170M)
    make_mouth(root / "mouth.onnx")
    package, halves = AvatarPackage.load(root), make_halves(tmp_path / "ours.onnx")
    painter = open_painter(package, halves, 1, None)
    assert (type(painter), painter.name) == (MouthPainter, "mouth (ours)")
    frame = load_template(package).frames[0].picture
    [picture] = painter.paint([Shot(0, frame)], OPEN[None], np.ones(1, np.float32))
    rows = np.flatnonzero((picture != frame)[:192].any(1))
    assert PLACES["idle"][5] <= rows[0] <= rows[-1] < PLACES["idle"][5] + 50
    assert open_painter(package, halves, 1, "net").name == "ours"
    export = make_export(tmp_path / "wav2lip.onnx")
    assert open_painter(package, export, 1, None).name == "wav2lip"


def test_a_face_without_a_mouth_of_its_own_says_so(tmp_path: Path) -> None:
    package = AvatarPackage.load(make_avatar(tmp_path))
    with pytest.raises(BrokenAvatar, match="no mouth of its own"):
        open_painter(package, make_halves(tmp_path / "ours.onnx"), 1, "mouth")
