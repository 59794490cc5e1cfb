"""What a voice says about its own sound, as far as it has said it, and how that steers the mouth.

Marks say which mouth it is, and lips that must meet do; the sound has a say in how far it opens and
when. Marks may come before their sound or after it. A frame that no mark reaches yet is drawn by
sound alone, and nobody waits.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from operator import attrgetter

import numpy as np

from backend.avatar.lips.articulation import REACH_S, Float, Phone, mouth_between
from backend.avatar.lips.mel import MEL_FRAMES_PER_S, VIDEO_FPS, Float32
from backend.avatar.lips.mouth import CONTROLS

EASE_S = 0.08
"""How fast the say of the marks fades where they end."""

_SAY = np.array([1.0 if name in ("press", "fv") else 0.65 for name in CONTROLS], np.float32)
"""How much of each control is the marks' where they are known; the rest is the sound's."""


@dataclass(frozen=True, slots=True)
class Uttered:
    """One phoneme of a sentence, by any name that `articulation_shapes` knows; "" is a pause."""

    start_s: float
    end_s: float
    name: str


@dataclass(frozen=True, slots=True)
class Said:
    """What marks ask of n video frames: controls (n, 8) in 0..1, and how far they are known (n,),
    from 0 (not at all) to 1."""

    controls: Float32
    known: Float32

    def steer(self, heard: Float32) -> Float32:
        """Controls by sound and marks together, of controls (n, 8) by sound alone."""
        return heard + self.known[:, None] * _SAY * (self.controls - heard)


class Articulation:
    """The marks of one sentence."""

    def __init__(self) -> None:
        self._uttered: list[Uttered] = []

    def add(self, uttered: Iterable[Uttered]) -> None:
        """Take note of more marks, in any order."""
        self._uttered = sorted([*self._uttered, *uttered], key=attrgetter("start_s"))

    def frames(self, first: int, last: int, heard_until_s: float) -> Said | None:
        """For video frames first..last - 1; None when no mark reaches any of them.

        heard_until_s: marks of later sounds do not count, so that a sentence whose marks come with
        its sound looks the same in whatever pieces it comes.
        """
        moments = np.arange(first, last) / VIDEO_FPS
        begin_s, end_s = first / VIDEO_FPS - REACH_S, min(heard_until_s, last / VIDEO_FPS + REACH_S)
        near = [one for one in self._uttered if one.start_s < end_s and one.end_s > begin_s]
        known = _known(near, moments)
        if not known.any():
            return None
        columns = np.rint(moments * MEL_FRAMES_PER_S).astype(np.intp)
        begin, end = int(columns[0]), int(columns[-1]) + 1
        track = mouth_between(_phones(near), near[-1].end_s + REACH_S, begin, end)
        return Said(track.controls[columns - begin], known)


def _known(uttered: list[Uttered], moments: Float) -> Float32:
    """1 within a mark, down to 0 at `EASE_S` from it."""
    if not uttered:
        return np.zeros(len(moments), np.float32)
    starts = np.array([one.start_s for one in uttered])[:, None]
    ends = np.array([one.end_s for one in uttered])[:, None]
    outside_s = np.maximum(starts - moments, moments - ends).min(axis=0)
    return np.asarray(np.clip(1.0 - outside_s / EASE_S, 0.0, 1.0), np.float32)


def _phones(uttered: list[Uttered]) -> list[Phone]:
    """With the silence around them and between them."""
    phones, until_s = [], uttered[0].start_s - REACH_S
    for one in uttered:
        if one.start_s > until_s:
            phones.append(Phone(until_s, "_"))
        phones.append(Phone(one.start_s, one.name))
        until_s = one.end_s
    return [*phones, Phone(until_s, "_")]
