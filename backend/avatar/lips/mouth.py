"""The mouth over time: eight controls per video frame, made calm, crisp and still.

The net hears each frame alone. What only a whole clip can tell is added here, in order: a light
smoothing, lips that really meet on p, b and m, and a mouth that rests while nothing is said.
Pure functions over arrays; nets and files do not belong here.
"""

import numpy as np
import numpy.typing as npt

from backend.avatar.lips.mel import (
    MEL_BANDS,
    MEL_FRAMES_PER_S,
    SILENCE,
    VIDEO_FPS,
    Float32,
    windows_at,
)

CONTROLS = ("jaw", "wide", "pucker", "funnel", "lower_down", "upper_up", "press", "fv")
CONTROL_COUNT = len(CONTROLS)

_PRESS = CONTROLS.index("press")
_OPENING = [CONTROLS.index(name) for name in ("jaw", "funnel", "lower_down", "upper_up", "fv")]

# What either neighbour weighs in a frame's mean: lips and teeth touch too shortly for much of it.
_NEIGHBOUR = np.array([0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.15, 0.15], np.float32)
# From where on a closure is drawn, and drawn in full. Bolder, and lips stay shut between two.
_PRESS_STARTS, _PRESS_FULL = 0.35, 0.75
# The tracks that the net learned from are modest; on a screen a mouth reads better opened further.
_GAIN = np.array([1.35, 1.1, 1.1, 1.1, 1.2, 1.2, 1.0, 1.0], np.float32)
# A frame speaks when its loudest mel band passes −55 dB; room noise below about −60 dBFS does not.
SPEECH_LEVEL = -0.4
# Lips part a little before the sound and pauses inside words are shorter than this.
_HOLD_FRAMES = 4
_EASING = np.array([0.1, 0.2, 0.4, 0.2, 0.1])


def settle(controls: Float32, speaking: Float32) -> Float32:
    """Controls as drawn, from controls as heard.

    controls: (n, 8) in 0..1, one row per video frame. speaking: (n,) how much of each frame is
    speech, 0..1. Returns (n, 8) float32 in 0..1; exactly zero where the clip is silent.
    """
    if len(controls) == 0:
        return controls.astype(np.float32)
    lively = np.minimum(_smooth(controls) * _GAIN, 1.0)
    drawn = close_lips(lively) * speaking[:, None]
    return np.asarray(np.clip(drawn, 0.0, 1.0), np.float32)


def close_lips(controls: Float32) -> Float32:
    """Let a likely closure be a full one: as `press` rises, whatever opens the lips gives way."""
    closed = controls.copy()
    ramp = (controls[:, _PRESS] - _PRESS_STARTS) / (_PRESS_FULL - _PRESS_STARTS)
    gate = _smoothstep(ramp)
    closed[:, _PRESS] = np.maximum(controls[:, _PRESS] * gate, gate)
    closed[:, _OPENING] *= 1.0 - gate[:, None]
    return closed


def speaking(levels: Float32) -> Float32:
    """(n,) from 0 (rest) to 1 (speech), eased, from the levels (n,) at each frame's own moment."""
    active = (levels > SPEECH_LEVEL).astype(np.float64)
    held = _dilate(active, _HOLD_FRAMES)
    return np.convolve(np.pad(held, 2), _EASING, "valid").astype(np.float32)


def levels(
    columns: Float32, moments: npt.NDArray[np.intp], silence: Float32 | np.float32 = SILENCE
) -> Float32:
    """(n,) the loudest mel band while each frame is shown.

    columns: (rows, …), the mel bands first. moments: (n,) the column at which each frame begins.
    """
    per_frame = round(MEL_FRAMES_PER_S / VIDEO_FPS)
    shown = windows_at(columns, moments, per_frame, silence)[:, 0, :MEL_BANDS]
    return np.asarray(shown.max(axis=(1, 2)), np.float32)


def _smooth(controls: Float32) -> Float32:
    """Average neighbouring frames; the clip begins and ends at rest. The moment at which the lips
    are pressed most keeps all of it."""
    padded = np.pad(controls, ((1, 1), (0, 0)))
    mixed = _NEIGHBOUR * (padded[:-2] + padded[2:]) + (1 - 2 * _NEIGHBOUR) * controls
    press, before, after = controls[:, _PRESS], padded[:-2, _PRESS], padded[2:, _PRESS]
    is_peak = (press >= before) & (press >= after)
    mixed[is_peak, _PRESS] = press[is_peak]
    return np.asarray(mixed, np.float32)


def _dilate(active: npt.NDArray[np.float64], frames: int) -> npt.NDArray[np.float64]:
    reach = np.ones(2 * frames + 1)
    return (np.convolve(np.pad(active, frames), reach, "valid") > 0).astype(np.float64)


def _smoothstep(ramp: Float32) -> Float32:
    ramp = np.clip(ramp, 0.0, 1.0)
    return ramp * ramp * (3.0 - 2.0 * ramp)
