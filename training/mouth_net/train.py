"""Teach one avatar's generator its mouths.

    python -m training.mouth_net.train training/build/nora [--steps 6000] [--like training/build/jo]

Counts steps, not minutes, and draws by a seed: the same mouths give the same net. A checkpoint is
written every few hundred steps, and a run that was stopped goes on from there. `--like` begins with
another avatar's net instead of with nothing. Ends with numbers on held-out mouths, a sheet of them
(true above, drawn below, at twice their size), and the exported files; `--steps 0` only does that.
What is shipped goes on for some hundred steps with `--all`, on the held-out mouths too.
"""

from __future__ import annotations

import argparse
import copy
import math
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from training.mouth_net import patches
from training.mouth_net.export import export
from training.mouth_net.generator import SCALE, Generator, load, pack
from training.mouth_net.judge import drawing, judge

CHECKPOINT = "generator.pt"
_BATCH = 12
_PEAK_RATE = 3e-3
_AVERAGING = 0.998
_CHECKPOINT_STEPS = 500
_WOBBLE = 0.004  # noise on the controls: neighbours of a mouth look like it
_CHROMA = 1.0
_EDGES = 1.0
_RESTING = 0.08  # share of batches that show the three mouths which all others are laid over


class Mouths:
    """Random batches of (controls, packed picture)."""

    def __init__(self, found: patches.Patches, *, has_all: bool = False) -> None:
        learn = ~found.held_out | has_all
        luma, chroma = (torch.from_numpy(p[learn]) for p in (found.luma, found.chroma))
        self._packed = pack(luma[:, None], chroma)
        self._controls = torch.from_numpy(found.controls[learn])
        self.textures = torch.stack([self._packed[0], self._packed.mean(0)])
        self.importance = _importance(self._packed)

    def batch(self, size: int = _BATCH) -> tuple[Tensor, Tensor]:
        chosen = torch.randint(len(self._controls), (size,))
        resting = torch.rand(size) < _RESTING
        chosen = torch.where(resting, torch.randint(3, (size,)), chosen)
        controls = self._controls[chosen]
        return controls + _WOBBLE * torch.randn_like(controls), self._packed[chosen]


def _importance(packed: Tensor) -> Tensor:
    """(1, 1, 80, 80): what moves a lot counts up to four times as much as what never does."""
    moves = packed[:, :4].std(0).mean(0)
    return (1 + 3 * (moves / torch.quantile(moves, 0.97)).clamp(0, 1))[None, None]


def loss_of(drawn: tuple[Tensor, Tensor], wanted: Tensor, importance: Tensor) -> Tensor:
    """Weighted L1 of the pixels, and of the luma's gradients, which keeps teeth and lips crisp."""
    luma = drawn[0] - torch.nn.functional.pixel_shuffle(wanted[:, :4], 2)
    chroma = drawn[1] - wanted[:, 4:]
    fine = torch.nn.functional.interpolate(importance, scale_factor=2.0)
    across = (luma.diff(dim=3) * fine[..., 1:]).abs().mean()
    down = (luma.diff(dim=2) * fine[:, :, 1:]).abs().mean()
    flat = (luma * fine).abs().mean() + _CHROMA * (chroma * importance).abs().mean()
    return (flat + _EDGES * (across + down)) / SCALE


@dataclass
class Run:
    """A training on its way; `state` is all that it needs to go on."""

    generator: Generator
    average: Generator
    optimiser: torch.optim.AdamW
    step: int = 0

    @classmethod
    def begin(cls, textures: Tensor, like: Path | None) -> Run:
        """like: the checkpoint of another avatar whose weights to begin with."""
        torch.manual_seed(0)
        generator = Generator(textures)
        if like is not None:
            known = torch.load(like, weights_only=True)["average"]
            generator.load_state_dict({**known, "textures": generator.textures.data})
        generator = generator.to(memory_format=torch.channels_last)
        optimiser = torch.optim.AdamW(generator.parameters(), _PEAK_RATE, weight_decay=1e-5)
        return cls(generator, copy.deepcopy(generator), optimiser)

    def save(self, checkpoint: Path) -> None:
        """Written aside and renamed, so that a reader never sees half a file."""
        aside = checkpoint.with_suffix(".tmp")
        state = {
            "latest": self.generator.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "step": self.step,
        }
        torch.save(state, aside)
        aside.replace(checkpoint)

    def go_on(self, checkpoint: Path) -> None:
        state = torch.load(checkpoint, weights_only=True)
        self.generator.load_state_dict(state["latest"])
        self.average.load_state_dict(state["average"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.step = state["step"]


def train(mouths: Mouths, run: Run, steps: int, checkpoint: Path) -> None:
    """Up to so many steps in all; the learning rate falls to nothing on the way."""
    running = 0.0
    while run.step < steps:
        torch.manual_seed(run.step)
        loss = _step(mouths, run, run.step / steps)
        running += (loss - running) * (0.01 if running else 1)
        run.step += 1
        if run.step % _CHECKPOINT_STEPS == 0 or run.step == steps:
            print(f"step {run.step}  loss {running:.4f}", flush=True)
            run.save(checkpoint)


def _step(mouths: Mouths, run: Run, done: float) -> float:
    for group in run.optimiser.param_groups:
        warm = min(1.0, (run.step + 1) / 100)
        group["lr"] = _PEAK_RATE * warm * (0.5 + 0.5 * math.cos(math.pi * done)) + 1e-5
    controls, wanted = mouths.batch()
    with torch.autocast("cpu", torch.bfloat16):
        drawn = run.generator(controls)
    loss = loss_of(drawn, wanted, mouths.importance)
    run.optimiser.zero_grad()
    loss.backward()
    run.optimiser.step()
    _average_in(run.average, run.generator, min(_AVERAGING, (run.step + 1) / (run.step + 10)))
    return loss.item()


def _average_in(average: Generator, generator: Generator, keep: float) -> None:
    with torch.no_grad():
        for mean, now in zip(average.parameters(), generator.parameters(), strict=True):
            mean.lerp_(now, 1 - keep)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--steps", type=int, default=6000)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--like", type=Path)
    parser.add_argument("--all", action="store_true")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    found = patches.load(args.folder)
    print(f"{len(found.controls)} mouths", flush=True)
    checkpoint = args.folder / CHECKPOINT
    if args.steps > 0:
        mouths = Mouths(found, has_all=args.all)
        run = Run.begin(mouths.textures, args.like / CHECKPOINT if args.like else None)
        if checkpoint.exists():
            run.go_on(checkpoint)
        train(mouths, run, args.steps, checkpoint)
    generator = load(checkpoint)
    export(generator, found, args.folder)
    for name, value in judge(drawing(generator), found, args.folder / "mouths.png").items():
        print(f"{name:28} {value:.4f}")


if __name__ == "__main__":
    main()
