"""The warp moves what its controls name, opens where lips part, and leaves the rest alone."""

import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from face_samples import FRAMES, SIZE, make_avatar, make_export, make_halves, speech

from backend.avatar.lips.mouth import CONTROLS
from backend.avatar.mouths.painter import Shot, open_painter
from backend.avatar.mouths.template import Template, TemplateFrame, load_template
from backend.avatar.mouths.warp import Warper, _look
from backend.avatar.mouths.warp_field import Pose, field
from backend.avatar.mouths.warp_inside import coverage
from backend.avatar.mouths.warp_shape import mouth_shape
from backend.avatar.packages.marks import COUNT, load_marks
from backend.avatar.packages.package import AvatarPackage
from backend.avatar.pictures.colour import BT709, SMPTE170M, Colour
from backend.avatar.renderer import Line, Renderer, RenderOptions
from backend.errors import BrokenAvatar, ModelFileError
from tests.avatar.mouths import CENTRE, WIDTH, give_mouths, mouths, one_mouth


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> AvatarPackage:
    return AvatarPackage.load(give_mouths(make_avatar(tmp_path_factory.mktemp("warped"))))


@pytest.fixture(scope="module")
def template(package: AvatarPackage) -> Template:
    return load_template(package)


@pytest.fixture(scope="module")
def warper(package: AvatarPackage, template: Template) -> Warper:
    return Warper(template, load_marks(package))


def only(**values: float) -> np.ndarray:
    return np.array([values.get(name, 0.0) for name in CONTROLS], np.float32)


def luma(picture: np.ndarray) -> np.ndarray:
    return picture[:SIZE].astype(np.int16)


def opening(controls: np.ndarray, gap: float = 0.0) -> float:
    """Between the inner lips in the middle of the mouth, in mouth widths."""
    moved = field(Pose.of(one_mouth(gap)), mouth_shape(controls))
    middle = len(moved.s) // 2
    return float(moved.lower[middle] - moved.upper[middle])


def test_a_mouth_at_rest_is_the_templates_own(warper: Warper, template: Template) -> None:
    for number in range(FRAMES):
        assert warper.paste(number, only()) is template.frames[number].picture


@pytest.mark.parametrize("name", CONTROLS)
def test_every_control_changes_the_mouth_and_nothing_far_from_it(
    name: str, warper: Warper, template: Template
) -> None:
    rest = luma(template.frames[0].picture)
    drawn = luma(warper.paste(0, only(**{name: 0.8})))
    changed = np.argwhere(np.abs(drawn - rest) > 5)
    assert len(changed) > 10
    distance = np.abs(changed[:, ::-1] - CENTRE)
    assert distance[:, 0].max() <= 1.35 * WIDTH
    assert (changed[:, 0] > CENTRE[1] - 0.4 * WIDTH).all()


def test_small_controls_move_little(warper: Warper, template: Template) -> None:
    rest = luma(template.frames[0].picture)
    sizes = [
        float(np.abs(luma(warper.paste(0, only(jaw=value))) - rest).mean())
        for value in (0.01, 0.1, 0.4, 1.0)
    ]
    assert sizes == sorted(sizes)
    assert sizes[0] < 0.1 * sizes[-1]


def test_the_jaw_opens_and_pressed_lips_stay_shut() -> None:
    assert opening(only()) == pytest.approx(0.0, abs=1e-6)
    assert opening(only(jaw=1.0)) > 2 * opening(only(jaw=0.4)) > 0.3
    assert opening(only(press=1.0)) == pytest.approx(0.0, abs=1e-6)
    for name in ("upper_up", "lower_down", "funnel", "fv"):
        assert opening(only(**{name: 1.0})) > 0.02


def test_lines_never_cross() -> None:
    rng = np.random.default_rng(3)
    pose = Pose.of(one_mouth())
    for controls in rng.random((200, 8)).astype(np.float32):
        moved = field(pose, mouth_shape(controls))
        assert (moved.lower >= moved.upper).all()
        # Whoever looks down a column sees the template from above to below, too.
        assert (np.diff(moved.source_t, axis=0) >= -1e-5).all()
        assert np.isfinite(moved.source_s).all()


def test_corners_go_in_for_pucker_and_out_for_wide() -> None:
    pose = Pose.of(one_mouth())
    widths = [
        field(pose, mouth_shape(only(**c))).corner_s for c in ({"pucker": 1}, {}, {"wide": 1})
    ]
    assert widths[0] < 0.5 < widths[2]
    assert widths[1] == 0.5


def test_the_inside_shows_only_in_the_gap(warper: Warper) -> None:
    moved = field(Pose.of(one_mouth()), mouth_shape(only(jaw=0.8)))
    share = coverage(moved)
    rows, columns = np.nonzero(share > 0)
    pixel = float(moved.t[1] - moved.t[0])
    assert (moved.t[rows] > moved.upper[columns] - pixel).all()
    assert (moved.t[rows] < moved.lower[columns] + pixel).all()
    assert np.abs(moved.s[columns]).max() < 0.55
    picture = luma(warper.paste(0, only(jaw=0.8)))
    x, y = (CENTRE + np.array([0, 0.28 * WIDTH])).astype(int)
    assert picture[y - 2 : y + 3, x - 2 : x + 3].mean() < 60  # dark where the mouth is open


def test_a_mouth_that_is_open_at_rest_is_not_painted_over() -> None:
    moved = field(Pose.of(one_mouth(gap=0.1)), mouth_shape(only(wide=0.5)))
    assert coverage(moved).max() < 0.01


