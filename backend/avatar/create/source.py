"""What the user hands in: a photo, or a video as 25 upright pictures a second."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import av
import cv2
import numpy as np

from backend.avatar.create.finder import Image
from backend.avatar.create.refusals import HdrVideo, TooLarge, TooLong, Unreadable
from backend.avatar.create.sniff import HEAD_BYTES, is_foreign_still
from backend.avatar.pictures.codecs import FPS

MOST_S = 60
_SOUND_LONGER_S = 1.0
"""So much longer than its pictures a file may say to be."""
_MOST_BYTES = 1_000_000_000
_MOST_PIXELS = 36_000_000
"""Of a picture of a video: 8K has 33 million."""
# Numbers as in ITU-T H.273: transfer by PQ or HLG, primaries of BT.2020.
_HDR_TRANSFERS, _WIDE_PRIMARIES = (16, 18), 9
# Files that hold pictures themselves: neither playlists, which lead elsewhere, nor text.
_CONTAINERS = "mov,mp4,matroska,webm,avi,mpegts,mpeg,flv,asf"


def is_photo(path: Path) -> bool:
    """Raises Unreadable: there is no such file, or it is a photo of a kind that is not read."""
    if not path.is_file():
        raise Unreadable(f"There is no file {path}.")
    if path.stat().st_size > _MOST_BYTES:
        raise TooLarge(f"{path.name} is larger than a gigabyte. Hand in a shorter or smaller one.")
    if cv2.haveImageReader(str(path)):
        return True
    with path.open("rb") as file:
        if is_foreign_still(file.read(HEAD_BYTES)):  # FFmpeg would take it for a video
            raise Unreadable(f"{path.name} is a HEIC or AVIF photo. Save it as JPEG.")
    return False


def read_photo(path: Path) -> Image:
    """Upright, as its EXIF orientation says."""
    try:
        picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
    except cv2.error as error:  # more pixels than OpenCV takes
        raise TooLarge(f"{path.name} has too many pixels. Save it smaller.") from error
    if picture is None:
        raise Unreadable(f"{path.name} cannot be decoded. Save it anew as JPEG or PNG.")
    return np.asarray(picture, np.uint8)


def read_video(path: Path) -> Iterator[Image]:
    """Its pictures at 25 a second, whatever its own rate is.

    Raises:
        Unreadable: it has no picture track that can be decoded. HdrVideo, TooLong, TooLarge: as
            they say.
    """
    try:
        with av.open(str(path), options={"format_whitelist": _CONTAINERS}) as video:
            if not video.streams.video:
                raise Unreadable(f"{path.name} has no picture.")
            _require_plain_colour(video, path)
            yield from _even(video, path)
    except (av.FFmpegError, ValueError) as error:
        raise Unreadable(
            f"{path.name} is no photo or video that can be decoded. JPEG, PNG, WebP and MP4 can."
        ) from error


def _require_plain_colour(video: av.container.InputContainer, path: Path) -> None:
    """Taken for what it is not, HDR would make a pale and grey face."""
    codec = video.streams.video[0].codec_context
    if codec.color_trc in _HDR_TRANSFERS or codec.color_primaries == _WIDE_PRIMARIES:
        raise HdrVideo(
            f"{path.name} is an HDR video. Switch HDR video off in the camera's settings and film "
            "again, or export it without HDR."
        )


def _even(video: av.container.InputContainer, path: Path) -> Iterator[Image]:
    begin_s, given = None, 0
    for frame in video.decode(video=0):
        if frame.width * frame.height > _MOST_PIXELS:
            raise TooLarge(f"{path.name} has too many pixels. Export it in 1080p.")
        here_s = frame.time or 0.0
        begin_s = here_s if begin_s is None else begin_s
        if here_s - begin_s > MOST_S:  # whatever the file says about it
            raise _too_long(path)
        wanted = int((here_s - begin_s) * FPS + 0.5) + 1
        if wanted > given:
            picture = _upright(frame)
            # A slower video shows a picture for longer.
            yield from (picture for _ in range(wanted - given))
            given = wanted


def _upright(frame: av.VideoFrame) -> Image:
    """Phones lay their videos down and note how to stand them up."""
    quarters = round(frame.rotation / 90)
    return np.ascontiguousarray(np.rot90(frame.to_ndarray(format="bgr24"), quarters))


def length_s(path: Path) -> float:
    """What a video says about its length; `MOST_S` where it says nothing.

    Raises:
        Unreadable: it cannot be opened. TooLong: by what it says.
    """
    try:
        with av.open(str(path), options={"format_whitelist": _CONTAINERS}) as video:
            said_s = (video.duration or 0) / av.time_base
    except (av.FFmpegError, ValueError) as error:
        raise Unreadable(f"{path.name} is no video that can be decoded.") from error
    if said_s > MOST_S + _SOUND_LONGER_S:
        raise _too_long(path)
    return min(said_s, MOST_S) if said_s > 0 else MOST_S


def _too_long(path: Path) -> TooLong:
    return TooLong(f"{path.name} is longer than {MOST_S} s. Cut out the calmest part of it.")
