"""What kind of file somebody has sent, judged by its first bytes and by nothing else."""

from __future__ import annotations

from dataclasses import dataclass

from backend.avatar.create.refusals import Unreadable
from backend.avatar.packages.card import MadeOf

HEAD_BYTES = 16
"""So many are enough."""

_STILL_BRANDS = (b"heic", b"heix", b"mif1", b"msf1", b"avif", b"avis")
"""Of ISO media files that hold photos, which OpenCV does not read."""


@dataclass(frozen=True, slots=True)
class Kind:
    made_of: MadeOf
    suffix: str


def kind_of(head: bytes) -> Kind:
    """head: the first `HEAD_BYTES` bytes, or the whole of a shorter file.

    Raises:
        Unreadable: it is neither a photo nor a video that can be read; says what can.
    """
    if head.startswith(b"\xff\xd8\xff"):
        return Kind("photo", ".jpg")
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return Kind("photo", ".png")
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return Kind("photo", ".webp")
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return Kind("video", ".webm")
    if head[4:8] == b"ftyp" and not is_foreign_still(head):
        return Kind("video", ".mp4")
    if head[4:8] in (b"moov", b"wide"):  # QuickTime from before there were brands
        return Kind("video", ".mov")
    raise Unreadable(
        "This is no photo or video that can be read. JPEG, PNG, WebP, MP4, MOV and WebM can; save "
        "a HEIC or AVIF photo as JPEG."
    )


def is_foreign_still(head: bytes) -> bool:
    """Whether it is a photo, but as HEIC or AVIF."""
    return head[4:8] == b"ftyp" and head[8:12] in _STILL_BRANDS
