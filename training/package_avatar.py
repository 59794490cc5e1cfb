"""Turn a rendered person's stills into an avatar package: `avatars/<id>/`.

    python -m training.package_avatar --look training/looks/nora.json

Reads `training/build/<id>/`, and takes `mouth.onnx` (and `mouth.int8.onnx`) along if they are
there; without them the package is drawn by `warp`. `--nets` takes new ones into a package that is
there already. Runs in the service's own environment. `backend/avatar/packages/package.py` says what
a package holds.
"""

from __future__ import annotations

import argparse
import json
import shutil
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from backend.avatar.create.files import blend_mask, in_box
from backend.avatar.packages.card import MOUTH_SIZE
from backend.avatar.packages.facebox import face_box
from backend.avatar.packages.marks import write_marks
from backend.avatar.packages.package import CARD, MARKS, MASK, MOUTH, MOUTH_INT8, PLATE, POSTER
from training.puppet.fields import Float32
from training.puppet.film import Film, eight_bit, filming
from training.puppet.lips import marks_of
from training.puppet.motion import FPS, FRAMES, PERFORMANCES, Act, act
from training.puppet.puppet import SIDE, WHOLE, Moved, Puppet
from training.puppet.stills import MOODS, load_stills
from training.render.expressions import MOOD_SMILE

_BUILD = Path(__file__).parent / "build"
_LICENCE_TEXT = Path(__file__).parent / "puppet" / "licence.txt"
_PEOPLE = Path(__file__).parent / "puppet" / "people.json"
_LICENCE = "Apache-2.0"
_CREDITS = "Rendered with Blender from ICT-FaceKit (USC Institute for Creative Technologies, MIT)"
_CRF, _MATTE_CRF = 15, 20
_POSTER_QUALITY = 92


@dataclass(frozen=True, slots=True)
class Person:
    """Who is shown: the look's file name and name, and `puppet/people.json`."""

    id: str
    name: str
    look: str
    """One line for who chooses among several."""

    @classmethod
    def of(cls, look: Path) -> Person:
        name = json.loads(look.read_text(encoding="utf-8"))["name"]
        return cls(look.stem, name, json.loads(_PEOPLE.read_text(encoding="utf-8"))[look.stem])


def performed() -> dict[str, list[Act]]:
    """The three loops."""
    return {name: [act(name, frame) for frame in range(FRAMES)] for name in PERFORMANCES}


def package(person: Person, build: Path, avatars: Path, acts: Mapping[str, Sequence[Act]]) -> Path:
    """Write the whole package anew and return its folder. acts: of equal number in each loop."""
    puppet = Puppet(load_stills(build))
    out = avatars / person.id
    if out.exists():
        shutil.rmtree(out)
    out.mkdir(parents=True)
    moved = {clip: [puppet.moved(one) for one in done] for clip, done in acts.items()}
    box = puppet.mood_box(moved["idle"])
    for clip, frames in moved.items():
        _film_loop(puppet, frames, out, clip)
    _film_moods(puppet, moved["idle"], box, out)
    cv2.imwrite(str(out / PLATE), eight_bit(puppet.plate))
    landmarks = [puppet.landmarks(frame) for frame in moved["idle"]]
    _write_face(puppet, moved["idle"][0], landmarks, out)
    card = {
        "format": 2,
        "id": person.id,
        "name": person.name,
        "look": person.look,
        "width": SIDE,
        "height": SIDE,
        "fps": FPS,
        "frames": len(landmarks),
        "engine": "warp",
        "languages": ["en", "zh"],
        "licence": _LICENCE,
        "credits": _CREDITS,
        "mouth": {
            "size": MOUTH_SIZE,
            "smile": MOOD_SMILE,
            "places": {
                clip: [_rounded(puppet.place(frame), 3) for frame in frames]
                for clip, frames in moved.items()
            },
        },
        "moods": {"box": box, "names": MOODS},
        "face_boxes": [_rounded(face_box(points), 2) for points in landmarks],
    }
    (out / CARD).write_text(card_text(card), encoding="utf-8")
    add_nets(out, build)
    licence = _LICENCE_TEXT.read_text(encoding="utf-8").replace("{name}", person.name)
    (out / "LICENSE.txt").write_text(licence, encoding="utf-8")
    return out


