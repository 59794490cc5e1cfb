"""The drawing half of an avatar of our own: nine controls to its mouth in its one pose.

Only the architecture and loading; `train` teaches it. Because the pose never changes, the net need
not see a picture; it remembers two. One is the skin and the lips, the other what lies behind them
and goes with the jaw, and each is bent by a field that is nearly linear in the controls, as the
head's own morph targets are. Convolutions say where one covers the other and paint what neither
holds: light, folds, the upper teeth. What a place looks like they remember place by place, in maps
that are added after every convolution.
"""

from __future__ import annotations

from pathlib import Path

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own habit
from torch import Tensor, nn

from backend.avatar.mouths.generator import FLOW_SIZE, HALF, INPUTS, MOUTH_SIZE

SCALE = 64.0
"""Code values per unit inside the net."""
_HIDDEN, _BEND_HIDDEN = 96, 32
_START, _WIDTHS = 10, (64, 48, 32, 16)
_TEXTURES, _PLANES, _COVERS = 2, 6, 4
_COVERED = 2.0  # before the sigmoid: skin is in front until something else is known
_QUIET = 0.2


class Remembering(nn.Module):
    """A convolution whose bias differs from place to place."""

    def __init__(self, inputs: int, outputs: int, kernel: int, size: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, 1, kernel // 2, bias=False)
        self.map = nn.Parameter(torch.zeros(1, outputs, size, size))

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(x) + self.map


class Doubling(nn.Module):
    """Twice the size; the map tells the four equal pixels apart."""

    def __init__(self, inputs: int, outputs: int, size: int) -> None:
        super().__init__()
        self.narrow = nn.Conv2d(inputs, outputs, 1, bias=False)
        self.map = nn.Parameter(torch.zeros(1, outputs, size, size))
        self.refine = Remembering(outputs, outputs, 3, size)

    def forward(self, x: Tensor) -> Tensor:
        x = F.interpolate(self.narrow(x), scale_factor=2.0, mode="nearest")
        return torch.relu(self.refine(torch.relu(x + self.map)))


class Bending(nn.Module):
    """controls (N, 9) to (N, 2, 2, 20, 20): for each texture how far right and down of a place its
    pixel is found, in widths of the box. Nothing moves at first."""

    def __init__(self) -> None:
        super().__init__()
        values = _TEXTURES * 2 * FLOW_SIZE**2
        self.straight = nn.Linear(INPUTS, values, bias=False)
        self.bend = nn.Sequential(
            nn.Linear(INPUTS, _BEND_HIDDEN), nn.ReLU(), nn.Linear(_BEND_HIDDEN, values, bias=False)
        )
        nn.init.zeros_(self.straight.weight)
        nn.init.zeros_(self.bend[2].weight)

    def forward(self, controls: Tensor) -> Tensor:
        flow = (self.straight(controls) + self.bend(controls)) / 2
        return flow.view(-1, _TEXTURES, 2, FLOW_SIZE, FLOW_SIZE)


class Generator(nn.Module):
    """controls (N, 9) to luma (N, 1, 160, 160) and chroma (N, 2, 80, 80) in code values.

    textures: (2, 6, 80, 80), what it begins with, packed as `pack` does.
    """

    def __init__(self, textures: Tensor | None = None) -> None:
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
        sizes = (20, 40, HALF)
        self.grow = nn.Sequential(
            *(Doubling(i, o, s) for i, o, s in zip(_WIDTHS, rest, sizes, strict=False))
        )
        self.draw = Remembering(_WIDTHS[-1], _PLANES + _COVERS, 3, HALF)
        self.flow = Bending()
        nothing = torch.zeros(_TEXTURES, _PLANES, HALF, HALF)
        self.textures = nn.Parameter(nothing if textures is None else textures / SCALE)
        with torch.no_grad():
            self.draw.conv.weight.mul_(_QUIET)
            self.draw.map[:, _PLANES:] = _COVERED

    def parts(self, controls: Tensor) -> tuple[Tensor, Tensor]:
        """What the service puts together itself: paint and cover (N, 10, 80, 80), and the flow.

        Of paint, six packed planes are in code values; of cover, four pixels of luma in 0..1.
        """
        x = self.wish(controls).view(-1, _WIDTHS[0], _START, _START)
        paint, cover = self.draw(self.grow(x)).split((_PLANES, _COVERS), 1)
        return torch.cat([paint * SCALE, torch.sigmoid(cover)], 1), self.flow(controls)

    def forward(self, controls: Tensor) -> tuple[Tensor, Tensor]:
        layers, flow = (part.float() for part in self.parts(controls))
        paint, cover = layers.split((_PLANES, _COVERS), 1)
        luma, chroma = unpack(paint)
        front, back = (self._bent(number, flow[:, number]) for number in range(_TEXTURES))
        over = F.pixel_shuffle(cover, 2)
        luma = luma + back[0] + over * (front[0] - back[0])
        chroma = chroma + back[1] + cover.mean(1, keepdim=True) * (front[1] - back[1])
        return luma, chroma

    def _bent(self, number: int, flow: Tensor) -> tuple[Tensor, Tensor]:
        luma, chroma = unpack(self.textures[number, None].float() * SCALE)
        return _sampled(luma, flow), _sampled(chroma, flow)


def _sampled(texture: Tensor, flow: Tensor) -> Tensor:
    """texture (1, C, s, s) at places moved by flow (N, 2, 20, 20), as (N, C, s, s)."""
    size = texture.shape[2]
    wide = F.interpolate(flow, size=(size, size), mode="bilinear", align_corners=False)
    grid = _grid(size) + 2 * wide.permute(0, 2, 3, 1)
    # All of a batch look into one texture: it is sampled once, as one very tall picture.
    tall = F.grid_sample(
        texture, grid.reshape(1, -1, size, 2), padding_mode="border", align_corners=False
    )
    return tall.view(texture.shape[1], -1, size, size).transpose(0, 1)


def _grid(size: int) -> Tensor:
    """(1, size, size, 2): the centre of every pixel, x and y from -1 to 1."""
    line = (torch.arange(size) + 0.5) / size * 2 - 1
    down, across = torch.meshgrid(line, line, indexing="ij")
    return torch.stack([across, down], -1)[None]


def pack(luma: Tensor, chroma: Tensor) -> Tensor:
    """(N, 1, 160, 160) and (N, 2, 80, 80) as (N, 6, 80, 80): four pixels of luma, then chroma."""
    return torch.cat([F.pixel_unshuffle(luma, MOUTH_SIZE // HALF), chroma], 1)


def unpack(packed: Tensor) -> tuple[Tensor, Tensor]:
    """The way back."""
    return F.pixel_shuffle(packed[:, :_COVERS], MOUTH_SIZE // HALF), packed[:, _COVERS:]


def load(checkpoint: Path) -> Generator:
    """A trained generator in evaluation mode."""
    generator = Generator()
    generator.load_state_dict(torch.load(checkpoint, weights_only=True)["average"])
    return generator.eval()
