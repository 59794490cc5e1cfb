"""The idle loop as the service holds it."""

import struct
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from face_samples import BOX, FRAMES, make_avatar, picture, write_video

from backend.avatar.mouths.template import Template, load_template
from backend.avatar.packages.package import AvatarPackage
from backend.avatar.pictures.colour import BT709, SMPTE170M
from backend.errors import BrokenAvatar


@pytest.fixture
def package(tmp_path: Path) -> AvatarPackage:
    """One to break."""
    return AvatarPackage.load(make_avatar(tmp_path))


@pytest.fixture
def template(avatar: Path) -> Template:
    return load_template(AvatarPackage.load(avatar))


def test_pictures_are_those_of_the_video(avatar: Path, template: Template) -> None:
    with av.open(str(avatar / "idle.mp4")) as video:
        for decoded, frame in zip(video.decode(video=0), template.frames, strict=True):
            np.testing.assert_array_equal(decoded.to_ndarray(format="yuv420p"), frame.picture)


def test_boxes_lie_on_the_grid_of_the_chroma_planes(template: Template) -> None:
    for frame in template.frames:
        assert all(edge % 2 == 0 for edge in frame.box)
        assert np.abs(np.subtract(frame.box, BOX)).max() <= 1


def test_faces_show_the_crop_in_bgr(template: Template) -> None:
    x0, y0, x1, y1 = template.frames[4].box
    crop = cv2.resize(picture(4)[y0:y1, x0:x1], (96, 96), interpolation=cv2.INTER_AREA) / 255
    face = template.faces([4])[0, 3:].transpose(1, 2, 0)
    assert np.abs(face - crop).mean() < 0.03
    assert np.abs(face.mean((0, 1)) - crop.mean((0, 1))).max() < 0.01


@pytest.mark.parametrize("matrix", [BT709, SMPTE170M])
def test_the_stream_says_which_colours_it_means(tmp_path: Path, matrix: int) -> None:
    made = load_template(AvatarPackage.load(make_avatar(tmp_path, matrix=matrix, frames=2)))
    assert made.colour.matrix == matrix
    x0, y0, x1, y1 = made.frames[0].box
    face = made.faces([0])[0, 3:].mean((1, 2))
    assert np.abs(face - picture(0)[y0:y1, x0:x1].mean((0, 1)) / 255).max() < 0.01


def test_it_is_decoded_once_and_again_when_it_changes(package: AvatarPackage) -> None:
    first = load_template(package)
    assert load_template(package) is first
    cv2.imwrite(str(package.mask), np.full((96, 96), 7, np.uint8))
    assert load_template(package).mask.max() == pytest.approx(7 / 255)


def test_a_mask_of_another_size_is_refused(package: AvatarPackage) -> None:
    cv2.imwrite(str(package.mask), np.zeros((64, 64), np.uint8))
    with pytest.raises(BrokenAvatar, match="64x64"):
        load_template(package)
    package.mask.write_bytes(b"no picture")
    with pytest.raises(BrokenAvatar, match=r"mask\.png is no picture"):
        load_template(package)


def test_a_video_that_does_not_fit_the_card_is_refused(package: AvatarPackage) -> None:
    write_video(package.idle, [picture(0)] * 3, BT709)
    with pytest.raises(BrokenAvatar, match=f"3 frames; the card says {FRAMES}"):
        load_template(package)
    write_video(package.idle, [picture(n)[:128, :128] for n in range(FRAMES)], BT709)
    with pytest.raises(BrokenAvatar, match="128x128"):
        load_template(package)
    write_video(package.idle, [picture(n) for n in range(FRAMES)], matrix=9)
    with pytest.raises(BrokenAvatar, match="matrix coefficients 9"):
        load_template(package)


def test_a_file_that_is_no_video_is_refused(package: AvatarPackage) -> None:
    package.idle.write_bytes(b"this is not a video")
    with pytest.raises(BrokenAvatar, match="cannot be decoded"):
        load_template(package)


def test_a_mask_that_would_unfold_into_a_huge_picture_is_not_decoded(
    package: AvatarPackage,
) -> None:
    header = package.mask.read_bytes()
    huge = struct.pack(">II", 60_000, 60_000)
    package.mask.write_bytes(header[:16] + huge + header[24:])
    with pytest.raises(BrokenAvatar, match=r"60000x60000 pixels; it must be .* 96x96"):
        load_template(package)


def test_a_longer_video_than_the_card_says_is_not_decoded_to_its_end(
    package: AvatarPackage,
) -> None:
    write_video(package.idle, [picture(0)] * (FRAMES + 5), 1)
    with pytest.raises(BrokenAvatar, match=f"more frames; the card says {FRAMES}"):
        load_template(package)


def test_a_playlist_in_place_of_the_video_leads_nowhere(
    package: AvatarPackage, tmp_path: Path
) -> None:
    outside = tmp_path / "outside.mp4"
    outside.write_bytes(package.idle.read_bytes())
    package.idle.write_text(
        f"#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\n{outside}\n#EXT-X-ENDLIST\n"
    )
    with pytest.raises(BrokenAvatar, match="cannot be decoded"):
        load_template(package)


def test_a_video_of_another_size_is_refused(package: AvatarPackage, tmp_path: Path) -> None:
    write_video(tmp_path / "small.mp4", [cv2.resize(picture(0), (96, 96))] * FRAMES, 1)
    package.idle.write_bytes((tmp_path / "small.mp4").read_bytes())
    with pytest.raises(BrokenAvatar, match="96x96; the card says"):
        load_template(package)
