"""The few seconds of a video that make the best loop, and its seam.

A loop is good when its end looks like its beginning, and when in it one face looks at the camera
with its mouth closed. Frames before the beginning are laid over the end, moved along the optical
flow, so that the end arrives exactly where the beginning goes on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from backend.avatar.create import mesh as m
from backend.avatar.create.finder import Image
from backend.avatar.create.judge import require_frontal, require_large, the_one
from backend.avatar.create.mesh import Mesh
from backend.avatar.create.refusals import NoQuietStretch
from backend.avatar.pictures.colour import Float32
from backend.errors import AvatarNotCreated

LEAST_FRAMES, MOST_FRAMES = 75, 200
SEAM_FRAMES = 10
_THUMB = 48
_QUIET_GAP = 0.06
# What counts against a loop, in terms of one another: faces apart by a hundredth of an eye
# distance, pictures apart by a hundredth of full scale, mouth open in all of it, turned by 0.1.
_POSE, _PICTURE, _OPEN, _TURN = 1.0, 0.7, 40.0, 3.0
_SHORT = 8.0


@dataclass(frozen=True, slots=True)
class Seen:
    """One frame of the source: its face, or why it has none of use, and a thumbnail."""

    mesh: Mesh | None
    problem: AvatarNotCreated | None
    thumb: Float32

    @classmethod
    def of(cls, picture: Image, faces: Sequence[Mesh]) -> Seen:
        small = cv2.resize(picture, (_THUMB, _THUMB), interpolation=cv2.INTER_AREA)
        grey = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY)
        thumb = np.asarray(grey / np.float32(255), np.float32)
        try:
            mesh = the_one(faces)
            require_frontal(mesh)  # first: in profile the eyes are close, however large the face
            require_large(mesh)
        except AvatarNotCreated as problem:
            return cls(None, problem, thumb)
        return cls(mesh, None, thumb)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Frames `begin` to `end` (exclusive), with `SEAM_FRAMES` more before them."""

    begin: int
    end: int


def best_stretch(seen: Sequence[Seen]) -> Stretch:
    """Raises the problem that most frames have, or NoQuietStretch."""
    usable = np.array([frame.mesh is not None for frame in seen])
    if usable.mean() < 0.5:
        raise _main_problem(seen)
    cost = _costs(seen, usable)
    if not np.isfinite(cost).any():
        raise NoQuietStretch(
            f"No {LEAST_FRAMES // 25} seconds of this video show one face without a break. Film "
            "yourself for ten seconds: look into the camera, mouth closed, and keep still."
        )
    begin, index = np.unravel_index(int(np.argmin(cost)), cost.shape)
    stretch = Stretch(int(begin), int(begin) + _lengths()[int(index)])
    if _open_share(seen, stretch) > 0.5:
        raise NoQuietStretch(
            "The mouth is hardly ever closed in this video. Film yourself listening, not speaking."
        )
    return stretch


def _costs(seen: Sequence[Seen], usable: npt.NDArray[np.bool_]) -> Float32:
    """(begins, lengths): infinite where a loop cannot be."""
    count = len(seen)
    meshes = np.stack([f.mesh if f.mesh is not None else np.zeros((m.POINTS, 2)) for f in seen])
    unit = np.median([m.eye_distance(f.mesh) for f in seen if f.mesh is not None])
    poses = (meshes / unit).reshape(count, -1)
    thumbs = np.stack([frame.thumb for frame in seen]).reshape(count, -1)
    gaps = np.array([m.mouth_gap(f.mesh) if f.mesh is not None else 0.0 for f in seen])
    turns = np.array([m.turn(f.mesh) if f.mesh is not None else 0.0 for f in seen])
    bad, open_, turned = (
        np.concatenate([[0], np.cumsum(v)]) for v in (~usable, gaps > _QUIET_GAP, turns)
    )
    cost = np.full((count, len(_lengths())), np.inf, np.float32)
    for index, length in enumerate(_lengths()):
        last = count - length
        if last <= SEAM_FRAMES:
            break
        begin = np.arange(SEAM_FRAMES, last)
        # Alike at both ends of the seam: then it moves alike, too.
        apart, unlike = (
            np.mean([_difference(values, begin - back, length) for back in (0, SEAM_FRAMES)], 0)
            for values in (poses, thumbs)
        )
        open_share = (open_[begin + length] - open_[begin]) / length
        turn = (turned[begin + length] - turned[begin]) / length
        broken = bad[begin + length + 1] - bad[begin - SEAM_FRAMES] > 0
        short = _SHORT * (1 - length / MOST_FRAMES)
        total = _POSE * apart + _PICTURE * unlike + _OPEN * open_share + 10 * _TURN * turn + short
        cost[begin, index] = np.where(broken, np.inf, total)
    return cost


def _difference(values: Float32, begin: npt.NDArray[np.intp], length: int) -> Float32:
    """In hundredths, between each begin and what comes `length` later."""
    change = np.abs(values[begin] - values[begin + length]).mean(axis=1)
    return np.asarray(100 * change, np.float32)


def join(frames: Sequence[Image]) -> list[Image]:
    """The loop of `frames`, the first `SEAM_FRAMES` of which lie before it: its end leads into its
    beginning."""
    lead, loop = frames[:SEAM_FRAMES], list(frames[SEAM_FRAMES:])
    for step, before in enumerate(lead):
        place = len(loop) - SEAM_FRAMES + step
        weight = (step + 1) / (SEAM_FRAMES + 1)
        loop[place] = _between(loop[place], before, weight)
    return loop


def _between(a: Image, b: Image, weight: float) -> Image:
    """`a` on its way to `b`: both moved along the optical flow, then mixed."""
    finder = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    grey_a, grey_b = (cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY) for picture in (a, b))
    still = np.zeros((*grey_a.shape, 2), np.float32)
    forth = finder.calc(grey_a, grey_b, still.copy())
    back = finder.calc(grey_b, grey_a, still.copy())
    early, late = _pushed(a, forth * weight), _pushed(b, back * (1 - weight))
    return np.asarray(cv2.addWeighted(early, 1 - weight, late, weight, 0), np.uint8)


def _pushed(picture: Image, flow: npt.NDArray[np.floating]) -> Image:
    y, x = np.mgrid[: picture.shape[0], : picture.shape[1]].astype(np.float32)
    x, y = x - flow[..., 0], y - flow[..., 1]
    pushed = cv2.remap(
        picture,
        x.astype(np.float32),
        y.astype(np.float32),
        cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(pushed, np.uint8)


def _lengths() -> range:
    return range(LEAST_FRAMES, MOST_FRAMES + 1, 5)


def _open_share(seen: Sequence[Seen], stretch: Stretch) -> float:
    meshes = [frame.mesh for frame in seen[stretch.begin : stretch.end] if frame.mesh is not None]
    return float(np.mean([m.mouth_gap(mesh) > _QUIET_GAP for mesh in meshes]))


def _main_problem(seen: Sequence[Seen]) -> AvatarNotCreated:
    problems = [frame.problem for frame in seen if frame.problem is not None]
    kinds = [type(problem) for problem in problems]
    commonest = max(set(kinds), key=kinds.count)
    return next(problem for problem in problems if type(problem) is commonest)
