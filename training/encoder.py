"""The encoder: sixteen mel columns to eight mouth controls, trained on CPU.

    python -m training.encoder [--minutes 10] [--data training/build/speech.npz]

0.27 M parameters, about 1.6 M multiply-adds. It hears columns −6…9 around a moment and says how the
mouth stands at that moment. Augmentation happens on mel windows, so that every batch is a new
voice, microphone and room. Progress lies on disk (training/build/encoder.pt), safe to interrupt.
"""

import argparse
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from backend.avatar.mel import MEL_BANDS, WINDOW_FRAMES
from backend.avatar.mouth import CONTROL_COUNT
from training.audio import STRIP, WORK

MEL_LEAD_FRAMES = 6
CHECKPOINT = WORK / "encoder.pt"
_BATCH = 128
_PEAK_RATE = 2.5e-3
# jaw, wide, pucker, funnel, lower_down, upper_up, press, fv: what the eye minds most weighs most
_CONTROL_WEIGHTS = (2.5, 1.0, 1.2, 1.2, 1.5, 1.0, 1.8, 1.0)


class Encoder(nn.Module):
    """mel (N, 1, 80, 16) in −4…4 to controls (N, 8) in 0..1."""

    def __init__(self) -> None:
        super().__init__()
        self.hear = _conv(MEL_BANDS, 96)
        self.listen = _conv(96, 96)
        self.gather = _conv(96, 128, stride=2)
        self.refine = _conv(128, 128)
        self.speak = nn.Sequential(
            nn.Flatten(),
            nn.Linear(128 * WINDOW_FRAMES // 2, 128),
            nn.ReLU(),
            nn.Dropout(0.1),
            nn.Linear(128, CONTROL_COUNT),
        )

    def forward(self, mel: Tensor) -> Tensor:
        heard = self.hear(mel[:, 0] * 0.25)
        heard = heard + self.listen(heard)
        heard = self.gather(heard)
        heard = heard + self.refine(heard)
        return torch.sigmoid(self.speak(heard) * 1.5 - 1.5)


def _conv(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv1d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm1d(outputs), nn.ReLU()
    )


@dataclass(frozen=True, slots=True)
class Strip:
    """A training strip: mel (n, 80), time first for fast look-ups, and controls (n, 8), float16."""

    mel: Tensor
    controls: Tensor

    @classmethod
    def load(cls, path: Path) -> "Strip":
        with np.load(path) as stored:
            mel = np.ascontiguousarray(stored["mel"].T)
            return cls(torch.from_numpy(mel), torch.from_numpy(stored["controls"]))

    def batch(self, moments: Tensor) -> tuple[Tensor, Tensor]:
        columns = moments[:, None] - MEL_LEAD_FRAMES + torch.arange(WINDOW_FRAMES)
        windows = self.mel[columns].permute(0, 2, 1)[:, None].float()
        return windows.contiguous(), self.controls[moments].float()

    def odds(self) -> Tensor:
        """Cumulative chance of each moment: closures count double, the strip's edges never."""
        weight = 1.0 + (self.controls[:, CONTROL_COUNT - 2] > 0.3).double()
        weight[:WINDOW_FRAMES] = 0
        weight[-WINDOW_FRAMES:] = 0
        return torch.cumsum(weight, 0) / weight.sum()


def augment(mel: Tensor) -> Tensor:
    """Another mouth, microphone, level and room for windows (N, 1, 80, 16); the first 30 % stay."""
    kept = len(mel) * 3 // 10
    return torch.cat([mel[:kept], _disguise(mel[kept:])])


def _disguise(mel: Tensor) -> Tensor:
    count = len(mel)
    mel = _warp_formants(mel, 0.84 + 0.34 * torch.rand(count))
    mean = mel.mean((1, 2, 3), keepdim=True)
    mel = mean + (mel - mean) * (0.75 + 0.4 * torch.rand(count, 1, 1, 1))
    level = (torch.rand(count, 1, 1, 1) - 0.65) * 1.8
    mel = _smear(mel + _tilt(count, 6, 0.35) + level)
    raised = torch.rand(count, 1, 1, 1) * 2.6 * (torch.rand(count, 1, 1, 1) < 0.7)
    floor = -4 + raised + _tilt(count, 5, 0.4) * (raised > 0)
    grain = torch.randn_like(mel)
    mel = torch.maximum(mel, floor + 0.25 * grain * (floor > -3.9))
    mel = mel + 0.15 * torch.randn_like(mel) * (mel > -3.9)
    return mel.clamp(-4, 4)


def _smear(mel: Tensor) -> Tensor:
    """Blur a batch over bands, so that pitch says little, or over time, as rooms do, or not."""
    draw = float(torch.rand(()))
    bands, columns = (3, 1) if draw < 0.35 else (5, 1) if draw < 0.5 else (1, 3)
    if draw > 0.65:
        return mel
    padded = functional.pad(mel, (columns // 2,) * 2 + (bands // 2,) * 2, mode="replicate")
    return functional.avg_pool2d(padded, (bands, columns), 1)


def _tilt(count: int, knots: int, amount: float) -> Tensor:
    """A random smooth curve over the bands: an equaliser, or a colour of noise."""
    curve = functional.interpolate(
        torch.randn(count, 1, knots) * amount, MEL_BANDS, mode="linear", align_corners=True
    )
    return curve[..., None]


def _warp_formants(mel: Tensor, factor: Tensor) -> Tensor:
    """Stretch the band axis by a factor per window, as longer and shorter vocal tracts do."""
    count = len(mel)
    bands = (torch.linspace(0, 1, MEL_BANDS) * factor[:, None]).clamp(max=1.15) * 2 - 1
    across = torch.linspace(-1, 1, WINDOW_FRAMES).expand(count, MEL_BANDS, WINDOW_FRAMES)
    down = bands[:, :, None].expand(count, MEL_BANDS, WINDOW_FRAMES)
    grid = torch.stack([across, down], -1)
    return functional.grid_sample(mel, grid, align_corners=True, padding_mode="border")


def loss_of(predicted: Tensor, wanted: Tensor) -> Tensor:
    error = predicted - wanted
    weights = torch.tensor(_CONTROL_WEIGHTS)
    return (error.abs() * weights).mean() + 2 * (error.square() * weights).mean()


def train(strip: Strip, minutes: float, checkpoint: Path, seed: int = 0) -> Encoder:
    """Train for so many minutes of processor time; the learning rate follows the same clock."""
    torch.manual_seed(seed)
    encoder, odds = Encoder(), strip.odds()
    optimiser = torch.optim.AdamW(encoder.parameters(), _PEAK_RATE, weight_decay=1e-2)
    started, step, running = time.process_time(), 0, 0.0
    while (spent := (time.process_time() - started) / (60 * minutes)) < 1:
        for group in optimiser.param_groups:
            group["lr"] = _rate(spent)
        moments = torch.searchsorted(odds, torch.rand(_BATCH, dtype=torch.double))
        mel, wanted = strip.batch(moments)
        loss = loss_of(encoder(augment(mel)), wanted)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        running += (loss.item() - running) * 0.01
        step += 1
        if step % 1000 == 0:
            print(f"step {step}  loss {running:.4f}  {spent:.0%}", flush=True)
            torch.save(encoder.state_dict(), checkpoint)
    torch.save(encoder.state_dict(), checkpoint)
    return encoder.eval()


def _rate(spent: float) -> float:
    """Short linear warm-up, then a cosine down to nearly nothing."""
    warm = min(1.0, spent / 0.05)
    return _PEAK_RATE * warm * (0.5 + 0.5 * float(np.cos(np.pi * spent))) + 1e-6


def load(checkpoint: Path = CHECKPOINT) -> Encoder:
    encoder = Encoder()
    encoder.load_state_dict(torch.load(checkpoint, weights_only=True))
    return encoder.eval()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--data", type=Path, default=STRIP)
    parser.add_argument("--out", type=Path, default=CHECKPOINT)
    options = parser.parse_args()
    torch.set_num_threads(1)
    train(Strip.load(options.data), options.minutes, options.out)


if __name__ == "__main__":
    main()
