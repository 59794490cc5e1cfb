"""A movie fragment of ISO/IEC 14496-12 as bytes: `moof` and `mdat`, with tables for two tracks.

The init segment before it comes from FFmpeg; this is the part that FFmpeg cannot write without
waiting for the next packet. Codecs and time lines do not belong here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from struct import pack

DEFAULT_BASE_IS_MOOF = 0x020000
DURATION_GIVEN = 0x000008
DATA_OFFSET, SIZES, FLAGS = 0x000001, 0x000200, 0x000400
KEY_SAMPLE, OTHER_SAMPLE = 0x02000000, 0x01010000
"""Depends on no other sample; depends on others and is no place to start."""

BOX_HEADER_BYTES = 8


@dataclass(frozen=True, slots=True)
class Sample:
    """One packet of a track."""

    data: bytes
    is_key: bool


@dataclass(frozen=True, slots=True)
class Run:
    """Samples of one track in a row. Times are in the track's own units."""

    track_id: int
    starts: int
    sample_duration: int
    samples: Sequence[Sample]


def fragment(number: int, runs: Sequence[Run]) -> bytes:
    """The fragment with this sequence number (from 1); a track without samples is left out."""
    runs = [run for run in runs if run.samples]
    sizes = [sum(len(sample.data) for sample in run.samples) for run in runs]
    # Offsets count from the start of `moof`, whose size does not depend on their values.
    first = len(_moof(number, runs, [0] * len(runs))) + BOX_HEADER_BYTES
    offsets = [first + sum(sizes[:before]) for before in range(len(runs))]
    media = b"".join(sample.data for run in runs for sample in run.samples)
    return _moof(number, runs, offsets) + _box(b"mdat", media)


def _moof(number: int, runs: Sequence[Run], offsets: Sequence[int]) -> bytes:
    tracks = (_traf(run, offset) for run, offset in zip(runs, offsets, strict=True))
    return _box(b"moof", _full_box(b"mfhd", 0, 0, pack(">I", number)), *tracks)


def _traf(run: Run, data_offset: int) -> bytes:
    head = pack(">II", run.track_id, run.sample_duration)
    table = b"".join(
        pack(">II", len(sample.data), KEY_SAMPLE if sample.is_key else OTHER_SAMPLE)
        for sample in run.samples
    )
    return _box(
        b"traf",
        _full_box(b"tfhd", 0, DEFAULT_BASE_IS_MOOF | DURATION_GIVEN, head),
        _full_box(b"tfdt", 1, 0, pack(">Q", run.starts)),
        _full_box(
            b"trun",
            0,
            DATA_OFFSET | SIZES | FLAGS,
            pack(">Ii", len(run.samples), data_offset) + table,
        ),
    )


def _full_box(kind: bytes, version: int, flags: int, payload: bytes) -> bytes:
    return _box(kind, pack(">I", version << 24 | flags), payload)


def _box(kind: bytes, *payload: bytes) -> bytes:
    body = b"".join(payload)
    return pack(">I", BOX_HEADER_BYTES + len(body)) + kind + body
