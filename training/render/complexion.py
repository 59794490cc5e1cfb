"""Skin as data: a colour, a roughness and a lip weight per vertex, and where hair grows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from training.render import head as ranges
from training.render.geometry import Array, catmull_rom, signed_distance, smoothstep, wave_noise
from training.render.head import Head
from training.render.look import Look, Rgb
from training.render.wrinkles import creases


@dataclass(frozen=True, slots=True)
class Complexion:
    """Per vertex: `colour` (N, 3) linear RGB; `roughness`, `lip`, `scalp`, `subsurface` (N,) 0..1.

    `freckles`, `stubble` and `creases` (N,) 0..1 say where the skin shader may draw them;
    `crease_phase` (N,) counts wrinkles: one lies at every whole number.

    `brow_lines` are two polylines (5, 3) in centimetres, outer end first.
    """

    colour: Array
    roughness: Array
    lip: Array
    scalp: Array
    subsurface: Array
    freckles: Array
    stubble: Array
    creases: Array
    crease_phase: Array
    brow_lines: tuple[Array, Array]


def paint(head: Head, look: Look) -> Complexion:
    """Colour the resting face. Everything is placed relative to the landmarks."""
    base, index = head.base, np.arange(len(head.base))
    colour = _mottled(base, look)
    colour = _flush(colour, head, look)
    lip = _lip_weight(head)
    speckle = 1 + wave_noise(base * [6, 1, 1], 3, 5) * 0.03
    colour = _mix(colour, np.array(look.lip) * speckle[:, None], lip * look.lip_strength)
    colour[ranges.HEAD_END : ranges.MOUTH_SOCKET_END] = (0.30, 0.06, 0.05)
    colour[ranges.MOUTH_SOCKET_END : ranges.EYE_SOCKET_END] = np.array(look.skin) * 0.8
    to_lid = _distance_to_lid_margin(head)
    colour = _mix(
        colour, np.array([0.07, 0.035, 0.03]), smoothstep(0.2, 0.04, to_lid) * look.eyeliner
    )
    hair = np.array(look.hair_clay or look.hair_rgb)
    lines = _brow_lines(head, look)
    for line in lines:
        near, _ = cKDTree(catmull_rom(line[::-1, :2], 10, closed=False)).query(base[:, :2])
        front = (base[:, 2] > 3) & (index < ranges.FACE_END)
        colour = _mix(colour, hair * 1.2, (1 - smoothstep(0.05, 0.5, near)) * 0.34 * front)
    scalp = _scalp_weight(head)
    root = hair if look.hair_clay else hair * 0.35
    colour = _mix(colour, root, scalp * 0.97 * (1 - 0.6 * look.hair_grey))
    colour[ranges.EYE_SOCKET_END : ranges.GUMS_END] = (0.58, 0.20, 0.19)
    folds, phase = creases(head)
    bare = 1 - np.clip(lip * 1.5, 0, 1)
    return Complexion(
        freckles=_freckled(head) * bare,
        stubble=_beard(head) * bare,
        creases=folds * bare,
        crease_phase=phase,
        colour=np.clip(colour, 0, 1),
        roughness=np.where(lip > 0.3, 0.33, 0.47),
        lip=lip,
        scalp=scalp,
        subsurface=0.55 * smoothstep(0.05, 0.7, to_lid),  # else lash shadows glow red
        brow_lines=lines,
    )


def front_hairline_y(head: Head, x: Array) -> Array:
    """Height of the hairline above the forehead, an arch over x with a slight widow's peak."""
    mark = head.landmarks
    brow_y = mark[17:27, 1].mean()
    forehead = (brow_y - mark[33, 1]) * 0.62
    return brow_y + forehead - 0.0495 * x**2 - 0.25 * np.exp(-((x / 1.2) ** 2))


def _mix(under: Array, over: Array, weight: Array) -> Array:
    return under * (1 - weight[:, None]) + over * weight[:, None]


def _mottled(base: Array, look: Look) -> Array:
    """Skin colour with slow and fine variation."""
    slow = wave_noise(base, 1.2, 1)[:, None] * [0.006, 0.012, 0.010]
    fine = wave_noise(base, 5, 2)[:, None] * [0.004, 0.008, 0.008]
    return np.array(look.skin) * (1 + (slow + fine) * 1.5)


