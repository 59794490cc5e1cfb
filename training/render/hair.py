"""Hair grown as polylines in numpy, in head coordinates (centimetres)."""

from __future__ import annotations

import numpy as np

from training.render.complexion import Complexion, front_hairline_y
from training.render.geometry import Array, dot, smoothstep, unit, wave_noise
from training.render.head import HEAD_END, SKIN_MATERIALS, Head
from training.render.look import Look
from training.render.skull import Skull

_STEPS = 26


def grow_bob(head: Head, skin: Complexion, look: Look) -> Array:
    """Strands (N, 26, 3) of a side-parted bob.

    Each step follows a flow field (away from the parting on top, down below) bent along the skull,
    then is pushed out to the strand's own layer.
    """
    rng = np.random.RandomState(5)
    n = look.hair_strands
    roots, normals = _scatter(head, skin.scalp**2, n, rng)
    length = rng.uniform(0.93, 1.05, n) * look.hair_length_cm
    layer = rng.beta(1.2, 1.6, n)
    wide, mid, fine = (wave_noise(roots, f, seed) for f, seed in ((0.55, 11), (1.6, 12), (4.0, 13)))
    side = np.sign(roots[:, 0] - look.hair_part_x_cm + 0.12 * fine + 0.10 * rng.randn(n))
    skull = Skull(head, HEAD_END)
    step = (length / (_STEPS - 1))[:, None]
    points, strand = roots.copy(), [roots - normals * 0.15]
    for k in range(1, _STEPS):
        along = k / (_STEPS - 1)
        points = points + _bent(_parted(points, side, wide, mid), *skull.above(points)) * step
        normal, height = skull.above(points)
        target = 0.12 + layer * look.hair_layer_cm * min(1, along * 3) * (0.75 + 0.25 * wide)
        target = target + smoothstep(3, -5, points[:, 1]) * 0.35
        if along < 0.15:
            target = np.maximum(target * 0.6, 0.1)
        out = np.clip(target - height, 0, None)
        back = np.clip(height - target - 0.05, 0, None) * 0.35 * smoothstep(-1, 5, points[:, 1])
        points = points + normal * (out - back)[:, None] + 0.02 * fine[:, None] * [1, 0, 1]
        strand.append(points)
    strands = np.stack(strand, 1)
    for _ in range(3):
        strands[:, 1:-1] = (strands[:, :-2] + 2 * strands[:, 1:-1] + strands[:, 2:]) / 4
    cut_y = look.hair_cut_y_cm + 0.10 * mid + 0.14 * rng.randn(n)
    strands = _cut(strands, cut_y - 0.10 * np.clip(-roots[:, 2], -4, 6))
    strands = _waved(_curl_in(strands, look), roots, look)
    frizz = rng.randn(n, 1, 3) * 0.05 + np.cumsum(rng.randn(n, _STEPS - 1, 3) * 0.012, 1)
    strands[:, 1:] += frizz * look.hair_frizz * np.linspace(0.2, 1, _STEPS - 1)[None, :, None]
    return strands[~_across_forehead(strands, head)].astype(np.float32)


def grow_curls(head: Head, skin: Complexion, look: Look) -> Array:
    """Strands (N, 26, 3) of short coils that stand off the scalp in tufts."""
    rng = np.random.RandomState(7)
    n = look.hair_strands
    roots, normals = _scatter(head, skin.scalp**2, n, rng)
    tuft = np.stack([wave_noise(roots, 3.2, seed) for seed in (41, 42, 43)], 1)
    axis = unit(normals + 0.30 * tuft + 0.12 * rng.randn(n, 3))
    across = unit(np.cross(axis, rng.randn(n, 3)))
    other = np.cross(axis, across)
    fade = 0.40 + 0.60 * smoothstep(0.0, 8.0, roots[:, 1])  # shorter at the sides
    length = look.hair_length_cm * fade * rng.uniform(0.7, 1.1, n)
    turns = rng.uniform(1.5, 3.0, n)
    start = rng.uniform(0, 2 * np.pi, n)
    strand = []
    for u in np.linspace(0, 1, _STEPS):
        angle = start + 2 * np.pi * turns * u
        coil = (
            0.16
            * min(1.0, 3 * u)
            * (across * np.cos(angle)[:, None] + other * np.sin(angle)[:, None])
        )
        strand.append(roots + axis * (length * u - 0.1)[:, None] + coil)
    return np.stack(strand, 1).astype(np.float32)


