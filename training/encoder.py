"""The hearing half: forty columns of sound to eight mouth controls, trained on CPU.

    python -m training.encoder [--seed 0] [--minutes 30] [--strips training/build/strips]

It hears columns −30…9 around a moment, of the mel and of the phones that people would take it for
(`people`), and says how the mouth stands at that moment. The phones know strangers and the mel
knows details: every so often a whole stretch goes without the mel, so that neither is forgotten.
No convolution is padded in time, so over a stretch of sound the net gives every moment at the cost
of little more than one: that is how it is trained, and how it learns to move as a mouth does.
Augmentation happens on stretches, so that every batch is a new voice, microphone and room. What is
kept is a running average of the weights; progress lies on disk (training/build/encoder.SEED.pt),
safe to interrupt.

With `--narrow` it makes another kind: columns −6…9 of the mel alone, which knows the synthesisers
best. Encoders of both kinds and of different seeds, listened to together, hear better than one.
"""

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel

from backend.avatar.lips.listener import Window
from backend.avatar.lips.mel import MEL_BANDS, WINDOW_FRAMES
from backend.avatar.lips.mouth import CONTROL_COUNT, CONTROLS
from backend.avatar.lips.phones import PHONE_COUNT
from training.audio import STRIPS, WORK

WINDOW = Window(lead=30, columns=40)
ROWS = MEL_BANDS + PHONE_COUNT
CHECKPOINT = "encoder.{}.pt"
_BATCH = 48
_MOMENTS = 48
_STRETCH = _MOMENTS + WINDOW.columns - 1
_DEAF_TO_MEL = 0.25
_LEAST_LOG = -8.0
_TOLD = 96
_PEAK_RATE = 2e-3
_AVERAGED_STEPS = 1000
# jaw, wide, pucker, funnel, lower_down, upper_up, press, fv: what the eye minds most weighs most
_CONTROL_WEIGHTS = (2.5, 1.0, 1.2, 1.2, 1.5, 1.0, 1.8, 1.0)
_TOUCH_ODDS = 2.0
_FRAME_COLUMNS = 3
_JAW, _LOWER, _UPPER, _PRESS = (
    CONTROLS.index(name) for name in ("jaw", "lower_down", "upper_up", "press")
)
_TOUCHES = [_PRESS, CONTROLS.index("fv")]


class Encoder(nn.Module):
    """sound (N, 1, 122, 40), mel in −4…4 above phones in −8…0, to controls (N, 8) in 0..1.

    narrow: hears only the last 16 columns, and no phones.
    """

    def __init__(self, narrow: bool = False) -> None:
        super().__init__()
        self.hear = nn.Sequential(
            _patch(1, 8, bands=7), _patch(8, 16, bands=5), nn.Flatten(1, 2), nn.Dropout1d(0.1)
        )
        self.tell = None if narrow else nn.Sequential(_conv(PHONE_COUNT, _TOLD, 5))
        heard, far = 16 * MEL_BANDS // 4, (1, 2, 1) if narrow else (2, 4, 7)
        self.listen = nn.Sequential(
            _conv(heard if narrow else heard + _TOLD, 128, 3),
            _conv(128, 128, 3, spacing=far[0]),
            _conv(128, 160, 3, spacing=far[1]),
            _conv(160, 160, 4, spacing=far[2]),
        )
        self.speak = nn.Sequential(nn.Dropout(0.1), nn.Conv1d(160, CONTROL_COUNT, 1))

    def forward(self, sound: Tensor) -> Tensor:
        return torch.sigmoid(self.raw(sound))[..., 0]

    def raw(self, sound: Tensor) -> Tensor:
        """Stretches (N, 1, 122, n + 39) to the n moments that have a whole window, (N, 8, n),
        before the sigmoid."""
        if self.tell is None:
            late = WINDOW.columns - WINDOW_FRAMES
            told = self.hear(sound[:, :, :MEL_BANDS, late:] * 0.25)
        else:
            heard = self.hear(sound[:, :, :MEL_BANDS] * 0.25)
            if self.training:
                heard = heard * (torch.rand(len(heard), 1, 1) > _DEAF_TO_MEL)
            told = torch.cat([heard, self.tell(sound[:, 0, MEL_BANDS:] * 0.25 + 1)], 1)
        said: Tensor = self.speak(self.listen(told))
        return said * 1.5 - 1.5


class Choir(nn.Module):
    """Stretches (N, 1, 122, n + 39) to the mean (N, 8, n) of what several encoders say, 0..1: where
    they err, they err apart."""

    def __init__(self, singers: Sequence[Encoder]) -> None:
        super().__init__()
        self.singers = nn.ModuleList(singers)

    def forward(self, sound: Tensor) -> Tensor:
        return torch.stack([torch.sigmoid(one.raw(sound)) for one in self.singers]).mean(0)


