"""A photo or a video in, an avatar package out: the steps in their order.

Nothing is left behind when a step fails: the package is made and checked in a folder beside the
others and moved into place at the end, in one go.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from backend.avatar.create import judge
from backend.avatar.create import mesh as m
from backend.avatar.create.animate import animate
from backend.avatar.create.files import About, write_package
from backend.avatar.create.finder import Finders, Image
from backend.avatar.create.framing import Crop, frame_face
from backend.avatar.create.mesh import Mesh
from backend.avatar.create.naming import latin_id
from backend.avatar.create.progress import Step, Tell
from backend.avatar.create.refusals import (
    AlreadyThere,
    BadName,
    NoQuietStretch,
)
from backend.avatar.create.source import is_photo, length_s, read_photo, read_video
from backend.avatar.create.stretch import SEAM_FRAMES, Seen, best_stretch, join
from backend.avatar.create.workplace import workshop
from backend.avatar.mouths.template import load_template
from backend.avatar.packages.card import SAFE_ID
from backend.avatar.packages.facebox import face_box
from backend.avatar.packages.marks import load_marks, write_marks
from backend.avatar.packages.package import AvatarPackage
from backend.avatar.packages.removal import forget
from backend.avatar.packages.track_cache import IN_MEMORY, TrackCache
from backend.avatar.packages.tracks import content_keys
from backend.avatar.pictures.codecs import FPS

SQUARE, PORTRAIT = (512, 512), (480, 640)


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be made. `size`: width and height of the avatar."""

    source: Path
    about: About
    size: tuple[int, int] = SQUARE
    overwrite: bool = False


def id_of(name: str) -> str:
    """The id that a name becomes. Raises BadName."""
    if not (made := latin_id(name)):
        raise BadName(f"No id can be made of the name {name!r}. Give one, such as: --id anna")
    return made


def create(
    order: Order, avatars: Path, finders: Finders, tell: Tell, cache: TrackCache = IN_MEMORY
) -> AvatarPackage:
    """Make the package in the folder `avatars`.

    tell: told about each step, from its beginning to its end. cache: forgets one that is replaced.

    Raises:
        AvatarNotCreated: the source will not do, or the id is bad or taken; nothing was changed.
    """
    target = _target(order, avatars)
    by_photo = is_photo(order.source)
    frames, meshes = (_of_photo if by_photo else _of_video)(order, finders, tell)
    tell(Step.PACK, 0)
    avatars.mkdir(parents=True, exist_ok=True)
    with workshop(avatars) as place:
        made = place / order.about.id
        write_package(made, order.about, frames, meshes, "photo" if by_photo else "video")
        package = AvatarPackage.load(made)
        load_template(package)
        load_marks(package)
        outdated = content_keys(target)
        if target.exists():
            target.rename(place / "replaced")
        made.rename(target)
        forget(outdated, avatars, cache)
    return AvatarPackage.load(target)


def mark(package: AvatarPackage, finders: Finders, tell: Tell) -> None:
    """Note where the mouth is in a package's own loop, so that it can be warped, too.

    Raises:
        AvatarNotCreated: no face is found in a frame. BrokenAvatar: the package is not whole.
    """
    load_template(package)
    meshes = _followed(list(read_video(package.idle)), finders, tell)
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


def _of_photo(order: Order, finders: Finders, tell: Tell) -> tuple[list[Image], list[Mesh]]:
    picture = read_photo(order.source)
    tell(Step.FIND, 0)
    with finders("still") as finder:
        rough = judge.the_one(finder.find(picture))
        judge.require_frontal(rough)  # first: one that lies on its side has no box to be cut out
        judge.require_large(rough)
        frame = _crop([rough], picture, order.size).cut(picture)
        mesh = judge.the_one(finder.find(frame))  # seen closer, found better
    judge.require_frontal(mesh)
    judge.require_at_rest(mesh)
    judge.require_sharp(frame, mesh)
    frames = animate(frame, mesh, lambda part: tell(Step.DRAW, part))
    return frames, _followed(frames, finders, tell)


def _of_video(order: Order, finders: Finders, tell: Tell) -> tuple[list[Image], list[Mesh]]:
    seen = _watched(order.source, finders, tell)
    if len(seen) < 2:
        raise NoQuietStretch("This video has a single picture. Hand in a photo, or film longer.")
    tell(Step.CHOOSE, 0)
    found = best_stretch(seen)
    chosen = range(found.begin - SEAM_FRAMES, found.end)
    meshes = [mesh for mesh in (seen[number].mesh for number in chosen) if mesh is not None]
    tell(Step.DRAW, 0)
    frames = _cut(order, chosen, meshes)
    return frames, _followed(frames, finders, tell)


def _watched(source: Path, finders: Finders, tell: Tell) -> list[Seen]:
    """The face in each picture of a video."""
    expected = length_s(source) * FPS
    seen: list[Seen] = []
    with finders("moving") as finder:
        for picture in read_video(source):
            tell(Step.FIND, min(1, len(seen) / expected))
            seen.append(Seen.of(picture, finder.find(picture)))
    return seen


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


def _followed(frames: Sequence[Image], finders: Finders, tell: Tell) -> list[Mesh]:
    """The face in each frame of the loop, without the finder's own tremble."""
    meshes = []
    with finders("moving") as finder:
        for number, frame in enumerate(frames):
            tell(Step.MARK, number / len(frames))
            meshes.append(judge.the_one(finder.find(frame)))
    return list(m.smoothed(np.stack(meshes)))
