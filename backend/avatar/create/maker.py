"""A photo or a video in, an avatar package out: the steps in their order.

Nothing is left behind when a step fails: the package is made and checked in a folder beside the
others and moved into place at the end, in one go.
"""

from __future__ import annotations

import re
import shutil
import tempfile
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from backend.avatar.card import SAFE_ID
from backend.avatar.create import judge
from backend.avatar.create import mesh as m
from backend.avatar.create.animate import animate
from backend.avatar.create.files import About, write_package
from backend.avatar.create.finder import Finders, Image
from backend.avatar.create.framing import Crop, frame_face
from backend.avatar.create.mesh import Mesh
from backend.avatar.create.refusals import (
    AlreadyThere,
    BadName,
    NoQuietStretch,
)
from backend.avatar.create.source import is_photo, read_photo, read_video
from backend.avatar.create.stretch import SEAM_FRAMES, Seen, best_stretch, join
from backend.avatar.facebox import face_box
from backend.avatar.marks import load_marks, write_marks
from backend.avatar.package import AvatarPackage
from backend.avatar.template import load_template

SQUARE, PORTRAIT = (512, 512), (480, 640)

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be made. `size`: width and height of the avatar."""

    source: Path
    about: About
    size: tuple[int, int] = SQUARE
    overwrite: bool = False


def id_of(name: str) -> str:
    """The id that a name becomes: Latin letters and digits, the rest hyphens. Raises BadName."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    made = re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")[:64]
    if not SAFE_ID.fullmatch(made):
        raise BadName(f"No id can be made of the name {name!r}. Give one, such as: --id anna")
    return made


def create(order: Order, avatars: Path, finders: Finders, say: Say) -> AvatarPackage:
    """Make the package in the folder `avatars`.

    say: told about each step in a few words.

    Raises:
        AvatarNotCreated: the source will not do, or the id is bad or taken; nothing was changed.
    """
    target = _target(order, avatars)
    frames, meshes = (_of_photo if is_photo(order.source) else _of_video)(order, finders, say)
    say("Writing the package")
    avatars.mkdir(parents=True, exist_ok=True)
    with _workshop(avatars) as workshop:
        made = workshop / order.about.id
        write_package(made, order.about, frames, meshes)
        package = AvatarPackage.load(made)
        load_template(package)
        load_marks(package)
        if target.exists():
            target.rename(workshop / "replaced")
        made.rename(target)
    return AvatarPackage.load(target)


def mark(package: AvatarPackage, finders: Finders, say: Say) -> None:
    """Note where the mouth is in a package's own loop, so that it can be warped, too.

    Raises:
        AvatarNotCreated: no face is found in a frame. BrokenAvatar: the package is not whole.
    """
    load_template(package)
    meshes = _followed(list(read_video(package.idle)), finders, say)
    write_marks(package.marks, m.marks_of(np.stack(meshes)))
    load_marks(package)


def _target(order: Order, avatars: Path) -> Path:
    if not SAFE_ID.fullmatch(order.about.id):
        raise BadName(
            f"{order.about.id!r} is no id: Latin letters, digits, - and _, at most 64 of them."
        )
    target = avatars / order.about.id
    if target.exists() and not order.overwrite:
        raise AlreadyThere(
            f"There is an avatar {order.about.id!r}. Choose another --id, or say --overwrite."
        )
    return target


@contextmanager
def _workshop(avatars: Path) -> Iterator[Path]:
    """On the same disk as the avatars; its name is none that an avatar can have."""
    folder = Path(tempfile.mkdtemp(prefix=".making-", dir=avatars))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _of_photo(order: Order, finders: Finders, say: Say) -> tuple[list[Image], list[Mesh]]:
    picture = read_photo(order.source)
    say("Looking for the face")
    with finders("still") as finder:
        rough = judge.the_one(finder.find(picture))
        judge.require_large(rough)
        frame = _crop([rough], picture, order.size).cut(picture)
        mesh = judge.the_one(finder.find(frame))  # seen closer, found better
    judge.require_frontal(mesh)
    judge.require_at_rest(mesh)
    judge.require_sharp(frame, mesh)
    say("Letting it breathe, sway and blink")
    frames = animate(frame, mesh)
    return frames, _followed(frames, finders, say)


def _of_video(order: Order, finders: Finders, say: Say) -> tuple[list[Image], list[Mesh]]:
    say("Following the face through the video")
    with finders("moving") as finder:
        seen = [Seen.of(p, finder.find(p)) for p in read_video(order.source)]
    if len(seen) < 2:
        raise NoQuietStretch("This video has a single picture. Hand in a photo, or film longer.")
    say("Choosing the calmest seconds")
    found = best_stretch(seen)
    chosen = range(found.begin - SEAM_FRAMES, found.end)
    meshes = [mesh for mesh in (seen[number].mesh for number in chosen) if mesh is not None]
    frames = _cut(order, chosen, meshes)
    say(f"Joining {len(frames) / 25:.1f} s into a loop")
    return frames, _followed(frames, finders, say)


def _cut(order: Order, chosen: range, meshes: Sequence[Mesh]) -> list[Image]:
    """The chosen frames of the video, in the avatar's frame, joined into a loop."""
    pictures = islice(read_video(order.source), chosen.start, chosen.stop)
    first = next(pictures)
    crop = _crop(meshes, first, order.size)
    middle = len(meshes) // 2
    cut = [crop.cut(first)]
    for number, picture in enumerate(pictures, start=1):
        if number == middle:
            judge.require_sharp(picture, meshes[number])
        cut.append(crop.cut(picture))
    return join(cut)


def _crop(meshes: Sequence[Mesh], picture: Image, size: tuple[int, int]) -> Crop:
    """Around all places where the face goes."""
    boxes = np.array([face_box(m.multi_pie(mesh)) for mesh in meshes])
    (x0, y0), (x1, y1) = boxes[:, :2].min(0), boxes[:, 2:].max(0)
    height, width = picture.shape[:2]
    return frame_face((x0, y0, x1, y1), (width, height), size)


def _followed(frames: Sequence[Image], finders: Finders, say: Say) -> list[Mesh]:
    """The face in each frame of the loop, without the finder's own tremble."""
    say("Marking the mouth in each frame")
    with finders("moving") as finder:
        meshes = [judge.the_one(finder.find(frame)) for frame in frames]
    return list(m.smoothed(np.stack(meshes)))