def test_a_leaning_mouth_is_moved_along_its_own_axis() -> None:
    pose = Pose.of(one_mouth())
    middle = np.array([0.0, 0.0, 1.0], np.float32)
    assert pose.to_frame @ middle == pytest.approx(CENTRE, abs=0.1)
    assert pose.width_px == pytest.approx(WIDTH, rel=1e-3)


@pytest.mark.parametrize("matrix", [BT709, SMPTE170M])
def test_lips_have_the_colour_that_the_video_means(matrix: int) -> None:
    lips = np.array([0.25, 0.2, 0.75], np.float32)
    colour = Colour(matrix)
    y, u, v = np.rint(colour.to_yuv(lips))
    levels = np.repeat([y, u, v], [SIZE * SIZE, SIZE * SIZE // 4, SIZE * SIZE // 4])
    picture = levels.astype(np.uint8).reshape(-1, SIZE)
    frame = TemplateFrame(picture, (36, 42, 154, 180))
    template = Template((frame,), np.ones((96, 96), np.float32), SimpleNamespace(colour=colour))
    found, _ = _look(template, one_mouth())
    np.testing.assert_allclose(found, lips, atol=0.01)


def test_a_mouth_at_the_border_of_the_picture_is_drawn(template: Template) -> None:
    shifted = mouths()
    shifted[..., 1] += SIZE - 1 - shifted[..., 1].max()
    drawn = Warper(template, shifted).paste(0, only(jaw=1.0))
    assert drawn.shape == template.frames[0].picture.shape


def test_the_renderer_warps_when_the_card_or_the_setting_says_so(
    package: AvatarPackage, halves: Path
) -> None:
    painted = {}
    for drawn_by in (None, "warp"):
        renderer = Renderer(package.root, halves, RenderOptions(drawn_by=drawn_by))
        progress = renderer.push(Line(1, 0, 0), speech(0.5), True, None)
        while progress.more:
            progress = renderer.advance(None)
        assert progress.chunk is not None
        painted[renderer.about().net] = progress.chunk.frames
    assert list(painted) == ["ours", "warp (ours)"]
    assert len(set(painted.values())) == 1


def test_presence_fades_the_mouth_in(package: AvatarPackage, halves: Path) -> None:
    painter = open_painter(package, halves, 1, "warp")
    shot = Shot(0, load_template(package).frames[0].picture)
    rest = luma(shot.picture)
    drive = np.tile(only(jaw=0.8), (3, 1))
    levels = np.array([0.0, 0.4, 1.0], np.float32)
    changes = [np.abs(luma(p) - rest).mean() for p in painter.paint([shot] * 3, drive, levels)]
    assert changes[0] == 0 < changes[1] < changes[2]


def test_a_net_without_halves_cannot_lead_a_warp(package: AvatarPackage, tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match=r"Neither .*hearing\.onnx nor"):
        open_painter(package, make_export(tmp_path / "wav2lip.onnx"), 1, "warp")


def test_a_warped_face_talks_through_an_export_too(avatar: Path, tmp_path: Path) -> None:
    root = give_mouths(Path(shutil.copytree(avatar, tmp_path / avatar.name)))
    card = json.loads((root / "avatar.json").read_text())
    (root / "avatar.json").write_text(json.dumps({**card, "engine": "warp"}))
    export, halves = make_export(tmp_path / "wav2lip.onnx"), make_halves(tmp_path / "ours.onnx")
    for net, name in ((export, "wav2lip"), (halves, "warp (ours)")):
        assert open_painter(AvatarPackage.load(root), net, 1, None).name == name


def test_the_warp_needs_marks(tmp_path: Path) -> None:
    avatar = make_avatar(tmp_path)
    net = make_halves(tmp_path / "ours.onnx")
    with pytest.raises(BrokenAvatar, match=r"marks\.json is missing"):
        Renderer(avatar, net, RenderOptions(drawn_by="warp"))


def spoil(frames: list[list[list[float]]]) -> dict[str, tuple[str, str]]:
    def text(rows: object) -> str:
        return json.dumps({"format": 1, "frames": rows})

    flipped = [[[SIZE - x, y] for x, y in frame] for frame in frames]
    outside = [[[x + 5 * SIZE, y] for x, y in frame] for frame in frames]
    return {
        "no JSON": ("{", "cannot be read"),
        "another format": (text(frames).replace('"format": 1', '"format": 7'), "cannot be read"),
        "not a number": (text(frames).replace("[[[", '[[["x",', 1), "cannot be read"),
        "infinite": (text(frames).replace(str(frames[0][0][0]), "1e999", 1), "cannot be read|out"),
        "too few frames": (text(frames[1:]), f"{FRAMES} frames of {COUNT} points"),
        "too few points": (text([f[1:] for f in frames]), f"{FRAMES} frames of {COUNT} points"),
        "outside": (text(outside), "outside the picture"),
        "flipped": (text(flipped), "turned over"),
    }


@pytest.mark.parametrize("kind", spoil([[[1.0, 1.0]]]))
def test_spoilt_marks_are_explained(kind: str, tmp_path: Path) -> None:
    text, words = spoil(mouths().astype(float).tolist())[kind]
    root = make_avatar(tmp_path)
    (root / "marks.json").write_text(text)
    with pytest.raises(BrokenAvatar, match=words):
        load_marks(AvatarPackage.load(root))


def test_marks_survive_their_file(package: AvatarPackage) -> None:
    assert load_marks(package) == pytest.approx(mouths(), abs=0.051)
    assert cv2.boundingRect(load_marks(package)[0])[2] > WIDTH
