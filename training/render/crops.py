"""Render training crops: only mouths, to be laid over the template frame of the same pose.

    python -m training.render.crops --look training/looks/nora.json \\
        --states training/build/states.npy --out training/build/crops --until 04:40

Poses are the template's key frames, which are also the neutral faces. Each visit to a pose renders
a handful of mouths and moves on, so a run stopped at any moment has seen all poses about equally.
Every finished picture is one line of `index_<part>.jsonl`, which `training/crop_set.py` reads.
"""

from __future__ import annotations

import argparse
import json
import time
from datetime import datetime
from pathlib import Path

import numpy as np

from backend.avatar.facebox import face_box
from training.controls import expression_weights
from training.render.figure import Figure
from training.render.look import load_look
from training.render.pose import blink, pose, sway_keys
from training.render.scene import Box
from training.render.template import eyelids

SIZE = 320  # of the whole square picture; a face box is then about 120×165 pixels
_VISIT = 6  # mouths per visit: moving the hair costs as much as half a mouth


def mouth_region(box: Box) -> Box:
    """The part of a face box that any mouth control can move."""
    x0, y0, x1, y1 = box
    width, height = x1 - x0, y1 - y0
    return x0 + 0.07 * width, y0 + 0.47 * height, x1 - 0.07 * width, y1 + 0.04 * height


def aligned(region: Box) -> Box:
    """The region snapped to whole pixels of the `SIZE` picture, as 0..1."""
    x0, y0, x1, y1 = (round(edge * SIZE) / SIZE for edge in region)
    return x0, y0, x1, y1


class CropRun:
    """One process's share of the poses and states."""

    def __init__(
        self, figure: Figure, states: np.ndarray, out: Path, part: int, parts: int
    ) -> None:
        self._figure, self._out, self._part = figure, out, part
        order = np.random.RandomState(1).permutation(sway_keys())
        self._frames = [int(f) for f in order[part::parts]]
        self._states = iter(states[part::parts])
        self._made = 0

    def visit_all(self, samples: int, deadline: float) -> bool:
        """One round over the poses. False when the time or the states have run out."""
        for frame in self._frames:
            eyes = eyelids(blink(frame))
            self._figure.show(eyes, pose(frame))
            box = face_box(self._figure.landmarks())
            for _ in range(_VISIT):
                controls = next(self._states, None)
                if controls is None or time.time() > deadline:
                    return False
                self._figure.show({**expression_weights(controls), **eyes}, pose(frame))
                self._picture(frame, controls, aligned(mouth_region(box)), samples)
        return True

    def _picture(self, frame: int, controls: np.ndarray, region: Box, samples: int) -> None:
        name = f"{self._part}_{self._made:05d}.png"
        self._made += 1
        began = time.monotonic()
        self._figure.render(self._out / name, SIZE, samples, region)
        line = {
            "file": name,
            "frame": frame,
            "controls": [round(float(c), 4) for c in controls],
            "region": region,
        }
        with (self._out / f"index_{self._part}.jsonl").open("a") as index:
            index.write(json.dumps(line) + "\n")
        if self._made % 20 == 1:
            print(f"picture {self._made}: {time.monotonic() - began:.1f} s", flush=True)


def _clock_today(text: str) -> float:
    """Seconds since the epoch of HH:MM today, local time."""
    at = datetime.strptime(text, "%H:%M").time()
    return datetime.combine(datetime.now().date(), at).timestamp()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--look", type=Path, required=True)
    parser.add_argument("--states", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--samples", type=int, default=9)
    parser.add_argument("--part", default="0/1", help="this process's share, as i/n")
    parser.add_argument("--until", required=True, help="HH:MM, local time today")
    args = parser.parse_args()
    part, parts = map(int, args.part.split("/"))
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / f"index_{part}.jsonl").unlink(missing_ok=True)
    run = CropRun(Figure(load_look(args.look)), np.load(args.states), args.out, part, parts)
    while run.visit_all(args.samples, _clock_today(args.until)):
        pass


if __name__ == "__main__":
    main()