STYLES = {"bob": grow_bob, "curls": grow_curls}


def _scatter(head: Head, weight: Array, n: int, rng: np.random.RandomState) -> tuple[Array, Array]:
    """`n` random skin points and their normals, denser where the vertex weight is high."""
    quads = head.faces[np.isin(head.face_material, SKIN_MATERIALS) & (head.faces[:, 3] >= 0)]
    tri = np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])
    a, b, c = (head.base[tri[:, k]] for k in range(3))
    mass = np.linalg.norm(np.cross(b - a, c - a), axis=1) * weight[tri].mean(1)
    pick = tri[rng.choice(len(tri), n, p=mass / mass.sum())]
    uv = rng.rand(n, 2)
    outside = uv.sum(1) > 1
    uv[outside] = 1 - uv[outside]
    mix = np.stack([1 - uv.sum(1), uv[:, 0], uv[:, 1]], 1)[:, :, None]
    return (head.base[pick] * mix).sum(1), (head.normals[pick] * mix).sum(1)


def _parted(points: Array, side: Array, wide: Array, mid: Array) -> Array:
    """Where a strand wants to go: sideways on the crown, back from the forehead, down elsewhere."""
    x, y, z = points.T
    top = smoothstep(7.5, 13.5, y)
    front = smoothstep(3.5, 8.5, z) * smoothstep(-2, 5, y)
    nape = smoothstep(4, -2, y) * smoothstep(-4, -9, y)
    return unit(
        np.stack(
            [
                side * (1.1 * top + 0.9 * front + 0.12) - 0.09 * np.sign(x) * nape + 0.10 * mid,
                -1.0 + 0.55 * top,
                -0.75 * front - 0.25 * top * smoothstep(-3, -6, -z) + 0.12 * wide,
            ],
            1,
        )
    )


def _bent(flow: Array, normal: Array, height: Array) -> Array:
    """The flow without its part into the skull, where the skull is near."""
    near = smoothstep(2.2, 0.6, height)[:, None]
    into = dot(flow, normal)[:, None]
    along = flow - normal * into * np.where(into < 0, 1, 0.3)
    return unit(near * along + (1 - near) * flow)


def _cut(strands: Array, cut_y: Array) -> Array:
    """End every strand where it first falls below its `cut_y`, resampled to the same count."""
    n, k, _ = strands.shape
    rows = np.arange(n)
    below = strands[:, :, 1] < cut_y[:, None]
    reaches = below.any(1)
    last = np.where(reaches, below.argmax(1), k - 1)
    before = np.maximum(last - 1, 0)
    y0, y1 = strands[rows, before, 1], strands[rows, last, 1]
    part = np.where(reaches, np.clip((y0 - cut_y) / (y0 - y1 + 1e-6), 0, 1), 1.0)
    at = np.linspace(0, 1, k)[None] * (before + part)[:, None]
    i = np.clip(at.astype(int), 0, k - 2)
    start, end = strands[rows[:, None], i], strands[rows[:, None], i + 1]
    return start + (end - start) * (at - i)[..., None]


def _waved(strands: Array, roots: Array, look: Look) -> Array:
    """Soft waves that neighbours share, growing towards the ends."""
    along = np.linspace(0, 1, strands.shape[1])
    phase = 1.6 * wave_noise(roots, 0.35, 51) + 0.5 * wave_noise(roots, 1.2, 52)
    swing = np.sin(2 * np.pi * 2.6 * along + phase[:, None]) * smoothstep(0.1, 0.5, along)
    outward = unit(strands * [1, 0, 1] + [0, 0, 1.5])
    aside = np.cross(outward, [0.0, 1.0, 0.0])
    return strands + (0.7 * outward + 0.7 * aside) * (look.hair_wave_cm * swing)[..., None]


def _across_forehead(strands: Array, head: Head) -> Array:
    """Which strands stray over the bare forehead (N,)."""
    x, y, z = np.moveaxis(strands, -1, 0)
    bare = (z > 4.2) & (np.abs(x) < 6) & (y < front_hairline_y(head, x) - 0.9)
    return bare.any(1)


def _curl_in(strands: Array, look: Look) -> Array:
    """Turn the last centimetres towards the neck."""
    axis = np.array([0, 0, -1.5])
    outward = unit(strands * [1, 0, 1] - axis)
    amount = smoothstep(-3.5, look.hair_cut_y_cm, strands[:, :, 1]) * look.hair_curl_cm
    return strands - outward * amount[..., None]
