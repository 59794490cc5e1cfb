"""Phonemes to mouth controls over time: the truth that nets learn from, and what voices dictate.

Each phoneme has a target shape and a dominance (`articulation_shapes`). Where neighbours overlap,
shapes blend by dominances that decay exponentially with distance (Cohen & Massaro, "Modeling
coarticulation in synthetic visual speech", 1993). Lips that must meet (p b m) or touch the teeth
(f v) are gated on top, because an average never closes.

Sound and nets do not belong here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from backend.avatar.lips.articulation_shapes import Gate, Viseme, is_pause, viseme_of
from backend.avatar.lips.mel import MEL_FRAMES_PER_S
from backend.avatar.lips.mouth import CONTROLS

Float = npt.NDArray[np.float64]

REACH_S = 0.3
"""How far around a moment the phonemes matter that shape it."""


@dataclass(frozen=True, slots=True)
class Phone:
    """One phoneme by the voice's own name for it, from `start_s` until the next one's start."""

    start_s: float
    name: str


@dataclass(frozen=True, slots=True)
class Track:
    """controls: (n, 8) in 0..1; closed: (n,) bool, true while p, b or m must hold the lips."""

    controls: npt.NDArray[np.float32]
    closed: npt.NDArray[np.bool_]


# How fast each control's influence fades, 1/s: lips round slowly, press and touch teeth fast.
_DECAY = np.array([18.0, 17.0, 14.0, 15.5, 19.5, 19.5, 28.0, 26.0])
_SHORTEST_S = 0.004
_PAUSE_EASE_S = 0.04
_SMOOTHING = np.hanning(7) / np.hanning(7).sum()
_PRESS, _FV, _JAW = (CONTROLS.index(name) for name in ("press", "fv", "jaw"))


def mouth_track(
    phones: Sequence[Phone], duration_s: float, rate_hz: int = MEL_FRAMES_PER_S
) -> Track:
    """The mouth of a whole clip, one row per mel column: column k is at k / rate_hz seconds.

    Before the first phoneme and after the clip there is silence.
    """
    quiet, end = Phone(-REACH_S, "_"), Phone(duration_s, "_")
    columns = int(duration_s * rate_hz) + 1
    return mouth_between([quiet, *phones, end], duration_s + REACH_S, 0, columns, rate_hz)


def mouth_between(
    phones: Sequence[Phone],
    end_s: float,
    first: int,
    last: int,
    rate_hz: int = MEL_FRAMES_PER_S,
) -> Track:
    """The mouth at columns first..last - 1, as `mouth_track`, of the phonemes around them alone.

    The last phoneme ends at `end_s`. More than `REACH_S` from a column, phonemes do not matter.
    """
    segments = _segments(phones, end_s)
    margin = len(_SMOOTHING) // 2
    times = np.arange(first - margin, last + margin) / rate_hz
    lips, closed = _gate(segments, times, "lips")
    teeth, _ = _gate(segments, times, "teeth")
    gated = _apply_gates(_blend(segments, times), lips, teeth)
    smooth = np.stack([np.convolve(column, _SMOOTHING, "valid") for column in gated.T], axis=1)
    return Track(smooth.clip(0, 1).astype(np.float32), closed[margin : len(closed) - margin])


@dataclass(frozen=True, slots=True)
class _Segment:
    start_s: float
    end_s: float
    viseme: Viseme
    pause: bool


def _segments(phones: Sequence[Phone], end_s: float) -> list[_Segment]:
    return [
        _Segment(phone.start_s, following.start_s, viseme_of(phone.name), is_pause(phone.name))
        for phone, following in pairwise([*phones, Phone(end_s, "_")])
        if following.start_s - phone.start_s >= _SHORTEST_S
    ]


def _blend(segments: Sequence[_Segment], times: Float) -> Float:
    """Dominance-weighted mean of all targets at all times: (times, 8)."""
    starts, ends, shapes, strength = [], [], [], []
    for segment in segments:
        for core_start, core_end, target in _cores(segment):
            starts.append(core_start)
            ends.append(core_end)
            shape = np.array([target.get(name, 0.0) for name in CONTROLS])
            shapes.append(shape)
            strength.append(segment.viseme.dominance * _rounding_boost(shape))
    before = np.array(starts)[:, None] - times
    after = times - np.array(ends)[:, None]
    distance = np.maximum(0.0, np.maximum(before, after))
    weight = np.array(strength)[:, None] * np.exp(-_DECAY * distance[:, :, None])
    blended = (weight * np.array(shapes)[:, None]).sum(0) / (weight.sum(0) + 1e-3)
    return np.asarray(blended)


def _cores(segment: _Segment) -> list[tuple[float, float, Mapping[str, float]]]:
    """Where each target fully holds: the middle of its share of the segment."""
    targets = segment.viseme.targets
    share = (segment.end_s - segment.start_s) / len(targets)
    cores = []
    for index, target in enumerate(targets):
        start, end = segment.start_s + index * share, segment.start_s + (index + 1) * share
        inset = min(_PAUSE_EASE_S, share / 2) if segment.pause else 0.3 * share
        cores.append((start + inset, end - inset, target))
    return cores


def _rounding_boost(shape: Float) -> Float:
    """Rounding reaches over its neighbours more than any other control."""
    rounding = np.isin(CONTROLS, ("pucker", "funnel")) & (shape > 0.3)
    return np.where(rounding, 1.6, 1.0)


def _gate(
    segments: Sequence[_Segment], times: Float, kind: Gate
) -> tuple[Float, npt.NDArray[np.bool_]]:
    """(amount in 0..1, where it must hold): a closure is over well before a long stop is."""
    amount = np.zeros_like(times)
    holds = np.zeros(len(times), bool)
    ramp_s = 0.045
    for segment in segments:
        if segment.viseme.gate != kind:
            continue
        length_s = segment.end_s - segment.start_s
        hold_s = min(max(0.9 * length_s, 0.055), 0.12) if kind == "lips" else 0.06
        centre = segment.start_s + min(0.5 * length_s, 0.05)
        distance = np.abs(times - centre)
        ramp = np.clip(1.0 - (distance - hold_s / 2) / ramp_s, 0.0, 1.0)
        amount = np.maximum(amount, ramp * ramp * (3.0 - 2.0 * ramp))
        holds |= distance < hold_s / 2
    return amount, holds


def _apply_gates(controls: Float, lips: Float, teeth: Float) -> Float:
    """Closing the lips takes everything that opens them; touching teeth takes part of it."""
    gated = controls.copy()
    for name, kept_by_lips, kept_by_teeth in (
        ("jaw", 0.0, 0.35),
        ("lower_down", 0.0, 0.0),
        ("upper_up", 0.0, 1.0),
        ("wide", 0.5, 1.0),
        ("funnel", 0.0, 0.5),
    ):
        index = CONTROLS.index(name)
        gated[:, index] *= (1 - (1 - kept_by_lips) * lips) * (1 - (1 - kept_by_teeth) * teeth)
    gated[:, _JAW] += 0.02 * lips
    gated[:, _PRESS] = lips
    gated[:, _FV] = np.maximum(teeth, 0.4 * controls[:, _FV]) * (1 - lips)
    return gated
