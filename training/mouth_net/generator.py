"""The drawing half of an avatar of our own: nine controls to its mouth in its one pose.

Only the architecture and loading; `train` teaches it. Because the pose never changes, the net need
not see a picture: what a place looks like is remembered place by place, in maps that are added
after every convolution, and the convolutions have only to say what moves.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from backend.avatar.generator import HALF, INPUTS

BUILD = Path(__file__).parents[1] / "build"
_HIDDEN = 96
_START, _WIDTHS = 10, (64, 48, 32, 16)
SCALE = 64.0
"""Code values per unit of what the last convolution gives."""


class Remembering(nn.Module):
    """A convolution whose bias differs from place to place."""

    def __init__(self, inputs: int, outputs: int, size: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 3, 1, 1, bias=False)
        self.map = nn.Parameter(torch.zeros(1, outputs, size, size))

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.conv(x) + self.map)


class Doubling(nn.Module):
    """Twice the size, four pixels out of the channels of one, then a remembering convolution."""

    def __init__(self, inputs: int, outputs: int, size: int) -> None:
        super().__init__()
        self.widen = nn.Conv2d(inputs, 4 * outputs, 1)
        self.refine = Remembering(outputs, outputs, size)

    def forward(self, x: Tensor) -> Tensor:
        return self.refine(torch.relu(nn.functional.pixel_shuffle(self.widen(x), 2)))


class Generator(nn.Module):
    """controls (N, 9) to luma (N, 1, 160, 160) and chroma (N, 2, 80, 80) in code values.

    Works at 80×80 at most: the last convolution gives four pixels of luma at once.
    mean: (6, 80, 80), what it begins with, packed as `pack` does.
    """

    def __init__(self, mean: Tensor | None = None) -> None:
        super().__init__()
        first, *rest = _WIDTHS
        self.wish = nn.Sequential(
            nn.Linear(INPUTS, _HIDDEN),
            nn.ReLU(),
            nn.Linear(_HIDDEN, _HIDDEN),
            nn.ReLU(),
            nn.Linear(_HIDDEN, first * _START * _START),
            nn.ReLU(),
        )
        sizes = (20, 40, 80)
        self.grow = nn.Sequential(
            *(Doubling(i, o, s) for i, o, s in zip(_WIDTHS, rest, sizes, strict=False))
        )
        self.draw = nn.Conv2d(_WIDTHS[-1], 6, 3, 1, 1, bias=False)
        self.mean = nn.Parameter(torch.zeros(6, HALF, HALF) if mean is None else mean / SCALE)

    def forward(self, controls: Tensor) -> tuple[Tensor, Tensor]:
        packed = self.packed(controls)
        return nn.functional.pixel_shuffle(packed[:, :4], 2), packed[:, 4:]

    def packed(self, controls: Tensor) -> Tensor:
        """(N, 6, 80, 80), as `pack` does."""
        x = self.wish(controls).view(-1, _WIDTHS[0], _START, _START)
        return (self.draw(self.grow(x)) + self.mean) * SCALE


def pack(luma: Tensor, chroma: Tensor) -> Tensor:
    """(N, 1, 160, 160) and (N, 2, 80, 80) as (N, 6, 80, 80): four luma channels, then chroma."""
    return torch.cat([nn.functional.pixel_unshuffle(luma, 2), chroma], 1)


def load(checkpoint: Path) -> Generator:
    """A trained generator in evaluation mode."""
    generator = Generator()
    generator.load_state_dict(torch.load(checkpoint, weights_only=True)["average"])
    return generator.eval()
