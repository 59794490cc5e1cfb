"""How a face behaves while it speaks one reply, frame by frame. Pure: sound's loudness comes in.

Moods, the head and the way out of the loop that the page was showing; all of it outlives chunks and
sentences, and comes to rest with the last frame of the reply.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from backend.avatar.figure.easing import Release, smooth
from backend.avatar.figure.head_motion import AT_REST, HeadMotion, HeadPose
from backend.avatar.figure.moods import MoodBlend, Weights
from backend.avatar.packages.card import Feeling
from backend.protocol import Clip

OPENING_FRAMES = 6
"""How long the loop that the page was showing dissolves into speech."""


@dataclass(frozen=True, slots=True)
class Opening:
    """`share` of a frame is still that of another loop."""

    clip: Clip
    share: float


@dataclass(frozen=True, slots=True)
class Beat:
    """One frame, over the idle loop."""

    weights: Weights = field(default_factory=dict)
    pose: HeadPose = AT_REST
    opening: Opening | None = None


class Performance:
    """One reply's. names: the moods that the avatar has pictures of."""

    def __init__(self, names: Sequence[Feeling], *, moves_head: bool) -> None:
        self._names = names
        self._moves_head = moves_head
        self._rest()

    def begin(self, mood: str | None, shown: Clip | None) -> None:
        """The next sentence. shown: the loop that the page shows until then; None when it shows the
        sentence before."""
        if shown is not None:
            self._rest()
            self._opening_clip: Clip = shown
        self._moods.turn_to(mood)

    def step(self, level: float, remaining: int | None) -> Beat:
        """The next frame. level: of its sound, full scale = 1. remaining: frames until the reply
        ends, this one counted; None while more is known to follow, or nothing is known."""
        held = self._release.step(remaining)
        weights = {name: held * weight for name, weight in self._moods.step().items() if held > 0}
        pose = self._head.step(level).scaled(held) if self._moves_head else AT_REST
        beat = Beat(weights, pose, self._opening())
        if remaining == 1:
            self._rest()
        return beat

    def _rest(self) -> None:
        self._moods, self._head = MoodBlend(self._names), HeadMotion()
        self._release = Release()
        self._opening_clip = "idle"
        self._shown_frames = 0

    def _opening(self) -> Opening | None:
        self._shown_frames += 1
        left = 1.0 - self._shown_frames / (OPENING_FRAMES + 1)
        if self._opening_clip == "idle" or left <= 0:
            return None
        return Opening(self._opening_clip, smooth(left))
