"""Render one avatar's mouth patches: the mouth box alone, over the background.

    python -m training.render.mouths --look training/looks/nora.json --count 320 --part 0/2

Needs `states.npy`, and what `stills` writes. Hair is only coarse here: where it hangs into the box
the base shows instead. Patch `NNNN.png` is row NNNN of the states; one on disk is not rendered
again, so a run can be stopped, and several processes share the work (`--part 0/2`, `--part 1/2`).
`index.jsonl` lists what is there.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path

import cv2
import numpy as np

from training.render.expressions import mouth_weights
from training.render.figure import Figure
from training.render.geometry import Array
from training.render.look import load_look
from training.render.sheet import PATCH_SIZE, SIZE, Region
from training.render.stills import BUILD


def render(
    look_path: Path, folder: Path, states: Array, samples: int, part: int, parts: int
) -> None:
    """Render every `parts`-th row of `states` (n, 9), starting at `part`."""
    look = load_look(look_path)
    out = folder / "mouth"
    out.mkdir(parents=True, exist_ok=True)
    camera = json.loads((folder / "camera.json").read_text())
    box = tuple(round(edge * SIZE) for edge in camera["mouth_box"])
    region = tuple(edge * PATCH_SIZE // SIZE for edge in box)
    base = _part_of(folder / "base.png", region)
    hair = _part_of(folder / "hair.png", region) / 255
    figure = Figure(look, coarse_hair=True)
    figure.shots.denoise_quickly()
    for number in range(part, len(states), parts):
        path = out / f"{number:04d}.png"
        if path.exists():
            continue
        began = time.monotonic()
        figure.show(mouth_weights(states[number], look.base_expression))
        picture = figure.shots.picture(PATCH_SIZE, samples, region)
        picture = np.round(picture + (base - picture) * hair).astype(np.uint8)
        unfinished = path.with_suffix(".part.png")
        cv2.imwrite(str(unfinished), picture[..., ::-1])
        unfinished.rename(path)
        _write_index(out, states, box)
        if number // parts % 20 == 0:
            print(f"{number}: {time.monotonic() - began:.1f} s", flush=True)


def _part_of(path: Path, region: Region) -> Array:
    """A region of the `PATCH_SIZE` version of a picture, RGB as float."""
    small = cv2.resize(cv2.imread(str(path)), (PATCH_SIZE,) * 2, interpolation=cv2.INTER_AREA)
    x0, y0, x1, y1 = region
    return small[y0:y1, x0:x1, ::-1].astype(float)


def _write_index(out: Path, states: Array, box: tuple[int, ...]) -> None:
    """One line per patch on disk, in the order of the states. Replaced in one step."""
    lines = [
        json.dumps({"file": f"{n:04d}.png", "controls": row, "region": box})
        for n, row in enumerate(states.round(4).tolist())
        if (out / f"{n:04d}.png").exists()
    ]
    unfinished = out / f"index.{os.getpid()}.part"
    unfinished.write_text("\n".join(lines) + "\n")
    unfinished.rename(out / "index.jsonl")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--look", type=Path, required=True)
    parser.add_argument("--out", type=Path, help="default: training/build/<id>")
    parser.add_argument("--count", type=int, default=320)
    parser.add_argument("--samples", type=int, default=8)
    parser.add_argument("--part", default="0/1", help="this process's share, as i/n")
    args = parser.parse_args()
    part, parts = map(int, args.part.split("/"))
    states = np.load(BUILD / "states.npy")[: args.count].astype(float)
    render(args.look, args.out or BUILD / args.look.stem, states, args.samples, part, parts)


if __name__ == "__main__":
    main()
