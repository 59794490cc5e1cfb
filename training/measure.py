"""How well drawn mouths follow true ones: pure measures over controls at 25 frames a second.

`opening` is one number for how far the lips are apart; closures are the moments when p, b or m hold
them shut. Files, voices and printing do not belong here.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from backend.avatar.lips.articulation import mouth_track
from backend.avatar.lips.mel import (
    MEL_FRAMES_PER_S,
    SAMPLE_RATE_HZ,
    VIDEO_FPS,
    Float32,
)
from backend.avatar.lips.mouth import CONTROLS
from training.espeak import Speech

Float = npt.NDArray[np.float64]
_CLOSED_PRESS = 0.45
_PARTED_PRESS = 0.1
_JAW, _LOWER, _UPPER, _PRESS = (
    CONTROLS.index(name) for name in ("jaw", "lower_down", "upper_up", "press")
)


@dataclass(frozen=True, slots=True)
class Mouths:
    """One clip: drawn and true controls (n, 8), when closures hold, and the sound's level (n,)."""

    drawn: Float32
    true: Float32
    closures_s: tuple[tuple[float, float], ...]
    level: Float


@dataclass(frozen=True, slots=True)
class Score:
    """opening: correlation of drawn with true; loudness: of the sound's level with true.

    closure_recall: closures of p b m that were drawn shut; false_closures: share of frames drawn
    shut while the lips are truly apart. jitter: how hard the opening is jerked about from frame to
    frame, as a multiple of the truth's (both for openings of equal spread).
    """

    opening: float
    closure_recall: float
    closures: int
    false_closures: float
    loudness: float
    seconds: float
    jitter: float


def opening(controls: Float32) -> Float:
    """(n,) how far the lips are apart, about 0..1: jaw and lips, unless pressed together."""
    apart = 0.8 * controls[:, _JAW] + 0.25 * controls[:, _LOWER] + 0.2 * controls[:, _UPPER]
    return np.asarray(apart * (1.0 - controls[:, _PRESS]), np.float64)


def mouths(speech: Speech, drawn: Float32) -> Mouths:
    """Pair what was drawn, one row per video frame, with the truth at the same moments."""
    track = mouth_track(speech.phones, speech.duration_s + 0.1)
    columns = np.rint(np.arange(len(drawn)) * MEL_FRAMES_PER_S / VIDEO_FPS).astype(int)
    true = track.controls[np.minimum(columns, len(track.controls) - 1)]
    return Mouths(drawn, true, _runs_s(track.closed), level_db(speech.pcm, len(drawn)))


def score(clips: Sequence[Mouths]) -> Score:
    """All clips of one kind of voice together."""
    drawn = np.concatenate([clip.drawn for clip in clips])
    true = np.concatenate([clip.true for clip in clips])
    level = np.concatenate([clip.level for clip in clips])
    hits = [hit for clip in clips for hit in _closure_hits(clip)]
    apart = true[:, _PRESS] < _PARTED_PRESS
    return Score(
        opening=_correlation(opening(drawn), opening(true)),
        closure_recall=float(np.mean(hits)) if hits else float("nan"),
        closures=len(hits),
        false_closures=float((drawn[apart, _PRESS] > _CLOSED_PRESS).mean()),
        loudness=_correlation(level, opening(true)),
        seconds=len(drawn) / VIDEO_FPS,
        jitter=_acceleration(opening(drawn)) / _acceleration(opening(true)),
    )


def restlessness(controls: Float32) -> float:
    """The largest change of any control from one frame to the next."""
    return float(np.abs(np.diff(controls, axis=0)).max(initial=0.0))


def parted(controls: Float32) -> float:
    """How far the lips ever are apart."""
    return float(opening(controls).max(initial=0.0))


def level_db(pcm: Float32, frames: int) -> Float:
    """(frames,) RMS level around each video frame, no lower than −60 dB."""
    step = SAMPLE_RATE_HZ // VIDEO_FPS
    padded = np.pad(pcm.astype(np.float64), (step // 2, step * 2))
    power = np.array([np.mean(padded[i * step : (i + 1) * step] ** 2) for i in range(frames)])
    return np.asarray(10 * np.log10(np.maximum(power, 1e-6)))


def _closure_hits(clip: Mouths) -> list[bool]:
    """For each closure, whether a frame within it, or at its edge, is drawn shut."""
    half_frame_s = 0.5 / VIDEO_FPS
    hits = []
    for start_s, end_s in clip.closures_s:
        first = int(np.ceil((start_s - half_frame_s) * VIDEO_FPS))
        last = int(np.floor((end_s + half_frame_s) * VIDEO_FPS))
        within = clip.drawn[max(0, first) : last + 1, _PRESS]
        hits.append(bool((within > _CLOSED_PRESS).any()))
    return hits


def _runs_s(closed: npt.NDArray[np.bool_]) -> tuple[tuple[float, float], ...]:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], closed.astype(int), [0]])))
    return tuple(
        (start / MEL_FRAMES_PER_S, (end - 1) / MEL_FRAMES_PER_S)
        for start, end in zip(edges[::2], edges[1::2], strict=True)
    )


def _acceleration(opening: Float) -> float:
    """Root mean square change of speed per frame, for an opening of spread 1."""
    jerks = np.diff(opening, 2)
    return float(np.sqrt(np.mean(jerks**2)) / max(opening.std(), 1e-6))


def _correlation(a: Float, b: Float) -> float:
    return float(np.corrcoef(a, b)[0, 1])
