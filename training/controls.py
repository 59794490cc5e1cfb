"""The eight mouth controls: their names, order, and what each does to the face.

This is the one place where a control becomes morph-target weights. Who produces controls
(speech, phoneme marks) and who draws them (renderer, decoder) both import it.
"""

from __future__ import annotations

from collections.abc import Sequence

CONTROL_NAMES = ("jaw", "wide", "pucker", "funnel", "lower_down", "upper_up", "press", "fv")

_MIDLINE: dict[str, dict[str, float]] = {
    "jawOpen": {"jaw": 0.80},
    "mouthClose": {"press": 0.02},
    "mouthPucker": {"pucker": 0.75},
    "mouthFunnel": {"funnel": 0.75},
    "mouthRollLower": {"fv": 0.55, "press": 0.12},
    "mouthRollUpper": {"press": 0.10},
}
_PAIRED: dict[str, dict[str, float]] = {
    "mouthStretch": {"wide": 0.40},
    "mouthSmile": {"wide": 0.45},
    "mouthLowerDown": {"lower_down": 0.80},
    "mouthUpperUp": {"upper_up": 0.90},
    "mouthPress": {"press": 0.35},
}


def expression_weights(controls: Sequence[float]) -> dict[str, float]:
    """ARKit-named morph weights for eight controls in 0..1, in `CONTROL_NAMES` order.

    Every weight is linear in the controls, and all are zero for the neutral face.
    Raises ValueError when there are not exactly eight values.
    """
    value = dict(zip(CONTROL_NAMES, (float(c) for c in controls), strict=True))
    weights = {name: _mix(gains, value) for name, gains in _MIDLINE.items()}
    for name, gains in _PAIRED.items():
        weights[f"{name}_L"] = weights[f"{name}_R"] = _mix(gains, value)
    return weights


def _mix(gains: dict[str, float], value: dict[str, float]) -> float:
    return sum(gain * value[control] for control, gain in gains.items())
