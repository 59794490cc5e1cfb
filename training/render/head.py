"""The morphable head: identity, resting face, expressions, landmarks, head motion.

Coordinates are those of the data file: centimetres, y up, the face looks to +z.
No Blender and no colour here.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from training.render.geometry import Array, smoothstep
from training.render.look import Look

ASSET = Path(__file__).parents[1] / "assets" / "ict-facekit" / "ict_facekit.npz"

# End of each vertex range in the data file (the ranges follow one another).
FACE_END = 9409
HEAD_END = 11248
MOUTH_SOCKET_END = 13294
EYE_SOCKET_END = 14062
GUMS_END = 17039
EYEBALLS = ((21451, 23021), (23021, 24591))
EYE_POLES = ((21451, 22220), (23021, 23790))  # middle of the cornea, and the point opposite

# Material numbers used by `face_material`.
SKIN_MATERIALS = (0, 1)
LASH_MATERIAL = 11
DRAWN_MATERIALS = (0, 1, 2, 3, 4, 5, 6, 7, 8, LASH_MATERIAL)

_RECESS_CM = 0.12
NECK_PIVOT = (0.0, -9.0, -1.0)  # the head turns about it

# fmt: off
LANDMARKS = np.array([  # Multi-PIE 68, as vertex numbers
    1225, 1888, 1052, 367, 1719, 1722, 2199, 1447, 966, 3661, 4390, 3927, 3924, 2608, 3272, 4088,
    3443, 268, 493, 1914, 2044, 1401, 3615, 4240, 4114, 2734, 2509, 978, 4527, 4942, 4857, 1140,
    2075, 1147, 4269, 3360, 1507, 1542, 1537, 1528, 1518, 1511, 3742, 3751, 3756, 3721, 3725, 3732,
    5708, 5695, 2081, 0, 4275, 6200, 6213, 6346, 6461, 5518, 5957, 5841, 5702, 5711, 5533, 6216,
    6207, 6470, 5517, 5966,
])
# fmt: on


class Head:
    """One person's head. `base` is the resting face, (26719, 3) float32 centimetres."""

    def __init__(self, look: Look, asset: Path = ASSET) -> None:
        data = np.load(asset)
        scale = float(data["delta_scale"])
        self.faces: Array = data["faces"]
        self.face_material: Array = data["face_material"]
        self.uv: Array = data["uv"]
        self.face_uv: Array = data["face_uv"]
        self._index = {str(name): i for i, name in enumerate(data["expression_names"])}
        self._expressions = data["expressions"].astype(np.float32) * scale
        base = _with_identity(data["neutral"].astype(np.float32), data["identities"], scale, look)
        if look.slender:
            base = _slender(base, look.slender)
        for name, weight in look.base_expression.items():
            base = base + self._expressions[self._index[name]] * weight
        self._look = look
        self._raw = base.astype(np.float32)
        # enlarged about a point towards the nose, which the eyes would else squeeze
        self._eyes = [self._raw[a:b].mean(0) * [0.78, 1, 1] for a, b in EYEBALLS]
        self._nose = self._raw[LANDMARKS[30]] - [0, 0.2, 1.0]
        self.base: Array = self._stylised(self._raw)
        self.normals = self._vertex_normals(self.base)

    @property
    def landmarks(self) -> Array:
        """(68, 3) landmarks of the resting face."""
        return self.base[LANDMARKS]

    def expressed(self, weights: dict[str, float]) -> Array:
        """Vertices with morph weights added to the resting face; KeyError for an unknown name."""
        vertices = self._raw.copy()
        for name, weight in weights.items():
            if weight:
                vertices += self._expressions[self._index[name]] * np.float32(weight)
        for side, (start, end) in zip("LR", EYEBALLS, strict=True):
            closed = max(0.0, weights.get(f"eyeBlink_{side}", 0.0))
            vertices[start:end, 2] -= _RECESS_CM * closed  # else the cornea pierces the lid
        return self._stylised(vertices)

    def _stylised(self, vertices: Array) -> Array:
        """Space itself bent about eyes, nose and jaw, so that every expression follows."""
        look, out = self._look, vertices
        for centre in self._eyes:
            out = out + _magnified(vertices, centre, look.eye_size, 4.0)
        out = out + _magnified(vertices, self._nose, look.nose_size, 3.6)
        lower = smoothstep(1.0, -6.0, vertices[:, 1]) * smoothstep(-11.5, -8.0, vertices[:, 1])
        out[:, 0] += vertices[:, 0] * (look.jaw_size - 1) * lower
        return out.astype(np.float32)

    def _vertex_normals(self, vertices: Array) -> Array:
        normals = np.zeros_like(vertices)
        for corners in ((0, 1, 2), (0, 2, 3)):
            f = self.faces[self.faces[:, corners[2]] >= 0]
            a, b, c = (vertices[f[:, k]] for k in corners)
            cross = np.cross(b - a, c - a)
            for k in corners:
                np.add.at(normals, f[:, k], cross)
        return normals / (np.linalg.norm(normals, axis=1, keepdims=True) + 1e-9)


def _magnified(points: Array, centre: Array, size: float, outer_cm: float) -> Array:
    """Displacement that enlarges the picture of what is in front around `centre`, softly."""
    away = (points - centre) * [1, 1, 0]
    distance = np.linalg.norm(away, axis=1)
    weight = np.exp(-((distance / outer_cm) ** 3) * 3) * smoothstep(-2.0, 3.0, points[:, 2])
    return away * ((size - 1) * weight)[:, None]


def _with_identity(neutral: Array, identities: Array, scale: float, look: Look) -> Array:
    rng = np.random.RandomState(look.identity_seed)
    coefficients = (rng.randn(len(identities)) * look.identity_gain).astype(np.float32)
    delta = np.tensordot(coefficients, identities.astype(np.float32) * scale, 1)
    y = neutral[:, 1]  # the modes disagree about shoulders, so they fade out below the chin
    weight = (smoothstep(-14, -8.5, y) * 0.85 + 0.15) * smoothstep(-16.5, -13, y)
    return neutral + delta * weight[:, None]


def _slender(base: Array, amount: float) -> Array:
    """Narrow the jaw and the neck."""
    x, y, z = base.T
    body = np.arange(len(base)) < EYE_SOCKET_END
    jaw = 0.075 * smoothstep(-0.5, -7, y) * smoothstep(-11, -8, y)
    neck = 0.13 * smoothstep(-7.5, -10.5, y) * smoothstep(-15.5, -12.5, y)
    inner = 0.02 * smoothstep(-0.5, -5, y)
    depth = 0.10 * smoothstep(-8.5, -11, y) * smoothstep(-15.5, -12.5, y)
    out = base.copy()
    out[:, 0] = x * np.where(body, 1 - amount * (jaw + neck), 1 - amount * inner)
    out[:, 2] = np.where(body, z - (z + 1.5) * amount * depth, z)
    return out
