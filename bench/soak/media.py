"""What a media frame says of itself, to be held against the message that announced it.

Reads the boxes of ISO/IEC 14496-12 that tell which samples a file or a piece of a stream holds.
Nothing is decoded.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from struct import unpack_from

HEADER_BYTES = 8
FULL_BOX_BYTES = 4
"""Version and flags, at the front of most boxes."""

CONTAINERS = frozenset((b"moov", b"trak", b"mdia", b"minf", b"stbl", b"moof", b"traf"))


@dataclass(frozen=True, slots=True)
class Box:
    kind: bytes
    payload: bytes


class BrokenBoxes(Exception):
    """The sizes of the boxes do not fill the frame."""


def boxes(data: bytes) -> Iterator[Box]:
    """Every box, in order; a container is followed by what it holds."""
    at = 0
    while at < len(data):
        if len(data) - at < HEADER_BYTES:
            raise BrokenBoxes(f"{len(data) - at} bytes are left over")
        size, kind = unpack_from(">I4s", data, at)
        if not HEADER_BYTES <= size <= len(data) - at:
            raise BrokenBoxes(f"a box of {size} bytes where {len(data) - at} are left")
        payload = data[at + HEADER_BYTES : at + size]
        yield Box(kind, payload)
        if kind in CONTAINERS:
            yield from boxes(payload)
        at += size


@dataclass(frozen=True, slots=True)
class Contents:
    """`frames`: pictures. `piece`: the number of a fragment within its stream; None in a file."""

    begins_stream: bool
    frames: int
    piece: int | None


def contents(data: bytes) -> Contents:
    """Of a complete MP4 file, or of one piece of a fragmented one whose first track is the picture.

    Raises:
        BrokenBoxes: it is neither.
    """
    found = list(boxes(data))
    runs = [box.payload for box in found if box.kind == b"trun"]
    numbers = [box.payload for box in found if box.kind == b"mfhd"]
    tables = [box.payload for box in found if box.kind == b"stsz"]
    begins = bool(found) and found[0].kind == b"ftyp"
    if numbers and runs:
        (piece,) = unpack_from(">I", numbers[0], FULL_BOX_BYTES)
        pictures = _pictures(found)
        return Contents(begins, pictures, piece)
    if begins and tables:
        (_, frames) = unpack_from(">II", tables[0], FULL_BOX_BYTES)
        return Contents(begins, frames, None)
    raise BrokenBoxes("neither a file nor a piece of a stream")


def _pictures(found: list[Box]) -> int:
    """Samples of the track with the lowest number, over all fragments of the piece."""
    counts: dict[int, int] = {}
    track = 0
    for box in found:
        if box.kind == b"tfhd":
            (track,) = unpack_from(">I", box.payload, FULL_BOX_BYTES)
        elif box.kind == b"trun":
            (samples,) = unpack_from(">I", box.payload, FULL_BOX_BYTES)
            counts[track] = counts.get(track, 0) + samples
    return counts[min(counts)]
