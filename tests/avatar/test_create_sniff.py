"""What kind of file it is, by its first bytes."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from backend.avatar.create.refusals import Unreadable
from backend.avatar.create.sniff import HEAD_BYTES, kind_of
from tests.avatar.faces import NORA


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp"])
def test_photos(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"photo{suffix}"
    cv2.imwrite(str(path), np.zeros((8, 8, 3), np.uint8))
    kind = kind_of(path.read_bytes()[:HEAD_BYTES])
    assert (kind.made_of, kind.suffix) == ("photo", suffix)


@pytest.mark.parametrize(
    ("head", "suffix"),
    [
        ((NORA / "idle.mp4").read_bytes()[:HEAD_BYTES], ".mp4"),
        (b"\0\0\0\x14ftypqt  ", ".mp4"),
        (b"\0\0\0\x08wide\0\0\0\0", ".mov"),
        (b"\x1a\x45\xdf\xa3\x9fB\x86\x81", ".webm"),
    ],
)
def test_videos(head: bytes, suffix: str) -> None:
    kind = kind_of(head)
    assert (kind.made_of, kind.suffix) == ("video", suffix)


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"\xff\xd8",
        b"PK\x03\x04 a zip",
        b"<svg xmlns=",
        b"GIF89a",
        b"#EXTM3U\n#EXTINF",
        b"\0\0\0\x18ftypheic\0\0\0\0",
        b"\0\0\0\x18ftypavif\0\0\0\0",
        b"RIFF\0\0\0\0WAVEfmt ",
    ],
)
def test_everything_else_is_refused_and_told_what_can_be_read(head: bytes) -> None:
    with pytest.raises(Unreadable, match="JPEG, PNG, WebP, MP4"):
        kind_of(head)
