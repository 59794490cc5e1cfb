"""The performances: what head, eyes and brows do in each frame of idle, listening and thinking.

Frame numbers only; nothing here knows about pictures. All performances are loops of the same length
on one clock. A motion is a sum of sines with whole periods plus gestures that end where they began,
so the frame after the last equals the first. Eyes lead and the head follows; a large glance comes
with a blink, as it does in people.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

FRAMES = 200
FPS = 25
PERFORMANCES = ("idle", "listening", "thinking")

_BLINK_STARTS = (34, 122)
"""One clock for all performances. 3.5 s and 4.5 s apart: people at rest blink every 2 to 6 s."""
_BLINK = (0.6, 1.0, 1.0, 0.85, 0.6, 0.3)
"""Fast shut, slower open, in 240 ms (VanderWerf et al., 2003); steps that are rendered."""
_BREATHS = 2
_STEADY = 1.0
"""How much of the head's turn the eyes make up for, so that they go on looking at the viewer."""


@dataclass(frozen=True, slots=True)
class Pose:
    """Positive yaw turns to the sitter's left (the picture's right), positive pitch nods down,
    positive roll leans the head to the picture's left. `slide_cm` moves the head sideways,
    `lean_cm` towards the viewer; `breath` is 0 (out) to 1 (in)."""

    yaw_deg: float = 0.0
    pitch_deg: float = 0.0
    roll_deg: float = 0.0
    slide_cm: float = 0.0
    lean_cm: float = 0.0
    breath: float = 0.0


@dataclass(frozen=True, slots=True)
class Act:
    """One frame. `lids` is how far the eyes are shut, 0..1. `gaze_deg` is where the eyes look in
    the head, (to the picture's right, up). `brows` is how far each brow is raised, (the picture's
    left, its right), 0..1."""

    pose: Pose
    lids: float
    gaze_deg: tuple[float, float]
    brows: tuple[float, float]


def act(performance: str, frame: int) -> Act:
    """What is done in a frame of one of `PERFORMANCES`; any frame number, modulo `FRAMES`."""
    return _PERFORMANCES[performance](frame % FRAMES)


def lids(frame: int) -> float:
    """How far the eyes are shut, 0..1."""
    for start in _BLINK_STARTS:
        offset = (frame - start) % FRAMES
        if offset < len(_BLINK):
            return _BLINK[offset]
    return 0.0


def wave(frame: float, *terms: tuple[float, int, float]) -> float:
    """Sum of amplitude × sin(2π (periods × frame / FRAMES + phase))."""
    turn = 2 * math.pi * frame / FRAMES
    return sum(a * math.sin(periods * turn + 2 * math.pi * phase) for a, periods, phase in terms)


def swell(frame: float, start: int, rise: int, fall: int, end: int) -> float:
    """From 0 at `start` to 1 at `rise`, back from `fall` to 0 at `end`: the quintic that begins
    and ends without speed or acceleration (minimum jerk; Flash & Hogan, 1985)."""
    return _ease((frame - start) / (rise - start)) * (1 - _ease((frame - fall) / (end - fall)))


def nod(frame: float, at: int, width: float = 6.0) -> float:
    """A small nod: down to 1 at `at`, a little over the rest position before and after. `width` in
    frames; nothing is left after five of them."""
    t = (frame - at) / width
    return (1 - 0.5 * t * t) * math.exp(-0.5 * t * t)


def steps(frame: int, fixations: tuple[tuple[int, float, float], ...]) -> tuple[float, float]:
    """Where eyes look that jump from one (first frame, x, y) to the next. A jump takes two frames,
    40 to 80 ms, and shows one place between. The first fixation goes on from the last one."""
    x, y = fixations[-1][1:]
    for first, next_x, next_y in fixations:
        if frame < first:
            break
        part = 0.6 if frame == first else 1.0
        x, y = x + part * (next_x - x), y + part * (next_y - y)
    return x, y


def _ease(t: float) -> float:
    t = min(1.0, max(0.0, t))
    return t * t * t * (10 - 15 * t + 6 * t * t)


