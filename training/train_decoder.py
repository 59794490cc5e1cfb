"""Teach the decoder from rendered crops.

    python -m training.train_decoder --minutes 25 --threads 2 [--resume]

Time-bounded: the learning rate follows the clock. A checkpoint is written every minute, and
`--resume` goes on from it with whatever crops exist by then. Ends with numbers on held-out crops
and a sheet of mouths, each true above and drawn below. `--minutes 0` only judges.
"""

from __future__ import annotations

import argparse
import copy
import math
import time
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - torch's own habit
from skimage.metrics import structural_similarity
from torch import Tensor

from training import crop_set
from training.decoder import CHECKPOINT, FACE, Decoder, load

_BATCH = 12
_AVERAGING = 0.998
_CHECKPOINT_S = 60.0
_CUT = FACE // 2
_LIPS = slice(_CUT + 6, 90), slice(24, 72)  # rows and columns that hold the mouth


class Samples:
    """Random training batches: target, controls, and a reference crop of the same person."""

    def __init__(self, crops: crop_set.CropSet, seed: int) -> None:
        torch.manual_seed(seed)
        self._pictures = torch.from_numpy(crops.pictures).permute(0, 3, 1, 2)
        self._controls = torch.from_numpy(crops.controls)
        self._neutral = torch.from_numpy(crops.neutral_of)
        self._learn = torch.from_numpy(np.flatnonzero(~crops.held_out))
        self._same_pose = {
            frame: torch.from_numpy(np.flatnonzero((crops.frame == frame) & ~crops.held_out))
            for frame in np.unique(crops.frame)
        }
        self._frame = crops.frame

    def batch(self, size: int = _BATCH) -> tuple[Tensor, Tensor, Tensor]:
        """(face (N, 6, 96, 96), controls (N, 8), wanted (N, 3, 96, 96))."""
        targets = self._learn[torch.randint(len(self._learn), (size,))]
        resting = torch.rand(size) < 0.04  # the neutral mouth must come out untouched
        targets = torch.where(resting, self._neutral[targets], targets)
        references = torch.stack([self._reference(int(t)) for t in targets])
        references = torch.where(resting, self._neutral[targets], references)
        both = self._pictures[torch.cat([targets, references])].float() / 255
        wanted, reference = _coloured(_moved(both)).chunk(2)
        shown = (reference + 0.01 * torch.randn_like(reference)).clamp(0, 1)
        return face_of(wanted, shown), self._controls[targets], wanted

    def _reference(self, target: int) -> Tensor:
        """Mostly the neutral picture of the same pose, as in the service; sometimes another."""
        draw = torch.rand(()).item()
        if draw < 0.62:
            return self._neutral[target]
        pool = self._same_pose[self._frame[target]] if draw < 0.92 else self._learn
        return pool[torch.randint(len(pool), ())]


def face_of(target: Tensor, reference: Tensor) -> Tensor:
    """The six-channel input: target without its lower half, and the reference."""
    upper = target.clone()
    upper[:, :, _CUT:] = 0
    return torch.cat([upper, reference], 1)


def _moved(pairs: Tensor) -> Tensor:
    """Cut the 96×96 face out of the canvas, a little shifted, turned and scaled; pairs alike."""
    n = len(pairs) // 2
    angle, size = torch.randn(n) * 0.045, FACE / crop_set.CANVAS * (1 + torch.randn(n) * 0.035)
    shift = torch.randn(n, 2) * 0.035
    cos, sin = size * torch.cos(angle), size * torch.sin(angle)
    theta = torch.stack(
        [torch.stack([cos, -sin, shift[:, 0]], 1), torch.stack([sin, cos, shift[:, 1]], 1)], 1
    )
    grid = F.affine_grid(theta.repeat(2, 1, 1), [2 * n, 3, FACE, FACE], align_corners=False)
    return F.grid_sample(pairs, grid, padding_mode="reflection", align_corners=False)


def _coloured(pairs: Tensor) -> Tensor:
    """Change gamma, colour balance and sharpness; pairs alike."""
    n = len(pairs) // 2
    gamma = torch.exp(0.10 * torch.randn(n, 1, 1, 1)).repeat(2, 1, 1, 1)
    gain = (1 + 0.04 * torch.randn(n, 3, 1, 1)).repeat(2, 1, 1, 1)
    offset = (0.015 * torch.randn(n, 3, 1, 1)).repeat(2, 1, 1, 1)
    sharpness = torch.empty(n, 1, 1, 1).uniform_(-0.2, 0.7).repeat(2, 1, 1, 1)
    blurred = F.avg_pool2d(pairs, 3, 1, 1, count_include_pad=False)
    sharper = pairs + sharpness * (pairs - blurred)
    return (sharper.clamp(1e-4, 1) ** gamma * gain + offset).clamp(0, 1)


def _importance() -> Tensor:
    """(1, 1, 48, 96) weight of each pixel of the lower half: four times as much at the lips."""
    rows, columns = torch.arange(_CUT, FACE)[:, None], torch.arange(FACE)[None]
    near_lips = torch.exp(-(((columns - 48) / 22) ** 2) - ((rows - 67) / 14) ** 2)
    return (1 + 3 * near_lips)[None, None]


def loss_of(predicted: Tensor, wanted: Tensor, importance: Tensor) -> Tensor:
    """Weighted L1 of the lower half, and of its gradients, which keeps teeth and lips crisp."""
    error = (predicted - wanted)[:, :, _CUT:]
    across, down = error.diff(dim=3), error.diff(dim=2)
    root = importance.sqrt()
    edges = (across * root[..., 1:]).abs().mean() + (down * root[:, :, 1:]).abs().mean()
    return (error.abs() * importance).mean() + edges


