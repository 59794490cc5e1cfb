"""A face without its speech: the idle loop, with a mood laid in or another loop dissolving.

Everything is mixed in YUV, only where it differs, and never in place: loops are shared.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import numpy.typing as npt

from backend.avatar.figure.moods import Weights
from backend.avatar.figure.performance import Beat, Opening
from backend.avatar.packages.card import AvatarCard, EvenBox, Feeling, Place
from backend.avatar.packages.track_cache import Planes
from backend.avatar.pictures.codecs import I420
from backend.avatar.pictures.colour import Float32
from backend.avatar.pictures.planes import split_planes
from backend.protocol import Clip

_FEATHER_PX = 12
"""At the borders of a mood's rectangle, where it was encoded apart from its surroundings."""

Plane = npt.NDArray[np.uint8]


class Scenery:
    """clip, mood: where the pictures come from, as `Tracks` has them."""

    def __init__(
        self,
        card: AvatarCard,
        clip: Callable[[Clip], Planes],
        mood: Callable[[Feeling], Planes],
    ) -> None:
        self._card, self._clip, self._mood = card, clip, mood
        self._feathers = _feathers(card.moods.box) if card.moods else ()

    def picture(self, number: int, beat: Beat) -> I420:
        """Frame `number`; the loop's own where nothing is mixed in, so not to be written to."""
        picture: I420 = self._clip("idle")[number]
        if beat.weights:
            picture = self._with_mood(picture, number, beat.weights)
        return dissolved(picture, beat.opening, lambda clip: self._clip(clip)[number])

    def place(self, number: int, opening: Opening | None) -> Place | None:
        """Where the mouth's own picture belongs."""
        if self._card.mouth is None:
            return None
        place = self._card.mouth.places["idle"][number]
        if opening is None:
            return place
        other = self._card.mouth.places[opening.clip][number]
        a, b, c, d, e, f = (
            here + opening.share * (there - here) for here, there in zip(place, other, strict=True)
        )
        return a, b, c, d, e, f

    def _with_mood(self, picture: I420, number: int, weights: Weights) -> I420:
        assert self._card.moods is not None, "weights are of the card's moods"
        x0, y0, x1, y1 = self._card.moods.box
        out = picture.copy()
        mood, weight = self._mixed(number, weights)
        planes = zip(split_planes(out), split_planes(mood), self._feathers, strict=True)
        for channel, (plane, moved, feather) in enumerate(planes):
            half = 2 if channel else 1
            here = plane[y0 // half : y1 // half, x0 // half : x1 // half]
            share = feather * np.float32(weight)
            here[:] = cv2.blendLinear(np.ascontiguousarray(here), moved, 1 - share, share)
        return out

    def _mixed(self, number: int, weights: Weights) -> tuple[I420, float]:
        """One rectangle for all moods that show, and how much they show together."""
        (name, total), *others = weights.items()
        mixed: Plane = self._mood(name)[number]
        for other, weight in others:
            total += weight
            share = weight / total
            mixed = np.asarray(
                cv2.addWeighted(mixed, 1 - share, self._mood(other)[number], share, 0), np.uint8
            )
        return mixed, total


def dissolved(own: Plane, opening: Opening | None, other: Callable[[Clip], Plane]) -> Plane:
    """`own` with the opening's share of the other loop's."""
    if opening is None:
        return own
    mixed = cv2.addWeighted(own, 1 - opening.share, other(opening.clip), opening.share, 0)
    return np.asarray(mixed, np.uint8)


def _feathers(box: EvenBox) -> tuple[Float32, Float32, Float32]:
    """For each plane: 1 inside the box, 0 at its borders."""
    width, height = box[2] - box[0], box[3] - box[1]
    luma = _feather(width, height, _FEATHER_PX)
    chroma = _feather(width // 2, height // 2, _FEATHER_PX // 2)
    return luma, chroma, chroma


def _feather(width: int, height: int, over_px: int) -> Float32:
    def ramp(size: int) -> npt.NDArray[np.float64]:
        places = np.arange(size) + 0.5
        depth = np.clip(np.minimum(places, size - places) / over_px, 0.0, 1.0)
        return np.asarray(depth * depth * (3 - 2 * depth))

    return np.outer(ramp(height), ramp(width)).astype(np.float32)