def add_nets(out: Path, build: Path) -> None:
    """Take the mouth's nets into a package, if they are there: then they draw it."""
    nets = [name for name in (MOUTH, MOUTH_INT8) if (build / name).exists()]
    for name in nets:
        shutil.copyfile(build / name, out / name)
    card = json.loads((out / CARD).read_text(encoding="utf-8"))
    card["engine"] = "mouth" if MOUTH in nets else "warp"
    (out / CARD).write_text(card_text(card), encoding="utf-8")


def card_text(card: dict[str, object]) -> str:
    """JSON with a row of numbers on each line."""
    text = json.dumps(card, indent=1, ensure_ascii=False)
    rows = text.split("[\n")
    for number, row in enumerate(rows[1:], 1):
        numbers, bracket, rest = row.partition("]")
        if not any(letter in numbers for letter in '["{'):
            rows[number] = " ".join(numbers.split()) + bracket + rest
        else:
            rows[number] = "\n" + row
    return "[".join(rows) + "\n"


def _film_loop(puppet: Puppet, frames: list[Moved], out: Path, clip: str) -> None:
    """One of the three loops, and its matte."""
    half = SIDE // 2
    with (
        filming(out / f"{clip}.mp4", SIDE, SIDE, _CRF) as film,
        filming(out / f"matte.{clip}.mp4", half, half, _MATTE_CRF) as matte,
    ):
        for frame in frames:
            figure = puppet.figure(frame)
            film.show(puppet.over_plate(figure))
            matte.show_alpha(cv2.resize(figure[..., 3], (half, half), interpolation=cv2.INTER_AREA))


def _film_moods(
    puppet: Puppet, frames: list[Moved], box: tuple[int, int, int, int], out: Path
) -> None:
    """The rectangle of every mood, in idle's motion."""
    width, height = box[2] - box[0], box[3] - box[1]
    with ExitStack() as stack:
        films: dict[str, Film] = {
            mood: stack.enter_context(filming(out / f"mood.{mood}.mp4", width, height, _CRF))
            for mood in MOODS
        }
        for frame in frames:
            for mood, film in films.items():
                film.show(puppet.over_plate(puppet.figure(frame, mood, box), box))


def _write_face(puppet: Puppet, first: Moved, landmarks: list[Float32], out: Path) -> None:
    """What stands still or follows the landmarks: poster, mask, marks."""
    poster = eight_bit(puppet.over_plate(puppet.figure(first, None, WHOLE)))
    cv2.imwrite(str(out / POSTER), poster, [cv2.IMWRITE_JPEG_QUALITY, _POSTER_QUALITY])
    in_boxes = [in_box(points, face_box(points)) for points in landmarks]
    cv2.imwrite(str(out / MASK), blend_mask(np.mean(in_boxes, axis=0), (0.0, 0.0, 1.0, 1.0)))
    write_marks(out / MARKS, np.stack([marks_of(points) for points in landmarks]))


def _rounded(numbers: tuple[float, ...], digits: int) -> list[float]:
    return [round(number, digits) for number in numbers]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--look", type=Path, required=True)
    parser.add_argument("--build", type=Path, default=_BUILD)
    parser.add_argument("--avatars", type=Path, default=Path("avatars"))
    parser.add_argument("--nets", action="store_true", help="only take new nets into a package")
    args = parser.parse_args()
    began = time.monotonic()
    person = Person.of(args.look)
    out, build = args.avatars / person.id, args.build / person.id
    if args.nets:
        add_nets(out, build)
    else:
        package(person, build, args.avatars, performed())
    for path in sorted(out.iterdir()):
        print(f"{path.name}: {path.stat().st_size / 1e3:.0f} kB")
    print(f"{time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
