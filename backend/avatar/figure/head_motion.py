"""How the head goes with the voice: a nod on what is stressed, a tilt that changes with the phrase.

Pure: a level of loudness per frame in, a `HeadPose` out. What moves there is `head_warp`'s matter.

People mark prominent syllables with the head, a little after the voice sets in, and far from every
one of them (Hadar et al. 1983; Munhall et al. 2004 find most of it in pitch and loudness). So a
syllable that stands out of the loudness around it starts a nod, and the next may follow only after
a while; springs make of it a movement with mass.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from backend.avatar.figure.easing import FRAME_S, Spring

NOD_FRAMES = 5
"""How long a nod is pushed; then the head comes back by itself."""
REST_FRAMES = 18
"""From one nod to the next, at least: more than three in two seconds look nervous."""
PAUSE_FRAMES = 6
"""Silence that ends a phrase."""

QUIET_DB, LOUD_DB = -50.0, -6.0
STRESS_DB = 4.0
"""What stands out by this much begins a nod, and by twice this much makes a full one."""
AROUND_S = 0.7
"""Over this time the loudness is averaged that a syllable has to stand out of."""

NOD, TILT_RAD, SHIFT = 0.019, 0.011, 0.008
"""Full sizes: down and aside in heights of the face, and the angle."""
NOD_STIFFNESS, TILT_STIFFNESS = 20.0, 5.0
"""Per second: a nod lags by 100 ms, a tilt by 400 ms."""

_GOLDEN = 0.618
"""Multiples of it, modulo 1, spread evenly without ever repeating: variety without chance."""


@dataclass(frozen=True, slots=True)
class HeadPose:
    """Against the loop's own. `down` and `aside` (to the picture's right) in heights of the face
    box, `tilt_rad` clockwise as the picture shows it."""

    down: float = 0.0
    aside: float = 0.0
    tilt_rad: float = 0.0

    def scaled(self, share: float) -> HeadPose:
        return HeadPose(self.down * share, self.aside * share, self.tilt_rad * share)


AT_REST = HeadPose()


class HeadMotion:
    """One reply's. Begins at rest."""

    def __init__(self) -> None:
        self._around_db = QUIET_DB
        self._since_nod = REST_FRAMES
        self._since_voice = PAUSE_FRAMES
        self._strength = 0.0
        self._stresses = self._phrases = 0
        self._lean = 0.0
        self._nod, self._tilt = Spring(NOD_STIFFNESS), Spring(TILT_STIFFNESS)

    def step(self, level: float) -> HeadPose:
        """level: root mean square of the frame's sound, full scale = 1."""
        stress = self._stress(level)
        self._since_nod += 1
        if stress > 0 and self._since_nod >= REST_FRAMES:
            self._begin_nod(stress)
        is_pushed = self._since_nod < NOD_FRAMES
        nod = self._nod.step(self._strength if is_pushed else 0.0)
        tilt = self._tilt.step(self._lean if self._since_voice < PAUSE_FRAMES else 0.0)
        return HeadPose(NOD * nod, SHIFT * tilt, TILT_RAD * tilt)

    def _stress(self, level: float) -> float:
        """How much this frame stands out, 0..1."""
        level_db = 20 * math.log10(max(level, 1e-5))
        is_voice = level_db > QUIET_DB
        self._note_voice(is_voice, level_db)
        above_db = level_db - self._around_db
        self._around_db += (max(level_db, QUIET_DB) - self._around_db) * FRAME_S / AROUND_S
        if not is_voice or above_db < STRESS_DB:
            return 0.0
        loudness = min(1.0, (level_db - QUIET_DB) / (LOUD_DB - QUIET_DB))
        return loudness * min(1.0, above_db / (2 * STRESS_DB))

    def _note_voice(self, is_voice: bool, level_db: float) -> None:
        if is_voice and self._since_voice >= PAUSE_FRAMES:
            self._phrases += 1
            self._lean = self._next_lean()
            # The first syllable stands out of silence; the ones after it, of the first.
            self._around_db = max(self._around_db, level_db - 2 * STRESS_DB)
        self._since_voice = 0 if is_voice else self._since_voice + 1

    def _begin_nod(self, stress: float) -> None:
        self._since_nod = 0
        self._stresses += 1
        self._strength = stress * (0.6 + 0.4 * (self._stresses * _GOLDEN % 1.0)) * 1.4
        if self._stresses % 3 == 0:
            self._lean = self._next_lean()

    def _next_lean(self) -> float:
        """To one side and the other in turn, never equally far."""
        turn = self._phrases + self._stresses // 3
        side = 1.0 if turn % 2 else -1.0
        return side * (0.35 + 0.65 * (turn * _GOLDEN % 1.0))
