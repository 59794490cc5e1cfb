"""Eyes: lids that close in rendered steps, and irises that roll between them.

Eyes are drawn into the still before anything is warped, each in a window of its own. The iris is
moved inside the opening between the lids, which is where the skin's mesh has a hole; the lids
follow a look up or down as the mesh of such a look says.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from training.puppet.fields import Float32, centres, filled, sampled, smooth, turned_round
from training.puppet.stills import LIDS, Stills

_EYES = (slice(36, 42), slice(42, 48))
_UPPER, _LOWER = ((37, 38), (43, 44)), ((41, 40), (47, 46))
_ACROSS, _DOWN = 0.95, 0.62  # of an eye's width: what lids and lashes reach
_FEATHER_PX = 4.0
_BALL = 0.40  # of an eye's width: the radius of the ball that an iris rolls on
_LIDS_FOLLOW_DEG = 14.0
"""The look up or down that the meshes `gaze_up` and `gaze_down` stand for."""
_SHADED_PX = 3.0  # from the lids into the opening
_REDDEST = 1.3  # times the skin's red against green
_RIM = 0.75  # of the iris' radius: how far the white beside it is stretched


@dataclass(frozen=True, slots=True)
class Iris:
    """In pixels of the window."""

    x: float
    y: float
    radius: float


class Eye:
    """One eye of the stills. `window` cuts its square out of a still."""

    def __init__(self, stills: Stills, which: int) -> None:
        points = stills.landmarks["base"][_EYES[which]]
        self._width = float(np.ptp(points[:, 0]))
        middle, reach = points.mean(0), 1.15 * self._width
        x0, y0 = (int(edge) for edge in np.floor(middle - reach))
        self._side = 2 * math.ceil(reach)
        self.window = np.s_[y0 : y0 + self._side, x0 : x0 + self._side]
        self._mask = self._ellipse(middle - (x0, y0))
        self._low = points[[0, 3, 4, 5]]  # both corners and the lower lid
        self._lids = {
            step: _without_rims(stills.picture(name)[self.window], self._mask)
            for step, name in LIDS.items()
        }
        self._openings = {
            name: self._mask * stills.opening(name)[self.window][..., None]
            for name in stills.landmarks
        }
        self._iris = find_iris(
            stills.base[self.window], self._openings["base"][..., 0], self._width
        )
        self._follow = {
            up: stills.field_to(name)[self.window] * self._mask
            for up, name in ((True, "gaze_up"), (False, "gaze_down"))
        }
        open_ = _gap(stills.landmarks["base"], which)
        self._shut = {
            name: 1 - _gap(marks, which) / open_ for name, marks in stills.landmarks.items()
        }

    def drawn(self, picture: Float32, lids: float, gaze_deg: tuple[float, float]) -> Float32:
        """Base's window with the eye so: `lids` is one of the rendered steps or 0."""
        if lids == 0:
            return self._gazing(picture, "base", gaze_deg)
        return self._pasted(picture, self._gazing(self._lids[lids], LIDS[lids], gaze_deg))

    def drawn_in_mood(
        self, picture: Float32, mood: str, lids: float, gaze_deg: tuple[float, float], away: Float32
    ) -> Float32:
        """The same for a mood's window; `away` is how the face around the eye has moved there. A
        mood that holds the eye half shut is not opened by a blink's first step."""
        if lids == 0 or self._shut[LIDS[lids]] < self._shut[mood]:
            return self._gazing(picture, mood, gaze_deg)
        shut = self._gazing(self._lids[lids], LIDS[lids], gaze_deg)
        mask = _from(self._mask, away)[..., None]
        return picture + mask * (_from(shut, away) - picture)

    def around(self, field: Float32) -> Float32:
        """Where a face's points around the eye came from. Shut lids meet at the lower one, so they
        go with it and the corners as a whole."""
        soft = cv2.GaussianBlur(self._mask, (0, 0), 0.1 * self._width)[..., None]
        ring = smooth(filled(field[self.window], self._mask[..., 0] < 0.05), 0.1 * self._width)
        low = sampled(field, self._low, field.shape[0]).mean(0)
        return turned_round(ring + soft * (low - ring), self._side)

    def _gazing(self, picture: Float32, still: str, gaze_deg: tuple[float, float]) -> Float32:
        """The window of a still with its iris rolled, in degrees to the right and up."""
        right, up = (math.sin(math.radians(angle)) * _BALL * self._width for angle in gaze_deg)
        opening = self._openings[still]
        ball, shade = self._ball(picture, opening[..., 0])
        away = self._from_iris(self._iris.x + right, self._iris.y - up)
        t = np.clip(1 + 1 / _RIM - away / _RIM, 0, 1)
        share = (t * t * (3 - 2 * t))[..., None]
        rolled = _from(ball, share * np.array([-right, up], np.float32))
        seen = picture + opening * (rolled * shade - picture)
        part = min(1.0, abs(gaze_deg[1]) / _LIDS_FOLLOW_DEG)
        return _from(seen, turned_round(part * self._follow[up > 0], self._side))

    def _ball(self, picture: Float32, opening: Float32) -> tuple[Float32, Float32]:
        """The eyeball without lids, where what they hide goes on as iris or as white; and the shade
        of lids and lashes, which stays where it is when the ball rolls."""
        deep = cv2.distanceTransform((opening > 0.3).astype(np.uint8), cv2.DIST_L2, 5)
        clear = deep > _SHADED_PX
        away = self._from_iris(self._iris.x, self._iris.y)
        iris, white = clear & (away < 1.0), clear & (away > 1.2)
        if not iris.any() or not white.any():
            return picture, np.ones_like(picture)
        hidden = np.where((away < 1.1)[..., None], filled(picture, iris), filled(picture, white))
        ball = np.where(clear[..., None], picture, cv2.GaussianBlur(hidden, (0, 0), 0.8))
        shade = np.ones_like(picture)
        is_upper = centres(self._side, self._side)[..., 1] < self._iris.y
        for half in (is_upper, ~is_upper):
            for depth in range(math.ceil(_SHADED_PX)):
                ring = half & (deep > depth) & (deep <= depth + 1) & ~clear
                seen = ring & (away > 1.3)  # beside the iris, whose own edge is no shade
                if seen.any():
                    shade[ring] = np.median((picture / np.maximum(ball, 1e-3))[seen], axis=0)
        return ball, smooth(np.clip(shade, 0.0, 1.1), 0.8)

    def _from_iris(self, x: float, y: float) -> Float32:
        """Distances from an iris' middle, in its radii."""
        at = centres(self._side, self._side)
        return np.hypot(at[..., 0] - x, at[..., 1] - y) / self._iris.radius

    def _pasted(self, picture: Float32, eye: Float32) -> Float32:
        return picture + self._mask * (eye - picture)

    def _ellipse(self, middle: Float32) -> Float32:
        mask = np.zeros((self._side, self._side), np.float32)
        axes = (2 * _ACROSS * self._width, 2 * _DOWN * self._width)
        cv2.ellipse(mask, (tuple(map(float, middle)), axes, 0.0), 1.0, cv2.FILLED)
        return cv2.GaussianBlur(mask, (0, 0), _FEATHER_PX)[..., None]


