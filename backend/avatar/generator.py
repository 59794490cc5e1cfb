"""The net that draws one avatar's own mouth: controls in, the mouth box of its one pose out.

It gives what the video holds, code values of luma and of chroma at half the size, so that nothing
is converted on the way. Where the picture goes in a frame is `laying`'s to say.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from backend.avatar.colour import SMPTE170M, UNSPECIFIED, Colour, Float32
from backend.avatar.mouth import CONTROL_COUNT
from backend.avatar.network import Contract, Network, load_network
from backend.errors import BrokenAvatar, ModelFileError

MOUTH_SIZE = 160
HALF = MOUTH_SIZE // 2
INPUTS = CONTROL_COUNT + 1
"""The mouth controls, and how far a mood has moved the resting mouth: its smile, -1..1."""
PACKED = (6, HALF, HALF)
MATRICES = (SMPTE170M, UNSPECIFIED)
"""What a generator's colours mean: BT.601."""

CONTRACT = Contract(
    ((INPUTS,),),
    PACKED,
    "A mouth takes controls (N,9) and gives (N,6,80,80): four pixels of luma, then chroma.",
)
_SMILE_STEPS = 32
_HIGHEST = 300.0


@dataclass(frozen=True, slots=True)
class Drawn:
    """Mouths: luma (n, 160, 160) and chroma (n, 2, 80, 80), float32 code values."""

    luma: Float32
    chroma: Float32

    def planes(self, number: int) -> tuple[Float32, Float32, Float32]:
        """Y, U and V of one of them."""
        return self.luma[number], self.chroma[number, 0], self.chroma[number, 1]


class Generator:
    """Safe to share between threads: what it remembers is only ever added to."""

    def __init__(self, network: Network) -> None:
        self.name = f"mouth{network.note}"
        self._network = network
        self._resting: dict[int, Drawn] = {}

    def draw(self, controls: Float32, smiles: Float32) -> Drawn:
        """controls: (n, 8) in 0..1. smiles: (n,), each as `nearest_smile` gives it."""
        return unpacked(self._network(np.column_stack([controls, smiles]).astype(np.float32)))

    def resting(self, smile: float) -> Drawn:
        """One mouth at rest (n = 1)."""
        step = round(smile * _SMILE_STEPS)
        if step not in self._resting:
            still = np.zeros((1, CONTROL_COUNT), np.float32)
            self._resting[step] = self.draw(still, np.full(1, step / _SMILE_STEPS, np.float32))
        return self._resting[step]


def nearest_smile(smile: float) -> float:
    """Smiles go in steps, so that resting mouths can be remembered."""
    return round(min(1.0, max(-1.0, smile)) * _SMILE_STEPS) / _SMILE_STEPS


def unpacked(packed: Float32) -> Drawn:
    """(n, 6, 80, 80): pixels of luma side by side in rows of two, then chroma."""
    n = len(packed)
    luma = packed[:, :4].reshape(n, 2, 2, HALF, HALF).transpose(0, 3, 1, 4, 2)
    return Drawn(luma.reshape(n, MOUTH_SIZE, MOUTH_SIZE), packed[:, 4:])


def load_generator(path: Path, colour: Colour, threads: int = 1) -> Generator:
    """colour: of the video that the mouths are laid into.

    Raises BrokenAvatar: the file is no such net, or the video means other colours.
    """
    if colour.matrix not in MATRICES:
        raise BrokenAvatar(
            f"{path.parent.name}: its mouth is drawn in BT.601 colours and its video has matrix "
            f"{colour.matrix}. Encode the video with matrix {SMPTE170M}."
        )
    try:
        generator = Generator(load_network(path, CONTRACT, threads))
        picture = generator.resting(0.0)
    except ModelFileError as error:
        raise BrokenAvatar(error.message) from error
    except Exception as error:  # onnxruntime's errors share no base class but this one
        raise BrokenAvatar(f"{path} loads but fails on one mouth: {error}.") from error
    low, high = float(picture.luma.min()), float(picture.luma.max())
    if not (-_HIGHEST < low < high < _HIGHEST):
        raise BrokenAvatar(f"{path} draws luma from {low:g} to {high:g}; 16 to 235 is wanted.")
    return generator
