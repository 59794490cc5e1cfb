"""What a still or a mouth patch is called, as morph weights over the resting face.

Names and numbers only; no mesh and no Blender.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from training.controls import expression_weights

Weights = dict[str, float]

MOOD_SMILE = {"happy": 0.6, "sad": -0.6, "angry": -0.35, "surprised": 0.0, "coy": 0.35}
"""The ninth mouth control of each mood."""

_SMILE_LIMIT = 1.1
"""Of `mouthSmile`, resting face included: beyond it the mouth tears."""

_UPPER_FACE: dict[str, Weights] = {
    "happy": {"eyeSquint": 0.42, "cheekSquint": 0.30, "browOuterUp": 0.22, "browInnerUp": 0.12},
    "sad": {"browInnerUp": 1.0, "browDown": 0.12, "eyeBlink": 0.16, "eyeSquint": 0.15},
    "angry": {"browDown": 1.0, "browInnerUp": -0.55, "browOuterUp": 0.30, "eyeSquint": 0.45}
    | {"eyeBlink": 0.05, "noseSneer": 0.15},
    "surprised": {"browInnerUp": 0.75, "browOuterUp": 0.80, "eyeWide": 0.60},
    "coy": {"eyeSquint": 0.22, "eyeBlink": 0.10, "cheekSquint": 0.2},
    "brows_up": {"browInnerUp": 0.55, "browOuterUp": 0.55},
}
_ONE_SIDED: dict[str, Weights] = {
    "coy": {"browOuterUp_L": 0.55, "browInnerUp_L": 0.20, "mouthSmile_L": 0.14}
    | {"eyeLookOut_L": 0.30, "eyeLookIn_R": 0.30},
}
_GAZE: dict[str, Weights] = {  # as seen in the picture
    "gaze_left": {"eyeLookOut_R": 0.45, "eyeLookIn_L": 0.45},
    "gaze_right": {"eyeLookOut_L": 0.45, "eyeLookIn_R": 0.45},
    "gaze_up": {"eyeLookUp_L": 0.40, "eyeLookUp_R": 0.40},
    "gaze_down": {"eyeLookDown_L": 0.40, "eyeLookDown_R": 0.40},
}
LIDS = {"lids_30": 0.30, "lids_60": 0.60, "lids_85": 0.85, "lids_100": 1.0}

FACE_STILLS = (*MOOD_SMILE, "brows_up")
EYE_STILLS = (*LIDS, *_GAZE)


def still_weights(name: str, resting: Mapping[str, float]) -> Weights:
    """Weights of a still over the look's resting face; KeyError for an unknown name."""
    if name in LIDS:
        return _eyelids(LIDS[name], resting)
    if name in _GAZE:
        return dict(_GAZE[name])
    weights = Counter(_both_sides(_UPPER_FACE[name]))
    weights.update(_ONE_SIDED.get(name, {}))
    weights.update(_smile(MOOD_SMILE.get(name, 0.0), resting))
    return dict(weights)


def mouth_weights(controls: Sequence[float], resting: Mapping[str, float]) -> Weights:
    """Weights of nine mouth controls: the eight of speech in 0..1, then smile in -1..1."""
    *speech, smile = controls
    weights = Counter(expression_weights(speech))
    weights.update(_smile(smile, resting))
    for side in "LR":
        name = f"mouthSmile_{side}"
        weights[name] = min(weights[name], _SMILE_LIMIT - resting.get(name, 0.0))
    return dict(weights)


def _smile(smile: float, resting: Mapping[str, float]) -> Weights:
    """A smile lifts the cheeks; its opposite takes the resting smile away before it frowns."""
    if smile >= 0:
        return _both_sides({"mouthSmile": 0.80 * smile, "cheekSquint": 0.45 * smile})
    relaxed = {
        f"mouthSmile_{side}": smile * 0.75 * resting.get(f"mouthSmile_{side}", 0.0) for side in "LR"
    }
    return relaxed | _both_sides({"mouthFrown": -0.95 * smile})


def _eyelids(closed: float, resting: Mapping[str, float]) -> Weights:
    """A blink. What the resting face does to the lids must go, or a slit stays."""
    weights = _both_sides({"eyeBlink": closed})
    for name in ("eyeWide_L", "eyeWide_R", "eyeSquint_L", "eyeSquint_R"):
        weights[name] = -closed * resting.get(name, 0.0)
    return weights


def _both_sides(weights: Mapping[str, float]) -> Weights:
    return {f"{name}_{side}": weight for name, weight in weights.items() for side in "LR"}