def _flush(colour: Array, head: Head, look: Look) -> Array:
    """Blood under cheeks, nose, chin and ears; shade around the eyes."""
    base, mark = head.base, head.landmarks
    skin = np.arange(len(base)) < ranges.MOUTH_SOCKET_END

    def tint(centre: Array, radii: Rgb, amount: float, factor: Rgb) -> None:
        nonlocal colour
        distance = np.linalg.norm((base - centre) / np.array(radii), axis=1)
        weight = np.exp(-1.2 * distance**2) * amount * skin
        colour = _mix(colour, colour * np.array(factor), weight)

    for nostril, cheekbone in ((31, 2), (35, 14)):
        cheek = (mark[nostril] + mark[cheekbone]) / 2 + [0, 1.2, 1.5]
        tint(cheek, (2.6, 1.8, 3), look.blush, (1.0, 0.62, 0.60))
    tint(mark[30], (1.5, 1.1, 1.6), look.blush * 0.8, (1.0, 0.70, 0.66))
    tint(mark[8] + [0, 0.8, 0], (1.8, 1.3, 2), look.blush * 0.4, (1.0, 0.75, 0.72))
    for outer, inner in ((36, 39), (42, 45)):
        eye = (mark[outer] + mark[inner]) / 2
        tint(eye + np.array([0, -0.9, 0.3]), (1.6, 0.55, 1.5), 0.20, (0.85, 0.72, 0.78))
        tint(eye + np.array([0, 0.75, 0.3]), (1.7, 0.5, 1.5), 0.30, (0.80, 0.66, 0.64))
    x, y, z = base.T
    ear = smoothstep(7.2, 8.2, np.abs(x)) * ((y > -5) & (y < 6) & (z > -4) & (z < 3))
    return _mix(colour, colour * np.array([1, 0.7, 0.66]), 0.25 * ear)


def _lip_weight(head: Head) -> Array:
    outline = head.landmarks[48:60]
    distance = signed_distance(head.base[:, :2], catmull_rom(outline[:, :2], 8, closed=True))
    front = head.base[:, 2] > outline[:, 2].min() - 1.2
    front &= np.arange(len(head.base)) < ranges.FACE_END
    return np.where(front, 1 - smoothstep(-0.12, 0.13, distance), 0)


def _distance_to_lid_margin(head: Head) -> Array:
    """Per vertex of the face, centimetres to the nearest lash root; elsewhere infinity."""
    lashes = head.base[np.unique(head.faces[head.face_material == ranges.LASH_MATERIAL])]
    face = head.base[: ranges.FACE_END]
    to_face, _ = cKDTree(face).query(lashes)
    distance = np.full(len(head.base), np.inf)
    distance[: ranges.FACE_END], _ = cKDTree(lashes[to_face < 0.05]).query(face)
    return distance


def _freckled(head: Head) -> Array:
    """Across the nose and the cheekbones."""
    mark = head.landmarks
    weight = np.zeros(len(head.base))
    for nostril, cheekbone in ((31, 2), (35, 14)):
        centre = mark[nostril] * 0.6 + mark[cheekbone] * 0.4 + [0, 1.4, 1.5]
        away = np.linalg.norm((head.base - centre) / [3.4, 2.0, 4.0], axis=1)
        weight = np.maximum(weight, smoothstep(1.15, 0.35, away))
    bridge = np.linalg.norm((head.base - mark[29]) / [2.0, 1.3, 3.0], axis=1)
    return np.maximum(weight, 0.8 * smoothstep(1.1, 0.4, bridge))


def _beard(head: Head) -> Array:
    """Jaw, chin and upper lip of a shaven man."""
    x, y, z = head.base.T
    mark = head.landmarks
    nose, corner = mark[33, 1], mark[48, 1]
    knots = [nose - 0.2, nose - 0.7, corner + 0.1, corner + 0.7, mark[2, 1] + 0.3, mark[1, 1]]
    edge = np.interp(np.abs(x), [0, 2.2, 3.2, 5.0, 6.5, 8], knots)
    under = smoothstep(mark[8, 1] - 3.2, mark[8, 1] - 0.6, y)
    front = smoothstep(0.5, 2.5, z) * (np.arange(len(x)) < ranges.FACE_END)
    return smoothstep(0.35, -0.55, y - edge) * under * front


def _brow_lines(head: Head, look: Look) -> tuple[Array, Array]:
    mark, drop = head.landmarks, np.array([0, look.brow_drop_cm, 0])
    return _softened(mark[17:22], look) - drop, _softened(mark[22:27][::-1], look) - drop


def _softened(line: Array, look: Look) -> Array:
    """A brow of five points with less of an arch."""
    chord = line[0] + (line[-1] - line[0]) * np.linspace(0, 1, len(line))[:, None]
    flat = line.copy()
    flat[:, 1] += (chord[:, 1] - line[:, 1]) * look.brow_flatness
    return flat


def _scalp_weight(head: Head) -> Array:
    """1 where head hair grows: above a hairline that runs forehead, temple, ear, nape."""
    x, y, z = head.base.T
    mark = head.landmarks
    brow_y = mark[17:27, 1].mean()
    width = np.abs(x)
    z_knots = [-9, -5, -3.2, -2.0, 0.3, 1.6, 2.4, 3.6, 5.0]
    y_knots = [-6.5, -5.8, -3.0, 4.2, 1.5, 1.0, 3.5, brow_y + 1.8, 99]
    hairline = np.where(z > 4.2, front_hairline_y(head, x), np.interp(z, z_knots, y_knots))
    weight = smoothstep(-0.5, 0.6, y - hairline) * (np.arange(len(x)) < ranges.HEAD_END)
    ear = (width > 7.35) & (z < 2.2) & (z > -4.2) & (y < 4.6) & (y > -5)
    return np.where(ear, 0, weight)