def _patch(inputs: int, outputs: int, bands: int) -> nn.Sequential:
    """Looks at so many bands and three columns, and halves the bands."""
    looking = nn.Conv2d(inputs, outputs, (bands, 3), (2, 1), (bands // 2, 0), bias=False)
    return nn.Sequential(looking, nn.BatchNorm2d(outputs), nn.ReLU())


def _conv(inputs: int, outputs: int, columns: int, spacing: int = 1) -> nn.Sequential:
    listening = nn.Conv1d(inputs, outputs, columns, dilation=spacing, bias=False)
    return nn.Sequential(listening, nn.BatchNorm1d(outputs), nn.ReLU(), nn.Dropout1d(0.05))


@dataclass(frozen=True, slots=True)
class Speech:
    """All strips end to end: sound (n, 122), time first for fast look-ups, and controls (n, 8)."""

    sound: Tensor
    controls: Tensor

    @classmethod
    def load(cls, folder: Path) -> "Speech":
        sounds, controls = [], []
        for path in sorted(folder.glob("[!u]*.npz")):
            with np.load(path) as stored:
                sounds.append(torch.from_numpy(stored["sound"]))
                controls.append(torch.from_numpy(stored["controls"]))
        return cls(torch.cat(sounds), torch.cat(controls))

    def batch(self, starts: Tensor) -> tuple[Tensor, Tensor]:
        """Stretches (N, 1, 122, 87) from these columns on, and their 48 moments' (N, 8, 48)."""
        sound = self.sound[starts[:, None] + torch.arange(_STRETCH)].transpose(1, 2)[:, None]
        moments = starts[:, None] + WINDOW.lead + torch.arange(_MOMENTS)
        return sound.float().contiguous(), self.controls[moments].transpose(1, 2).float()


def augment(sound: Tensor) -> Tensor:
    """Another mouth, microphone, level and room for (N, 1, 122, n); the first fifth stay."""
    kept = len(sound) // 5
    mel, phones = sound[kept:, :, :MEL_BANDS], sound[kept:, :, MEL_BANDS:]
    return torch.cat([sound[:kept], torch.cat([_disguise(mel), _mistaken(phones)], 2)])


def _mistaken(phones: Tensor) -> Tensor:
    """Taken for other phones a little, surer or less sure: log, −8…0."""
    count = len(phones)
    surer = phones * (0.7 + 0.6 * torch.rand(count, 1, 1, 1))
    ever = 0.6 * torch.randn(count, 1, PHONE_COUNT, 1)
    now = 0.4 * torch.randn_like(phones)
    return torch.log_softmax(surer + ever + now, 2).clamp(min=_LEAST_LOG)


def _disguise(mel: Tensor) -> Tensor:
    count = len(mel)
    mel = _warp_formants(mel, 0.82 + 0.4 * torch.rand(count))
    mean = mel.mean((1, 2, 3), keepdim=True)
    mel = mean + (mel - mean) * (0.7 + 0.5 * torch.rand(count, 1, 1, 1))
    level = (torch.rand(count, 1, 1, 1) - 0.65) * 1.8
    mel = _smear(_deafened(mel + _tilt(count, 6, 0.55) + _tilt(count, 16, 0.2) + level))
    raised = torch.rand(count, 1, 1, 1) * 2.6 * (torch.rand(count, 1, 1, 1) < 0.7)
    floor = -4 + raised + _tilt(count, 5, 0.4) * (raised > 0)
    grain = torch.randn_like(mel)
    mel = torch.maximum(mel, floor + 0.25 * grain * (floor > -3.9))
    mel = mel + 0.15 * torch.randn_like(mel) * (mel > -3.9)
    return mel.clamp(-4, 4)


def _deafened(mel: Tensor) -> Tensor:
    """Four in ten lose a stretch of bands: nothing may hang on a single formant."""
    count = len(mel)
    first = torch.rand(count, 1) * MEL_BANDS
    width = torch.rand(count, 1) * 14 * (torch.rand(count, 1) < 0.4)
    bands = torch.arange(MEL_BANDS)
    lost = ((bands >= first) & (bands < first + width))[:, None, :, None]
    return torch.where(lost, mel.mean(2, keepdim=True), mel)


def _smear(mel: Tensor) -> Tensor:
    """Blur a batch over bands, so that pitch says little, or over time, as rooms do, or not."""
    draw = float(torch.rand(()))
    bands, columns = (3, 1) if draw < 0.4 else (5, 1) if draw < 0.65 else (1, 3)
    if draw > 0.75:
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
    columns = mel.shape[-1]
    across = torch.linspace(-1, 1, columns).expand(count, MEL_BANDS, columns)
    down = bands[:, :, None].expand(count, MEL_BANDS, columns)
    grid = torch.stack([across, down], -1)
    return functional.grid_sample(mel, grid, align_corners=True, padding_mode="border")


def loss_of(raw: Tensor, wanted: Tensor) -> Tensor:
    """(N, 8, n) before the sigmoid against the truth: each control, how far the lips are apart,
    how they move from one frame to the next, and whether they meet or touch the teeth. Those
    moments are rare and short, and count double."""
    predicted = torch.sigmoid(raw)
    error = predicted - wanted
    touching = wanted[:, _TOUCHES]
    weights = torch.tensor(_CONTROL_WEIGHTS)[:, None] * (1 + touching.amax(1, keepdim=True))
    apart = _opening(predicted) - _opening(wanted)
    moved = (error[..., _FRAME_COLUMNS:] - error[..., :-_FRAME_COLUMNS]).abs()
    meeting = functional.binary_cross_entropy_with_logits(
        raw[:, _TOUCHES], touching, pos_weight=torch.tensor(_TOUCH_ODDS)
    )
    shapes = (error.abs() * weights).mean() + 2 * (error.square() * weights).mean()
    return shapes + 2 * apart.abs().mean() + 0.7 * moved.mean() + 0.6 * meeting


def _opening(controls: Tensor) -> Tensor:
    """As `measure.opening`, for (N, 8, n)."""
    apart = 0.8 * controls[:, _JAW] + 0.25 * controls[:, _LOWER] + 0.2 * controls[:, _UPPER]
    return apart * (1 - controls[:, _PRESS])


def train(
    speech: Speech, minutes: float, checkpoint: Path, seed: int = 0, begin: Encoder | None = None
) -> Encoder:
    """Train for so many minutes by the wall clock; the learning rate follows the same clock.

    begin: an encoder to go on with, instead of a new wide one.
    """
    torch.manual_seed(seed)
    encoder = (begin or Encoder()).train()
    average = AveragedModel(encoder, avg_fn=_running_average, use_buffers=True)
    optimiser = torch.optim.AdamW(encoder.parameters(), _PEAK_RATE, weight_decay=3e-2)
    started, step, running = time.monotonic(), 0, 0.0
    while (spent := (time.monotonic() - started) / (60 * minutes)) < 1:
        for group in optimiser.param_groups:
            group["lr"] = _rate(spent)
        sound, wanted = speech.batch(torch.randint(0, len(speech.sound) - _STRETCH, (_BATCH,)))
        loss = loss_of(encoder.raw(augment(sound)), wanted)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        average.update_parameters(encoder)
        running += (loss.item() - running) * max(0.01, 1 / (step + 1))
        step += 1
        if step % 200 == 0:
            print(f"step {step}  loss {running:.4f}  {spent:.0%}", flush=True)
            torch.save(average.module.state_dict(), checkpoint)
    torch.save(average.module.state_dict(), checkpoint)
    return average.module.eval()


def _running_average(average: Tensor, new: Tensor, seen: Tensor) -> Tensor:
    """Over about the last _AVERAGED_STEPS steps; early, over the later half of all steps."""
    steps = min(_AVERAGED_STEPS, float(seen) / 2 + 1)
    return average + (new - average) / steps


def _rate(spent: float) -> float:
    """Short linear warm-up, then a cosine down to nearly nothing."""
    warm = min(1.0, spent / 0.03)
    return _PEAK_RATE * warm * (0.5 + 0.5 * float(np.cos(np.pi * spent))) + 1e-6


def singers(folder: Path = WORK) -> list[Path]:
    """All encoders that were trained here, to be shipped together."""
    return sorted(folder.glob(CHECKPOINT.format("*")))


def load(checkpoint: Path) -> Encoder:
    weights = torch.load(checkpoint, weights_only=True)
    encoder = Encoder(narrow=not any(name.startswith("tell") for name in weights))
    encoder.load_state_dict(weights)
    return encoder.eval()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--strips", type=Path, default=STRIPS)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--begin", type=Path, help="a checkpoint to go on with")
    parser.add_argument("--out", type=Path, help="the checkpoint, for another than the seed's own")
    parser.add_argument("--narrow", action="store_true", help="16 columns of mel alone")
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(options.seed)
    begin = load(options.begin) if options.begin else Encoder(options.narrow)
    out = options.out or WORK / CHECKPOINT.format(options.seed)
    train(Speech.load(options.strips), options.minutes, out, options.seed, begin)


if __name__ == "__main__":
    main()
