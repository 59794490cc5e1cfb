"""Finished frames of one avatar: its scenery, the mouth over it, the head moved, a matte below.

Knows nothing of sound and time: which frame, how the face behaves in it and what drives the mouth
come in.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from backend.avatar.figure.head_warp import HeadWarp
from backend.avatar.figure.moods import smile_of
from backend.avatar.figure.performance import Beat
from backend.avatar.figure.scenery import Scenery, dissolved
from backend.avatar.mouths.painter import Painter, Shot
from backend.avatar.packages.package import AvatarPackage
from backend.avatar.packages.tracks import Tracks
from backend.avatar.pictures.codecs import I420
from backend.avatar.pictures.colour import Float32
from backend.avatar.pictures.matte import stacked, stacked_height


class Camera:
    """alpha: stacked pictures (see `matte`), of an avatar that has a matte. `width` and `height`
    are those of the frames that it gives."""

    def __init__(
        self, package: AvatarPackage, tracks: Tracks, painter: Painter, *, alpha: bool
    ) -> None:
        card = package.card
        self.width, self.height = card.width, stacked_height(card.height) if alpha else card.height
        self._smiles = card.mouth.smile if card.mouth else {}
        self._painter, self._tracks, self._alpha = painter, tracks, alpha
        sources = (tracks.freed, tracks.freed_mood) if alpha else (tracks.clip, tracks.mood)
        self._scenery = Scenery(card, *sources)
        self._warp = HeadWarp(card.width, card.height, card.face_boxes)

    def take(
        self,
        numbers: Sequence[int],
        beats: Sequence[Beat],
        drive: Float32,
        presence: Float32,
    ) -> list[I420]:
        """n frames of the loop by number, and how the face behaves in each; only the last ones have
        rows of drive and presence. Not to be written to: one at rest is the loop's own."""
        pictures = [
            self._scenery.picture(number, beat) for number, beat in zip(numbers, beats, strict=True)
        ]
        before = len(numbers) - len(presence)
        shown = np.flatnonzero(presence).tolist()
        if shown:
            shots = [
                Shot(
                    numbers[n],
                    pictures[n],
                    smile_of(beats[n].weights, self._smiles),
                    self._scenery.place(numbers[n], beats[n].opening),
                )
                for n in (before + row for row in shown)
            ]
            painted = self._painter.paint(shots, drive[shown], presence[shown])
            for row, picture in zip(shown, painted, strict=True):
                pictures[before + row] = picture
        return [
            self._finished(picture, number, beat)
            for picture, number, beat in zip(pictures, numbers, beats, strict=True)
        ]

    def _finished(self, picture: I420, number: int, beat: Beat) -> I420:
        moved = self._warp.picture(picture, beat.pose)
        if not self._alpha:
            return moved
        matte = dissolved(
            self._tracks.matte("idle")[number],
            beat.opening,
            lambda clip: self._tracks.matte(clip)[number],
        )
        return stacked(moved, self._warp.matte(matte, beat.pose))
