"""One clip's offset between mouth and sound, in steps that are short enough for a busy worker."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from backend.avatar import sync
from backend.avatar.lips.listener import load_controls_listener
from backend.avatar.packages.package import AvatarPackage
from backend.avatar.pictures.codecs import FPS, SAMPLE_RATE
from backend.avatar.sync import Float, Offset, Opening, Video

_HEAR_FRAMES = 16
_CONTEXT_FRAMES = 10
"""On both sides of what is heard at once: what the widest net hears of the past."""


class SyncMeter:
    """Call `decode`, then `hear` until it says that nothing is left, then `offset`.

    Raises:
        ModelFileError: `model` has no hearing half, so there is nothing to compare with.
    """

    def __init__(self, avatar: Path, model: Path) -> None:
        self._card = AvatarPackage.load(avatar).card
        self._listener = load_controls_listener(model)
        self._video: Video | None = None
        self._expected: list[Float] = []

    def decode(self, data: bytes) -> None:
        """Raises ConfigError when it is no video with sound."""
        self._video, self._expected = sync.video_of(data, self._card), []

    def hear(self) -> bool:
        """The next stretch of the sound; whether there is more of it."""
        pcm = self._decoded.pcm
        length = len(pcm) * FPS // SAMPLE_RATE
        begin = sum(map(len, self._expected))
        end = min(begin + _HEAR_FRAMES, length)
        first = max(0, begin - _CONTEXT_FRAMES)
        stretch = pcm[_sample(first) : _sample(end + _CONTEXT_FRAMES)]
        heard = sync.heard(self._listener, stretch).values
        self._expected.append(heard[begin - first : end - first])
        return end < length

    def offset(self) -> Offset:
        expected = np.concatenate(self._expected)
        moments_s = np.arange(len(expected)) / FPS
        return sync.measure(sync.seen(self._decoded), Opening(moments_s, expected))

    @property
    def _decoded(self) -> Video:
        assert self._video is not None
        return self._video


def _sample(frame: int) -> int:
    return frame * SAMPLE_RATE // FPS