# Where people look who look at a face: not quite at one point, and never for long.
_FIXATIONS = (
    (9, 0.6, 0.3), (35, -0.5, 0.1), (61, 0.7, -0.4), (87, -0.2, 0.5), (104, 0.5, 0.2),
    (123, -0.7, -0.1), (151, 0.3, -0.5), (169, 0.8, 0.2), (190, 0.0, 0.0),
)  # fmt: skip


def _sway(frame: int) -> Pose:
    """What all performances do underneath."""
    settled = swell(frame, 48, 74, 138, 170)
    return Pose(
        yaw_deg=wave(frame, (1.1, 1, 0.05), (0.55, 2, 0.40), (0.18, 3, 0.7)) + 0.9 * settled,
        pitch_deg=wave(frame, (0.5, 1, 0.30), (0.42, 2, 0.85), (0.15, 3, 0.15)),
        roll_deg=wave(frame, (0.65, 1, 0.62), (0.3, 2, 0.10)) - 0.8 * settled,
        slide_cm=wave(frame, (0.16, 1, 0.12), (0.05, 2, 0.5)),
        lean_cm=wave(frame, (0.12, 1, 0.8)),
        # Breathing in is shorter than out.
        breath=0.5 + wave(frame, (0.46, _BREATHS, 0.55), (0.09, 2 * _BREATHS, 0.2)),
    )


def _plus(
    pose: Pose, yaw: float = 0.0, pitch: float = 0.0, roll: float = 0.0, lean_cm: float = 0.0
) -> Pose:
    return Pose(
        yaw_deg=pose.yaw_deg + yaw,
        pitch_deg=pose.pitch_deg + pitch,
        roll_deg=pose.roll_deg + roll,
        slide_cm=pose.slide_cm,
        lean_cm=pose.lean_cm + lean_cm,
        breath=pose.breath,
    )


def _steady(pose: Pose, gaze: tuple[float, float]) -> tuple[float, float]:
    """The gaze in the head of eyes that hold on to a direction in the room."""
    return gaze[0] - _STEADY * pose.yaw_deg, gaze[1] + _STEADY * pose.pitch_deg


def _idle(frame: int) -> Act:
    pose = _sway(frame)
    brow = 0.10 * nod(frame, 92, 7) + 0.05 * (1 + wave(frame, (1.0, 2, 0.3)))
    return Act(pose, lids(frame), _steady(pose, steps(frame, _FIXATIONS)), (brow, brow))


def _listening(frame: int) -> Act:
    """Leans in, the head a little tilted, the brows up; one nod, later two."""
    near = swell(frame, 0, 26, 172, 199)
    nods = 2.6 * nod(frame, 58) + 2.3 * nod(frame, 138, 5) + 1.5 * nod(frame, 158, 5)
    pose = _plus(
        _sway(frame), yaw=-0.8 * near, pitch=nods - 0.6 * near, roll=2.0 * near, lean_cm=1.1 * near
    )
    brow = 0.35 * near + 0.25 * nod(frame, 108, 8)
    return Act(pose, lids(frame), _steady(pose, steps(frame, _FIXATIONS)), (brow, brow))


# Away and up to one side, then further to the same side; changes go with the blinks.
_AWAY = (
    (5, -10.0, 5.5), (36, -14.0, 8.5), (66, -12.5, 9.5), (93, -15.0, 7.5), (124, 11.0, 7.5),
    (150, 13.0, 6.5), (178, 11.5, 7.5), (191, 0.0, 0.0),
)  # fmt: skip


def _thinking(frame: int) -> Act:
    """Looks away and up, the head follows by a part of it; one brow goes up."""
    first, second = swell(frame, 6, 34, 120, 146), swell(frame, 122, 148, 180, 199)
    pose = _plus(
        _sway(frame),
        yaw=-2.6 * first + 1.3 * second,
        pitch=-1.9 * first - 1.5 * second,
        roll=-1.2 * first + 0.8 * second,
    )
    away = steps(frame, _AWAY)
    brows = (0.75 * first + 0.15 * second, 0.20 * first + 0.35 * second)
    return Act(pose, lids(frame), (away[0], away[1]), brows)


_PERFORMANCES: dict[str, Callable[[int], Act]] = {
    "idle": _idle,
    "listening": _listening,
    "thinking": _thinking,
}
