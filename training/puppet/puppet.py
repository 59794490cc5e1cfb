"""One person drawn in any frame of any performance and mood: still, eyes, brows, head, background.

The order is that of the body: eyes and mood are put on in the still, then brows and head move the
whole by one displacement field, and only then the figure is laid over the background, which
therefore never moves.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from training.puppet.eyes import Eye
from training.puppet.fields import Float32, Region, centres, pulled, sampled, turned_round
from training.puppet.head import CELLS, Affine, Poser
from training.puppet.motion import Act
from training.puppet.stills import MOODS, Stills

SIDE = 512
WHOLE: Region = (0, 0, SIDE, SIDE)
_BROWS_APART = 0.018  # of the picture: over this distance one brow's part becomes the other's
_EDGE_PX = 6


@dataclass(frozen=True, slots=True)
class Moved:
    """An act's geometry. `there` leads from the still to the frame, `back` from the frame to the
    still; both are fields in pixels of the still."""

    act: Act
    there: Float32
    back: Float32


class Puppet:
    """Draws frames of `SIDE` x `SIDE` pixels."""

    def __init__(self, stills: Stills) -> None:
        self._stills = stills
        self._poser = Poser(stills)
        self._eyes = [Eye(stills, which) for which in (0, 1)]
        self._faces = {None: stills.base, **{mood: stills.picture(mood) for mood in MOODS}}
        self._away = {
            mood: [eye.around(stills.field_to(mood)) for eye in self._eyes] for mood in MOODS
        }
        self._brows = self._halves(stills.field_to("brows_up"))
        plate = cv2.resize(stills.plate, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
        self.plate: Float32 = np.asarray(plate, np.float32)

    def moved(self, act: Act) -> Moved:
        """The geometry of an act, which all moods share."""
        left, right = act.brows
        there = self._poser.field(act.pose) + left * self._brows[0] + right * self._brows[1]
        return Moved(act, there, turned_round(there, self._stills.size))

    def figure(self, moved: Moved, mood: str | None = None, region: Region = WHOLE) -> Float32:
        """A region of the frame without its background, premultiplied BGRA 0..1."""
        act = moved.act
        still = self._faces[mood].copy()
        for number, eye in enumerate(self._eyes):
            seen = still[eye.window]
            if mood is None:
                drawn = eye.drawn(seen, act.lids, act.gaze_deg)
            else:
                away = self._away[mood][number]
                drawn = eye.drawn_in_mood(seen, mood, act.lids, act.gaze_deg, away)
            still[eye.window] = drawn
        return np.clip(pulled(still, moved.back, SIDE, region), 0.0, 1.0)

    def over_plate(self, figure: Float32, region: Region = WHOLE) -> Float32:
        """A region as it is seen, BGR 0..1."""
        x0, y0, x1, y1 = region
        return figure[..., :3] + (1 - figure[..., 3:]) * self.plate[y0:y1, x0:x1]

    def place(self, moved: Moved) -> Affine:
        """See `Poser.place`."""
        return self._poser.place(moved.there, SIDE)

    def landmarks(self, moved: Moved) -> Float32:
        """The 68 landmarks in pixels of the frame."""
        points = self._stills.landmarks["base"]
        size = self._stills.size
        return (points + sampled(moved.there, points, size)) * (SIDE / size)

    def mood_box(self, moved: list[Moved]) -> Region:
        """What moods change in any of the frames, in even pixels."""
        stills, size = self._stills, self._stills.size
        changed = np.zeros((size, size), bool)
        for mood in MOODS:
            changed |= np.abs(self._faces[mood] - stills.base).max(-1) > 1 / 255
        rows, columns = np.flatnonzero(changed.any(1)), np.flatnonzero(changed.any(0))
        corners = np.array(
            [[x, y] for x in (columns[0], columns[-1] + 1) for y in (rows[0], rows[-1] + 1)],
            np.float32,
        )
        reached = np.stack([corners + sampled(m.there, corners, size) for m in moved])
        low = reached.min((0, 1)) * (SIDE / size) - _EDGE_PX
        high = reached.max((0, 1)) * (SIDE / size) + _EDGE_PX
        x0, y0 = (max(0, int(edge // 2) * 2) for edge in low)
        x1, y1 = (min(SIDE, -int(-edge // 2) * 2) for edge in high)
        return x0, y0, x1, y1

    def _halves(self, field: Float32) -> tuple[Float32, Float32]:
        """The field of both brows as one of the picture's left brow and one of its right."""
        small = cv2.resize(field, (CELLS, CELLS), interpolation=cv2.INTER_AREA)
        x = centres(self._stills.size, CELLS)[..., :1]
        middle = self._stills.landmarks["base"][27, 0]
        right = 1 / (1 + np.exp((middle - x) / (_BROWS_APART * self._stills.size)))
        return small * (1 - right), small * right
