"""A loop with its matte below (see `matte`), as a video that the page plays under its speech."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import av

from backend.avatar.packages.package import AvatarPackage
from backend.avatar.packages.track_cache import TrackCache
from backend.avatar.packages.tracks import Tracks, content_key
from backend.avatar.pictures.codecs import FPS, I420
from backend.avatar.pictures.colour import LIMITED_RANGE, Colour
from backend.avatar.pictures.matte import stacked, stacked_height
from backend.protocol import Clip

_MADE = "stacked-1"
"""How clips are made; another number for another way."""
# No B-frames, so that a time is a frame, and a key frame every second, so that seeking is quick.
_OPTIONS = {"preset": "veryfast", "crf": "19", "bf": "0", "g": str(FPS)}
_AT_ONCE = {"movflags": "faststart"}
"""The index stands before the pictures."""


def stacked_clip(package: AvatarPackage, clip: Clip, cache: TrackCache) -> Path:
    """Where it lies; made when it is asked for first, which takes seconds.

    Raises:
        BrokenAvatar: a file of the package cannot be decoded. OSError: nothing can be written.
    """
    sources = package.clip(clip), package.matte(clip), package.plate
    name = f"{content_key(*sources)}-{_MADE}.mp4"

    def make(path: Path) -> None:
        tracks = Tracks(package, cache)
        for feeling in package.card.feelings:
            # Speech takes its moods from there, and should not wait for them in mid-sentence.
            tracks.freed_mood(feeling)
        pairs = zip(tracks.freed(clip), tracks.matte(clip), strict=True)
        size = package.card.width, stacked_height(package.card.height)
        _encode(path, (stacked(picture, matte) for picture, matte in pairs), size, tracks.colour)

    return cache.file(name, make)


def _encode(path: Path, pictures: Iterable[I420], size: tuple[int, int], colour: Colour) -> None:
    with av.open(str(path), "w", format="mp4", options=_AT_ONCE) as output:
        stream = output.add_stream("libx264", rate=FPS, options=_OPTIONS)
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        codec = stream.codec_context
        codec.thread_count = 1  # talking goes first
        codec.color_range = LIMITED_RANGE
        codec.colorspace = colour.matrix
        codec.color_primaries = colour.primaries
        codec.color_trc = colour.transfer
        for number, picture in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(picture, format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