def find_iris(picture: Float32, opening: Float32, width: float) -> Iris:
    """Where the iris is in an open eye's window: the circle through both ends of what is not white
    in each row of the opening. Lids cover its top, and perhaps its foot."""
    inside = cv2.erode((opening > 0.5).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    grey = np.asarray(picture[..., :3].mean(-1), np.float32)
    levels = np.clip(cv2.GaussianBlur(grey, (0, 0), 0.02 * width) * 255, 0, 255).astype(np.uint8)
    limit, _ = cv2.threshold(levels[inside][:, None], 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    dark = inside & (levels <= limit)
    rows = np.flatnonzero(dark.sum(1) >= 0.6 * dark.sum(1).max())
    ends = [np.flatnonzero(dark[row])[[0, -1]] + [0, 1] for row in rows]
    left, right = np.median(np.array(ends), axis=0)
    half = np.ptp(np.array(ends), axis=1) / 2
    y = rows + 0.5
    # half² = radius² − (y − middle)² is a straight line in y once y² is on the other side.
    twice_middle, _ = np.polyfit(y, np.square(half) + np.square(y), 1)
    radius = float(half.max())
    middle = np.clip(twice_middle / 2, y.mean() - 0.35 * radius, y.mean() + 0.35 * radius)
    return Iris(float(left + right) / 2, float(middle), radius)


def _without_rims(picture: Float32, mask: Float32) -> Float32:
    """The window without the wet rims that light shines through where lids meet: nothing in it is
    much redder than the skin around it."""
    red, green = picture[..., 2], picture[..., 1]
    skin = np.median((red / np.maximum(green, 1e-3))[mask[..., 0] < 0.05])
    calm = picture.copy()
    calm[..., 2] = np.minimum(red, _REDDEST * skin * green)
    return calm


def _from(picture: Float32, back: Float32) -> Float32:
    """Each pixel from where `back` says."""
    at = centres(picture.shape[0], picture.shape[0]) + back - 0.5
    drawn = cv2.remap(
        picture, at[..., 0], at[..., 1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(drawn, np.float32)


def _gap(landmarks: Float32, which: int) -> float:
    upper, lower = landmarks[list(_UPPER[which])], landmarks[list(_LOWER[which])]
    return float(np.linalg.norm(upper - lower, axis=1).mean())
