"""Render the key frames of the idle loop.

    python -m training.render.template --look training/looks/nora.json --out training/build/template

Every finished frame is one line of `index.jsonl`: frame number and its 68 landmarks, so an
interrupted run can be resumed (finished frames are skipped) and several processes can share the
work (`--part 0/2`, `--part 1/2`).
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

from training.render.figure import Figure
from training.render.look import load_look
from training.render.pose import blink, blink_keys, pose, sway_keys

_SIZE = 512


def eyelids(closed: float) -> dict[str, float]:
    """Morph weights of a blink. The resting face holds the eyes a bit wide; that must go too."""
    weights = {"eyeBlink": closed, "eyeWide": -0.22 * closed}
    return {f"{name}_{side}": w for name, w in weights.items() for side in "LR"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--look", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--samples", type=int, default=12)
    parser.add_argument("--part", default="0/1", help="this process's share, as i/n")
    args = parser.parse_args()
    part, parts = map(int, args.part.split("/"))
    args.out.mkdir(parents=True, exist_ok=True)
    figure = Figure(load_look(args.look))
    frames = sorted({*sway_keys(), *blink_keys()})
    for frame in frames[part::parts]:
        picture = args.out / f"{frame:03d}.png"
        if picture.exists():
            continue
        began = time.monotonic()
        figure.show(eyelids(blink(frame)), pose(frame))
        figure.render(picture, _SIZE, args.samples)
        line = {"frame": frame, "landmarks": figure.landmarks().round(6).tolist()}
        with (args.out / "index.jsonl").open("a") as index:
            index.write(json.dumps(line) + "\n")
        print(f"frame {frame}: {time.monotonic() - began:.1f} s", flush=True)


if __name__ == "__main__":
    main()
