"""The net that draws one avatar's own mouth: controls in, the mouth box of its one pose out.

The net says how two pictures that it remembers, the lips and what lies behind them, are bent, where
one covers the other and what is painted over both; bending is OpenCV's, which is ten times as fast
at it as the net's runtime. All is in the video's own code values, with chroma at half the size, so
that nothing is converted on the way. Where a mouth goes in a frame is `laying`'s to say.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from backend.avatar.lips.mouth import CONTROL_COUNT
from backend.avatar.network import Contract, Network, load_network
from backend.avatar.pictures.colour import SMPTE170M, UNSPECIFIED, Colour, Float32
from backend.errors import BrokenAvatar, ModelFileError

MOUTH_SIZE = 160
HALF = MOUTH_SIZE // 2
FLOW_SIZE = 20
INPUTS = CONTROL_COUNT + 1
"""The mouth controls, and how far a mood has moved the resting mouth: its smile, -1..1."""
MATRICES = (SMPTE170M, UNSPECIFIED)
"""What a generator's colours mean: BT.601."""

CONTRACT = Contract(
    ((INPUTS,),),
    (10, HALF, HALF),
    "A mouth takes controls (N,9) and gives layers (N,10,80,80), flow (N,2,2,20,20) and textures "
    "(2,6,80,80).",
    more=((2, 2, FLOW_SIZE, FLOW_SIZE),),
)
_TEXTURES = (2, 6, HALF, HALF)
_SMILE_STEPS = 32
_MOST_RESTING = 12
"""Of 150 KB each: those of the moods, and a few on the way from one to another."""
_HIGHEST = 300.0

Planes = tuple[Float32, Float32, Float32]
"""Y (160, 160), U and V (80, 80) in code values."""


@dataclass(frozen=True, slots=True)
class Texture:
    """A remembered picture. chroma has its two planes last, as OpenCV wants them."""

    luma: Float32
    chroma: Float32

    @classmethod
    def of(cls, packed: Float32) -> Texture:
        """packed: (6, 80, 80), four pixels of luma, then chroma."""
        chroma = np.ascontiguousarray(packed[4:].transpose(1, 2, 0))
        return cls(unpacked(packed[:4]), chroma)


class Generator:
    """For one thread at a time."""

    def __init__(self, network: Network) -> None:
        """Raises ModelFileError."""
        self.name = f"mouth{network.note}"
        self._network = network
        self._front, self._back = (Texture.of(packed) for packed in _textures(network))
        self._resting: dict[int, Planes] = {}

    def draw(self, controls: Float32, smiles: Float32) -> list[Planes]:
        """controls: (n, 8) in 0..1. smiles: (n,), each as `nearest_smile` gives it."""
        rows = np.column_stack([controls, smiles]).astype(np.float32)
        layers, flows = self._network.run(rows)
        return [self._put_together(*parts) for parts in zip(layers, flows, strict=True)]

    def resting(self, smile: float) -> Planes:
        """The mouth that says nothing. Those asked for last are remembered."""
        step = round(smile * _SMILE_STEPS)
        found = self._resting.pop(step, None)
        if found is None:
            still = np.zeros((1, CONTROL_COUNT), np.float32)
            smiles = np.full(1, step / _SMILE_STEPS, np.float32)
            [found] = self.draw(still, smiles)
        self._resting[step] = found  # the newest last
        if len(self._resting) > _MOST_RESTING:
            del self._resting[next(iter(self._resting))]
        return found

    def _put_together(self, layers: Float32, flow: Float32) -> Planes:
        """One mouth. layers: six packed planes of paint, then four pixels of cover."""
        cover = layers[6:]
        luma = unpacked(layers[:4]) + _covered(
            unpacked(cover), *_bent(self._front.luma, self._back.luma, flow)
        )
        chroma = layers[4:6].transpose(1, 2, 0) + _covered(
            cover.mean(0)[..., None], *_bent(self._front.chroma, self._back.chroma, flow)
        )
        return luma, np.ascontiguousarray(chroma[..., 0]), np.ascontiguousarray(chroma[..., 1])


def nearest_smile(smile: float) -> float:
    """Smiles go in steps, so that resting mouths can be remembered."""
    return round(min(1.0, max(-1.0, smile)) * _SMILE_STEPS) / _SMILE_STEPS


def unpacked(four: Float32) -> Float32:
    """(4, 80, 80), neighbours in rows of two, as (160, 160)."""
    pixels = four.reshape(2, 2, HALF, HALF).transpose(2, 0, 3, 1)
    return pixels.reshape(MOUTH_SIZE, MOUTH_SIZE)


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
        luma = generator.resting(0.0)[0]
    except ModelFileError as error:
        raise BrokenAvatar(error.message) from error
    except Exception as error:  # onnxruntime's errors share no base class but this one
        raise BrokenAvatar(f"{path} loads but fails on one mouth: {error}.") from error
    low, high = float(luma.min()), float(luma.max())
    if not (-_HIGHEST < low < high < _HIGHEST):
        raise BrokenAvatar(f"{path} draws luma from {low:g} to {high:g}; 16 to 235 is wanted.")
    return generator


def _textures(network: Network) -> Float32:
    found = network.constant(_TEXTURES)
    if found is None:
        raise ModelFileError(f"{network.path} cannot be used here. {CONTRACT.wanted}")
    return found


def _covered(cover: Float32, front: Float32, back: Float32) -> Float32:
    return np.asarray(back + cover * (front - back), np.float32)


def _bent(front: Float32, back: Float32, flow: Float32) -> list[Float32]:
    """Both textures (s, s) or (s, s, 2). flow: (2, 2, 20, 20), for each how far right and down of a
    place its pixel is found, in widths of the box."""
    size = front.shape[0]
    line = np.arange(size, dtype=np.float32)
    wide = cv2.resize(flow.reshape(4, FLOW_SIZE, FLOW_SIZE).transpose(1, 2, 0), (size, size)) * size
    return [
        np.asarray(
            cv2.remap(
                texture,
                wide[..., 2 * number] + line,
                wide[..., 2 * number + 1] + line[:, None],
                cv2.INTER_LINEAR,
                borderMode=cv2.BORDER_REPLICATE,
            ),
            np.float32,
        )
        for number, texture in enumerate((front, back))
    ]
