"""The second half of the net: a face and eight controls to the face with that mouth.

Only the architecture and loading; `train_decoder.py` teaches it.
"""

from __future__ import annotations

from pathlib import Path

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own habit
from torch import Tensor, nn

from training.controls import CONTROL_NAMES

CHECKPOINT = Path(__file__).parent / "build" / "decoder.pt"
FACE = 96
_CUT = FACE // 2  # rows above stay as they are
_CONTEXT = 16  # rows above the cut that the net sees
_WIDTHS = (8, 24, 48, 80, 112)
_EMBEDDING = 64


def _conv(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(True)
    )


class _Up(nn.Module):
    """Double the size, join the skip connection, and scale and shift by the controls (FiLM)."""

    def __init__(self, below: int, skip: int) -> None:
        super().__init__()
        self.join = _conv(below + skip, skip)
        self.film = nn.Linear(_EMBEDDING, 2 * skip)
        self.refine = _conv(skip, skip)

    def forward(self, below: Tensor, skip: Tensor, mouth: Tensor) -> Tensor:
        x = self.join(torch.cat([F.interpolate(below, scale_factor=2.0), skip], 1))
        gain, shift = self.film(mouth)[:, :, None, None].chunk(2, 1)
        return self.refine(x * (1 + gain) + shift)


class Decoder(nn.Module):
    """face (N, 6, 96, 96) BGR 0..1 and controls (N, 8) to the picture (N, 3, 96, 96).

    Channels 0-2 of `face` are the target crop without its lower half, 3-5 a reference crop. The
    lower half comes out as the reference with a newly drawn part mixed in by a learned mask; the
    mask fades to zero at the borders, so no seam can show there.
    """

    def __init__(self) -> None:
        super().__init__()
        a, b, c, d, e = _WIDTHS
        self.stem = _conv(6, a)
        self.down1 = _conv(a, b, 2)
        self.down2 = nn.Sequential(_conv(b, c, 2), _conv(c, c))
        self.down3 = nn.Sequential(_conv(c, d, 2), _conv(d, d))
        self.down4 = nn.Sequential(_conv(d, e, 2), _conv(e, e))
        self.mouth = nn.Sequential(
            nn.Linear(len(CONTROL_NAMES), _EMBEDDING),
            nn.ReLU(True),
            nn.Linear(_EMBEDDING, _EMBEDDING),
            nn.ReLU(True),
        )
        self.bottom = nn.Sequential(_conv(e + _EMBEDDING, e), _conv(e, e))
        self.up3, self.up2, self.up1 = _Up(e, d), _Up(d, c), _Up(c, b)
        self.last = _conv(b + a, 12)
        self.draw = nn.Conv2d(12, 4, 3, 1, 1)
        self.register_buffer("window", _window(), persistent=False)

    def forward(self, face: Tensor, controls: Tensor) -> Tensor:
        seen = face[:, :, _CUT - _CONTEXT :]
        mouth = self.mouth(controls)
        x0 = self.stem(seen)
        x1 = self.down1(x0)
        x2 = self.down2(x1)
        x3 = self.down3(x2)
        x4 = self.down4(x3)
        spread = mouth[:, :, None, None].expand(-1, -1, 4, 6)
        x = self.bottom(torch.cat([x4, spread], 1))
        x = self.up3(x, x3, mouth)
        x = self.up2(x, x2, mouth)
        x = self.up1(x, x1, mouth)
        x = self.last(torch.cat([F.interpolate(x, scale_factor=2.0), x0], 1))
        drawn = torch.sigmoid(self.draw(x))[:, :, _CONTEXT:]
        mask = drawn[:, 3:] * self.window
        lower = mask * drawn[:, :3] + (1 - mask) * face[:, 3:, _CUT:]
        return torch.cat([face[:, :3, :_CUT], lower], 2)


def _window() -> Tensor:
    """(1, 1, 48, 96): 1 inside, 0 on the outermost rows and columns of the lower half."""
    rows, columns = torch.arange(_CUT)[:, None], torch.arange(FACE)[None]
    depth = torch.minimum(
        torch.minimum(rows, _CUT - 1 - rows), torch.minimum(columns, FACE - 1 - columns)
    )
    return (depth / 4).clamp(0, 1)[None, None].float()


def load(checkpoint: Path = CHECKPOINT) -> Decoder:
    """A trained decoder in evaluation mode."""
    decoder = Decoder()
    decoder.load_state_dict(torch.load(checkpoint, weights_only=True)["average"])
    return decoder.eval()
