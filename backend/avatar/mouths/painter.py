"""Three ways to draw a mouth behind one face: by a generator of the avatar's own, by a net that
takes any face, or by warping the template.

All hear with the same net. A painter knows its template and its listener; what is drawn when
belongs to the renderer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Protocol

import numpy as np

from backend.avatar.lips.listener import (
    ControlsListener,
    Listener,
    has_controls,
    load_controls_listener,
)
from backend.avatar.mouths.compositor import Compositor, paste_mouth
from backend.avatar.mouths.generator import Generator, load_generator, nearest_smile
from backend.avatar.mouths.lipsync import LipSync, load_lipsync
from backend.avatar.mouths.template import Template, load_template
from backend.avatar.mouths.warp import Warper
from backend.avatar.packages.card import DrawnBy, Place
from backend.avatar.packages.marks import load_marks
from backend.avatar.packages.package import AvatarPackage
from backend.avatar.packages.track_cache import IN_MEMORY, TrackCache
from backend.avatar.pictures.codecs import I420
from backend.avatar.pictures.colour import Colour, Float32
from backend.errors import BrokenAvatar

_STILL = 1e-3
"""Controls below this are a mouth at rest."""


@dataclass(frozen=True, slots=True)
class Shot:
    """What a mouth is drawn over: template frame `number` as it looks now, with its mood laid in.

    smile: how far that mood has moved the resting mouth, from -1 (down) to 1 (up). place: where the
    mouth's own picture belongs, for an avatar that has one.
    """

    number: int
    picture: I420
    smile: float = 0.0
    place: Place | None = None


class Painter(Protocol):
    """`name` says in a word or two what draws. `listener` makes the drive that `paint` takes."""

    @property
    def name(self) -> str: ...

    @property
    def listener(self) -> Listener: ...

    def paint(self, shots: Sequence[Shot], drive: Float32, presence: Float32) -> list[I420]:
        """The shots with a mouth: n of them, their n rows of drive, and how much of the mouth shows
        (n,), from 0 (the shot as it is) to 1. Pictures that were given are never written to; one
        whose mouth rests may come back itself."""


class MouthPainter:
    """The avatar's own generator draws all of a batch at once.

    places: one per frame of the idle loop, for shots that name none.
    """

    def __init__(
        self, listener: ControlsListener, generator: Generator, places: Sequence[Place]
    ) -> None:
        self.listener, self.name = listener, f"{generator.name} ({listener.name})"
        self._generator = generator
        self._places = places

    def paint(self, shots: Sequence[Shot], drive: Float32, presence: Float32) -> list[I420]:
        controls = drive * presence[:, None]
        pictures = [shot.picture for shot in shots]
        moving = np.flatnonzero(controls.max(axis=1) > _STILL).tolist()
        if not moving:
            return pictures
        smiles = np.array([nearest_smile(shots[n].smile) for n in moving], np.float32)
        drawn = self._generator.draw(controls[moving], smiles)
        for row, number in enumerate(moving):
            shot, rest = shots[number], self._generator.resting(float(smiles[row]))
            place = shot.place or self._places[shot.number]
            pictures[number] = paste_mouth(shot.picture, place, drawn[row], rest)
        return pictures


class NetPainter:
    """The net draws all of a batch at once."""

    def __init__(self, net: LipSync, template: Template) -> None:
        self.listener, self.name = net, net.name
        self._template = template
        self._compositor = Compositor(template)

    def paint(self, shots: Sequence[Shot], drive: Float32, presence: Float32) -> list[I420]:
        painted = self.listener.draw(self._template.faces([s.number for s in shots]), drive)
        return [
            self._compositor.paste(shot.number, mouth, float(strength), shot.picture)
            for shot, mouth, strength in zip(shots, painted, presence, strict=True)
        ]


class WarpPainter:
    """Mouth controls move the template's own pixels."""

    def __init__(self, listener: ControlsListener, warper: Warper) -> None:
        self.listener, self.name = listener, f"warp ({listener.name})"
        self._warper = warper

    def paint(self, shots: Sequence[Shot], drive: Float32, presence: Float32) -> list[I420]:
        rows = drive * presence[:, None]
        return [
            self._warper.paste(shot.number, row, shot.picture)
            for shot, row in zip(shots, rows, strict=True)
        ]


def open_painter(
    package: AvatarPackage,
    model: Path,
    threads: int,
    drawn_by: DrawnBy | None,
    cache: TrackCache = IN_MEMORY,
) -> Painter:
    """The painter that the package's card asks for, or the one that `drawn_by` names. Where no
    setting asks and the net gives no controls to draw by, the net itself draws.

    Raises:
        BrokenAvatar: the package has not what it needs. ModelFileError: nor has the net.
    """
    changed_ns = model.stat().st_mtime_ns if model.exists() else 0
    template = load_template(package, cache)
    engine = drawn_by or package.card.engine
    # Who puts another net there wants it to draw, unless the settings say otherwise.
    if engine == "net" or not (drawn_by or has_controls(model)):
        return NetPainter(_load_net(model, changed_ns, threads), template)
    listener = _load_listener(model, changed_ns, threads)
    if engine == "mouth":
        return _mouth_painter(package, listener, template.colour, threads)
    return WarpPainter(listener, Warper(template, load_marks(package)))


def _mouth_painter(
    package: AvatarPackage, listener: ControlsListener, colour: Colour, threads: int
) -> MouthPainter:
    card, path = package.card, package.mouth
    if card.mouth is None or not path.is_file():
        raise BrokenAvatar(
            f"{card.id} has no mouth of its own ({path.name}, and where it belongs in the frames). "
            "Leave avatar.drawn_by empty, or set it to net or warp."
        )
    twin = package.mouth_int8
    changed_ns = tuple(p.stat().st_mtime_ns if p.exists() else 0 for p in (path, twin))
    generator = _load_generator(path, changed_ns, colour, threads)
    return MouthPainter(listener, generator, card.mouth.places["idle"])


@lru_cache(maxsize=8)
def _load_generator(
    path: Path, _changed_ns: tuple[int, ...], colour: Colour, threads: int
) -> Generator:
    return load_generator(path, colour, threads)


@lru_cache(maxsize=2)
def _load_net(model: Path, _changed_ns: int, threads: int) -> LipSync:
    return load_lipsync(model, threads)


@lru_cache(maxsize=2)
def _load_listener(model: Path, _changed_ns: int, threads: int) -> ControlsListener:
    return load_controls_listener(model, threads)
