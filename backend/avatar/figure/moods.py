"""How much of each mood a face shows, frame by frame. Pure.

A mood comes within `EASE_FRAMES` while the one before it goes, so their weights never add up to
more than 1; what is missing is calm.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from backend.avatar.figure.easing import EASE_FRAMES, smooth
from backend.avatar.packages.card import Feeling

Weights = Mapping[Feeling, float]
"""Those above 0; calm has the rest."""


class MoodBlend:
    """names: the moods that the avatar has pictures of; any other word is calm."""

    def __init__(self, names: Sequence[Feeling]) -> None:
        self._levels: dict[Feeling, float] = dict.fromkeys(names, 0.0)
        self._mood: str | None = None

    def turn_to(self, mood: str | None) -> None:
        self._mood = mood

    def step(self) -> Weights:
        """The weights of the next frame."""
        for name, level in self._levels.items():
            change = 1 / EASE_FRAMES if name == self._mood else -1 / EASE_FRAMES
            self._levels[name] = min(1.0, max(0.0, level + change))
        return {name: smooth(level) for name, level in self._levels.items() if level > 0}


def smile_of(weights: Weights, smiles: Mapping[str, float]) -> float:
    """How far these moods move the resting mouth, by what the card says of each."""
    calm = 1.0 - sum(weights.values())
    moved = sum(weight * smiles.get(name, 0.0) for name, weight in weights.items())
    return moved + calm * smiles.get("calm", 0.0)
