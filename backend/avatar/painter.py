"""Two ways to draw a mouth behind one face: by the net, or by warping the template.

Both hear with the same net. A painter knows its template and its listener; what is drawn when
belongs to the renderer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Protocol

from backend.avatar.card import DrawnBy, Place
from backend.avatar.codecs import I420
from backend.avatar.colour import Float32
from backend.avatar.compositor import Compositor
from backend.avatar.lipsync import (
    ControlsListener,
    LipSync,
    Listener,
    load_controls_listener,
    load_lipsync,
)
from backend.avatar.marks import load_marks
from backend.avatar.package import AvatarPackage
from backend.avatar.template import Template, load_template
from backend.avatar.warp import Warper


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
    package: AvatarPackage, model: Path, threads: int, drawn_by: DrawnBy | None
) -> Painter:
    """The painter that the package's card asks for, or the one that `drawn_by` names.

    Raises:
        BrokenAvatar: the package has not what it needs. ModelFileError: nor has the net.
    """
    changed_ns = model.stat().st_mtime_ns if model.exists() else 0
    if (drawn_by or package.card.engine) == "warp":
        listener = _load_listener(model, changed_ns, threads)
        return WarpPainter(listener, Warper(load_template(package), load_marks(package)))
    return NetPainter(_load_net(model, changed_ns, threads), load_template(package))


@lru_cache(maxsize=2)
def _load_net(model: Path, _changed_ns: int, threads: int) -> LipSync:
    return load_lipsync(model, threads)


@lru_cache(maxsize=2)
def _load_listener(model: Path, _changed_ns: int, threads: int) -> ControlsListener:
    return load_controls_listener(model, threads)