def train(
    samples: Samples, minutes: float, peak_rate: float, resume: bool, checkpoint: Path
) -> None:
    """Train by the wall clock; the checkpoint keeps the weights and their running average."""
    decoder = Decoder()
    if resume:
        decoder.load_state_dict(torch.load(checkpoint, weights_only=True)["latest"])
    decoder = decoder.to(memory_format=torch.channels_last)
    average = copy.deepcopy(decoder)
    optimiser = torch.optim.AdamW(decoder.parameters(), peak_rate, weight_decay=1e-4)
    importance = _importance()
    began = saved = time.monotonic()
    step, running = 0, 0.0
    while (spent := (time.monotonic() - began) / (60 * minutes)) < 1:
        for group in optimiser.param_groups:
            warm = min(1.0, (step + 1) / 100)
            group["lr"] = peak_rate * warm * (0.5 + 0.5 * math.cos(math.pi * spent)) + 1e-5
        face, controls, wanted = samples.batch()
        face = face.to(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16):
            predicted = decoder(face, controls + 0.015 * torch.randn_like(controls))
        loss = loss_of(predicted.float(), wanted, importance)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        _average_in(average, decoder, min(_AVERAGING, (step + 1) / (step + 10)))
        running += (loss.item() - running) * (0.01 if step else 1)
        step += 1
        if step % 200 == 0:
            print(f"step {step}  loss {running:.4f}  {spent:.0%}", flush=True)
        if time.monotonic() - saved > _CHECKPOINT_S:
            saved = time.monotonic()
            _save(decoder, average, checkpoint)
    _recalibrate(average, samples)
    _save(decoder, average, checkpoint)


def _average_in(average: Decoder, decoder: Decoder, keep: float) -> None:
    for mean, now in zip(average.state_dict().values(), decoder.state_dict().values(), strict=True):
        if mean.is_floating_point():
            mean.lerp_(now, 1 - keep)


def _recalibrate(decoder: Decoder, samples: Samples) -> None:
    """Batch-norm statistics of averaged weights are nobody's; measure them afresh."""
    norms = [m for m in decoder.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # cumulative average
    decoder.train()
    with torch.no_grad():
        for _ in range(30):
            face, controls, _ = samples.batch(32)
            decoder(face, controls)


def _save(decoder: Decoder, average: Decoder, checkpoint: Path) -> None:
    """Written aside and renamed, so that a reader never sees half a file."""
    aside = checkpoint.with_suffix(".tmp")
    torch.save({"latest": decoder.state_dict(), "average": average.state_dict()}, aside)
    aside.replace(checkpoint)


def evaluate(decoder: Decoder, crops: crop_set.CropSet, sheet: Path) -> dict[str, float]:
    """L1 and SSIM of the lower half on held-out crops, beside copying the reference."""
    chosen = np.flatnonzero(crops.held_out)
    margin = (crop_set.CANVAS - FACE) // 2
    inner = crops.pictures[:, margin:-margin, margin:-margin]
    wanted = torch.from_numpy(inner[chosen]).permute(0, 3, 1, 2).float() / 255
    reference = torch.from_numpy(inner[crops.neutral_of[chosen]]).permute(0, 3, 1, 2).float() / 255
    controls = torch.from_numpy(crops.controls[chosen])
    with torch.no_grad():
        predicted = decoder(face_of(wanted, reference), controls)
        still = decoder(face_of(reference, reference), torch.zeros_like(controls))
    change = (still - reference).abs().mean()
    numbers = {"held_out": float(len(chosen)), "neutral_l1": float(change)}
    for name, picture in (("net", predicted), ("copy", reference)):
        numbers |= {f"{name}_{k}": v for k, v in _scores(picture, wanted).items()}
    pairs = [np.concatenate(p) for p in zip(_pixels(wanted), _pixels(predicted), strict=True)]
    cv2.imwrite(str(sheet), _sheet(pairs))
    return numbers


def _sheet(pairs: list[np.ndarray], across: int = 8, down: int = 6) -> np.ndarray:
    """Pictures side by side, filled up with grey, at twice their size."""
    pairs = pairs[: across * down]
    rows = math.ceil(len(pairs) / across)
    pairs += [np.full_like(pairs[0], 128)] * (across * rows - len(pairs))
    grid = [np.concatenate(pairs[r * across : (r + 1) * across], 1) for r in range(rows)]
    return np.concatenate(grid).repeat(2, 0).repeat(2, 1)


def _pixels(batch: Tensor) -> np.ndarray:
    return (batch[:, :, _CUT:].permute(0, 2, 3, 1).clamp(0, 1) * 255).round().byte().numpy()


def _scores(pictures: Tensor, wanted: Tensor) -> dict[str, float]:
    rows, columns = _LIPS
    pairs = zip(_pixels(pictures), _pixels(wanted), strict=True)
    similar = [structural_similarity(a, b, channel_axis=2) for a, b in pairs]
    error = (pictures - wanted).abs()
    return {
        "l1": float(error[:, :, _CUT:].mean()),
        "lips_l1": float(error[:, :, rows, columns].mean()),
        "ssim": float(np.mean(similar)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=25.0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--peak-rate", type=float, default=1.5e-3)
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--crops", type=Path, default=crop_set.CROPS)
    parser.add_argument("--out", type=Path, default=CHECKPOINT)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    crops = crop_set.load(args.crops)
    print(f"{len(crops.pictures)} crops, {len(np.unique(crops.frame))} poses", flush=True)
    if args.minutes > 0:
        train(Samples(crops, 0), args.minutes, args.peak_rate, args.resume, args.out)
    decoder = load(args.out)
    for name, value in evaluate(decoder, crops, args.out.with_name("decoder_sheet.png")).items():
        print(f"{name}: {value:.4f}")


if __name__ == "__main__":
    main()
