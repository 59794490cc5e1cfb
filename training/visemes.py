"""Phonemes to mouth controls over time: the truth that the encoder learns from.

Each phoneme has a target shape and a dominance. Where neighbours overlap, shapes blend by
dominances that decay exponentially with distance (Cohen & Massaro, "Modeling coarticulation in
synthetic visual speech", 1993). Lips that must meet (p b m) or touch the teeth (f v) are gated on
top, because an average never closes. The shapes are our own, grouped as visemes commonly are
(Fisher 1968; MPEG-4 face animation) and tuned by eye on our head.

Names are espeak-ng's mnemonics for English and Mandarin, stress marks stripped. Sound and nets do
not belong here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

from backend.avatar.mel import MEL_FRAMES_PER_S
from training.controls import CONTROL_NAMES
from training.espeak import Phone

Float = npt.NDArray[np.float64]
Gate = Literal["lips", "teeth"]


@dataclass(frozen=True, slots=True)
class Viseme:
    """targets: one shape, or the two a diphthong moves between."""

    targets: tuple[Mapping[str, float], ...]
    dominance: float = 1.0
    gate: Gate | None = None


@dataclass(frozen=True, slots=True)
class Track:
    """controls: (n, 8) in 0..1; closed: (n,) bool, true while p, b or m must hold the lips."""

    controls: npt.NDArray[np.float32]
    closed: npt.NDArray[np.bool_]


@dataclass(slots=True)
class _Table:
    entries: dict[str, Viseme] = field(default_factory=dict)

    def add(
        self,
        names: str,
        *targets: Mapping[str, float],
        dominance: float = 1.0,
        gate: Gate | None = None,
    ) -> None:
        for name in names.split():
            self.entries[name] = Viseme(targets, dominance, gate)


def _shape(**controls: float) -> Mapping[str, float]:
    return controls


_EE = _shape(jaw=0.13, wide=0.58, lower_down=0.20, upper_up=0.10)
_OO = _shape(jaw=0.12, pucker=0.78, funnel=0.30)
_AH = _shape(jaw=0.60, lower_down=0.22, upper_up=0.10)
_EH = _shape(jaw=0.36, wide=0.34, lower_down=0.20, upper_up=0.10)
_AW = _shape(jaw=0.42, funnel=0.48, pucker=0.20)
_SCHWA = _shape(jaw=0.22, lower_down=0.12, upper_up=0.06)
_SPREAD_OFF = _shape(jaw=0.18, wide=0.46, lower_down=0.17)
_ROUND_OFF = _shape(jaw=0.16, pucker=0.62, funnel=0.28)
_RHOTIC_OFF = _shape(jaw=0.20, pucker=0.22, funnel=0.14)
_Y = _shape(jaw=0.10, pucker=0.66, funnel=0.18, wide=0.10)

_table = _Table()
_table.add("p b m p- ph", _shape(press=1.0, jaw=0.02), dominance=3.0, gate="lips")
_table.add("f v", _shape(fv=1.0, jaw=0.06, upper_up=0.22), dominance=2.2, gate="teeth")
_table.add("T D t[ d[", _shape(jaw=0.12, lower_down=0.22, upper_up=0.12, wide=0.10), dominance=0.8)
_table.add(
    "t d n l s z ? n- l- t# th ts tsh @L",
    _shape(jaw=0.08, wide=0.22, lower_down=0.25, upper_up=0.12),
    dominance=0.7,
)
_table.add(
    "S Z tS dZ s. ts. ts.h",
    _shape(funnel=0.55, pucker=0.25, jaw=0.09, lower_down=0.25, upper_up=0.20),
    dominance=1.3,
)
_table.add(
    "S; tS; tS;h", _shape(jaw=0.09, wide=0.40, lower_down=0.25, upper_up=0.15), dominance=0.9
)
_table.add("r r- R z.", _shape(pucker=0.38, funnel=0.25, jaw=0.12), dominance=0.9)
_table.add("w", _shape(pucker=0.85, funnel=0.20, jaw=0.06), dominance=1.6)
_table.add("k g N x X C Q kh", _shape(jaw=0.15, lower_down=0.10, upper_up=0.05), dominance=0.35)
_table.add("h", _shape(jaw=0.20), dominance=0.2)
_table.add("j", _shape(jaw=0.10, wide=0.42, lower_down=0.10), dominance=0.8)
_table.add("A: A a:", _AH)
_table.add("a aa & {", _shape(jaw=0.50, wide=0.30, lower_down=0.25, upper_up=0.15))
_table.add("V VR @2", _shape(jaw=0.36, lower_down=0.15, upper_up=0.08))
_table.add("@ 3 a# I# I2 e#", _SCHWA, dominance=0.5)
_table.add("3: @r", _shape(jaw=0.26, pucker=0.25, funnel=0.20))
_table.add("i: i", _EE)
_table.add("I IR", _shape(jaw=0.18, wide=0.36, lower_down=0.15, upper_up=0.06))
_table.add("i. i[", _shape(jaw=0.10, wide=0.26, lower_down=0.24, upper_up=0.12))
_table.add("E e e:", _EH)
_table.add("eI ei", _EH, _SPREAD_OFF)
_table.add("0 0# O2", _shape(jaw=0.52, funnel=0.22, lower_down=0.10))
_table.add("O: O o: o", _AW)
_table.add("o-", _shape(jaw=0.30, wide=0.16, lower_down=0.14, upper_up=0.06))
_table.add("oU @U ou", _shape(jaw=0.34, funnel=0.40, pucker=0.20), _ROUND_OFF)
_table.add("u: u", _OO)
_table.add("U", _shape(jaw=0.17, pucker=0.50, funnel=0.25))
_table.add("y", _Y)
_table.add("aI ai", _AH, _SPREAD_OFF)
_table.add("aU Au", _AH, _ROUND_OFF)
_table.add("OI oI", _AW, _SPREAD_OFF)
_table.add("O@ o@ o@r", _AW, _RHOTIC_OFF)
_table.add("A@", _AH, _RHOTIC_OFF)
_table.add("e@ E@", _EH, _RHOTIC_OFF)
_table.add("i@ I@ i@3 i3 i:@", _EE, _RHOTIC_OFF)
_table.add("U@ u@3", _OO, _RHOTIC_OFF)
_table.add("aI@ aI3", _AH, _shape(jaw=0.22, wide=0.30))
_table.add("aU@", _AH, _shape(jaw=0.20, pucker=0.45))
_table.add("iA ia", _EE, _AH)
_table.add("iE ie", _EE, _EH)
_table.add("iAu iau", _EE, _ROUND_OFF)
_table.add("iou iu", _EE, _ROUND_OFF)
_table.add("i@n in", _EE)
_table.add("uA ua uai uAi", _OO, _AH)
_table.add("uo", _OO, _AW)
_table.add("u@ uei ui", _OO, _EH)
_table.add("ong", _shape(jaw=0.22, pucker=0.52, funnel=0.35))
_table.add("iong", _Y, _ROUND_OFF)
_table.add("yE ye", _Y, _EH)
_table.add("y& y@ yu", _Y, _SCHWA)
_PAUSE = Viseme((_shape(),), dominance=0.7)
_UNKNOWN = Viseme((_shape(jaw=0.15),), dominance=0.3)

# How fast each control's influence fades, 1/s: lips round slowly, press and touch teeth fast.
_DECAY = dict(zip(CONTROL_NAMES, (18.0, 17.0, 14.0, 15.5, 19.5, 19.5, 28.0, 26.0), strict=True))
_SHORTEST_S = 0.004
_PAUSE_EASE_S = 0.04
_PRESS, _FV, _JAW = (CONTROL_NAMES.index(c) for c in ("press", "fv", "jaw"))


def is_pause(name: str) -> bool:
    return name.startswith(("_", "|"))


def viseme_of(name: str) -> Viseme:
    """The viseme of an espeak mnemonic; a longer unknown name falls back to its beginning."""
    name = name.lstrip("',")
    if is_pause(name):
        return _PAUSE
    for length in range(len(name), 0, -1):
        if name[:length] in _table.entries:
            return _table.entries[name[:length]]
    return _UNKNOWN


def mouth_track(
    phones: Sequence[Phone], duration_s: float, rate_hz: int = MEL_FRAMES_PER_S
) -> Track:
    """The mouth of a whole clip, one row per mel column: column k is at k / rate_hz seconds."""
    times = np.arange(int(duration_s * rate_hz) + 1) / rate_hz
    segments = _segments(phones, duration_s)
    controls = _blend(segments, times)
    lips, closed = _gate(segments, times, "lips")
    teeth, _ = _gate(segments, times, "teeth")
    gated = _apply_gates(controls, lips, teeth)
    return Track(_smooth(gated).clip(0, 1).astype(np.float32), closed)


@dataclass(frozen=True, slots=True)
class _Segment:
    start_s: float
    end_s: float
    viseme: Viseme
    pause: bool


def _segments(phones: Sequence[Phone], duration_s: float) -> list[_Segment]:
    marks = [Phone(-0.3, "_"), *(p for p in phones if p.name), Phone(duration_s, "_")]
    ends = [*(p.start_s for p in marks[1:]), duration_s + 0.3]
    return [
        _Segment(p.start_s, end_s, viseme_of(p.name), is_pause(p.name))
        for p, end_s in zip(marks, ends, strict=True)
        if end_s - p.start_s >= _SHORTEST_S
    ]


def _blend(segments: Sequence[_Segment], times: Float) -> Float:
    """Dominance-weighted mean of all targets at all times: (times, 8)."""
    starts, ends, shapes, strength = [], [], [], []
    for segment in segments:
        for core_start, core_end, target in _cores(segment):
            starts.append(core_start)
            ends.append(core_end)
            shape = np.array([target.get(name, 0.0) for name in CONTROL_NAMES])
            shapes.append(shape)
            strength.append(segment.viseme.dominance * _rounding_boost(shape))
    before = np.array(starts)[:, None] - times
    after = times - np.array(ends)[:, None]
    distance = np.maximum(0.0, np.maximum(before, after))
    decay = np.array([_DECAY[name] for name in CONTROL_NAMES])
    weight = np.array(strength)[:, None] * np.exp(-decay * distance[:, :, None])
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
    rounding = np.isin(CONTROL_NAMES, ("pucker", "funnel")) & (shape > 0.3)
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
        index = CONTROL_NAMES.index(name)
        gated[:, index] *= (1 - (1 - kept_by_lips) * lips) * (1 - (1 - kept_by_teeth) * teeth)
    gated[:, _JAW] += 0.02 * lips
    gated[:, _PRESS] = lips
    gated[:, _FV] = np.maximum(teeth, 0.4 * controls[:, _FV]) * (1 - lips)
    return gated


def _smooth(controls: Float) -> Float:
    kernel = np.hanning(7) / np.hanning(7).sum()
    padded = np.pad(controls, ((3, 3), (0, 0)), mode="edge")
    return np.stack([np.convolve(column, kernel, "valid") for column in padded.T], axis=1)
