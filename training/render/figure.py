"""The person in the studio: builds every object once, then takes expressions and poses."""

from __future__ import annotations

from pathlib import Path

import bpy
import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from training.render import hair, materials, torso
from training.render import head as ranges
from training.render.complexion import Complexion, paint
from training.render.geometry import Array
from training.render.head import LANDMARKS, Head, posed
from training.render.look import Look
from training.render.pose import Pose
from training.render.scene import Box, Studio, move_mesh, move_strands

_FLOAT, _COLOUR, _VECTOR = "FLOAT", "FLOAT_COLOR", "FLOAT_VECTOR"


class Figure:
    """Set a face with `show`, read its landmarks, `render` it.

    Construction takes some seconds and replaces the current Blender scene.
    """

    def __init__(self, look: Look, threads: int = 1) -> None:
        self._studio = Studio(look, threads)
        self._head = Head(look)
        complexion = paint(self._head, look)
        self._body = self._build_head(complexion, look)
        self._torso = self._build_torso(look)
        self._hair = hair.grow_bob(self._head, complexion, look)
        radius = 0.0094 * (26000 / look.hair_strands) ** 0.5
        material = materials.hair("hair", look.hair_melanin, look.hair_redness, 0.32)
        self._hair_object = self._studio.add_strands("hair", self._hair, radius, material, tip=0.3)
        self._brows = hair.grow_brows(self._head, complexion, look)
        material = materials.hair("brows", look.brow_melanin, look.hair_redness, 0.5)
        self._brow_object = self._studio.add_strands("brows", self._brows, 0.016, material, tip=0.2)
        face = cKDTree(self._head.base[: ranges.FACE_END])
        _, self._brow_anchor = face.query(self._brows[:, 0])
        self._vertices = self._head.base
        self._pose: Pose | None = None

    def show(self, weights: dict[str, float], pose: Pose) -> None:
        """Put on an expression (ARKit-named morph weights over the resting face) and a pose."""
        expressed = self._head.expressed(weights)
        self._vertices = posed(expressed, pose)
        move_mesh(self._body, self._vertices)
        carried = (expressed - self._head.base)[self._brow_anchor][:, None]
        move_strands(self._brow_object, posed(self._brows + carried, pose))
        if pose != self._pose:  # moved hair costs a rebuild of its ray-tracing tree
            move_strands(self._hair_object, posed(self._hair, pose))
            self._torso.location.z = pose.lift_cm / 100
            self._pose = pose

    def landmarks(self) -> Array:
        """The 68 landmarks of what is shown, (68, 2) in 0..1 of the picture, y down."""
        return self._studio.project(self._vertices[LANDMARKS])

    def render(self, path: Path, size: int, samples: int, region: Box | None = None) -> None:
        """See `Studio.render`."""
        self._studio.render(path, size, samples, region)

    def _build_torso(self, look: Look) -> bpy.types.Object:
        vertices, faces = torso.jumper(self._head, look)
        thing = self._studio.add_mesh("jumper", vertices, faces)
        thing.data.materials.append(materials.knit(look.cloth))
        shell = thing.modifiers.new("thickness", "SOLIDIFY")
        shell.thickness, shell.offset = 0.004, 1
        return thing

    def _build_head(self, complexion: Complexion, look: Look) -> bpy.types.Object:
        head = self._head
        kept = np.isin(head.face_material, ranges.DRAWN_MATERIALS) & ~_under_clothes(head)
        faces = [tuple(int(i) for i in f if i >= 0) for f in head.faces[kept]]
        thing = self._studio.add_mesh("head", head.base, faces)
        mesh = thing.data
        opaque = np.pad(complexion.colour, ((0, 0), (0, 1)), constant_values=1)
        _attach(mesh, "col", _COLOUR, opaque)
        _attach(mesh, "rough", _FLOAT, complexion.roughness)
        _attach(mesh, "lip", _FLOAT, complexion.lip)
        _attach(mesh, "subsurface", _FLOAT, complexion.subsurface)
        _attach(mesh, "rest", _VECTOR, head.base)  # textures stick to the skin when it moves
        radius, angle = _eye_polar(head)
        _attach(mesh, "eye_r", _FLOAT, radius)
        _attach(mesh, "eye_a", _FLOAT, angle)
        rise, along = _lash_coordinates(head)
        _attach(mesh, "lash_t", _FLOAT, rise)
        _attach(mesh, "lash_u", _FLOAT, along)
        sclera, iris = materials.sclera(), materials.iris(look.iris)
        skin = materials.skin()
        by_number = dict(
            zip(
                ranges.DRAWN_MATERIALS,
                (skin, skin, materials.gums(), materials.teeth(), sclera, iris, sclera, iris,
                 materials.tear_film(), materials.lashes()),
                strict=True,
            )
        )  # fmt: skip
        slots = list(dict.fromkeys(by_number.values()))
        for material in slots:
            mesh.materials.append(material)
        slot_of = {number: slots.index(material) for number, material in by_number.items()}
        index = np.array([slot_of[int(m)] for m in head.face_material[kept]], np.int32)
        mesh.polygons.foreach_set("material_index", index)
        return thing


def _attach(mesh: bpy.types.Mesh, name: str, kind: str, values: Array) -> None:
    field = {_FLOAT: "value", _COLOUR: "color", _VECTOR: "vector"}[kind]
    attribute = mesh.attributes.new(name, kind, "POINT")
    attribute.data.foreach_set(field, np.ascontiguousarray(values, np.float32).ravel())


def _under_clothes(head: Head) -> Array:
    """Faces that the jumper covers: they would poke through it when the head turns."""
    corners = np.where(head.faces < 0, head.faces[:, :1], head.faces)
    x, y, z = head.base[corners].mean(1).T
    return (y < -15.2) | ((y < -12.2) & (np.abs(x) > 7.6)) | ((y < -13.3) & (z < -5))


def _eye_polar(head: Head) -> tuple[Array, Array]:
    """Per vertex: distance from the eye's axis in radii (2 − r on the far side), and angle."""
    radius, angle = np.zeros(len(head.base)), np.zeros(len(head.base))
    for start, end in ranges.EYEBALLS:
        ball = head.base[start:end]
        low, high = ball.min(0), ball.max(0)
        from_centre = ball - (low + high) / 2
        r = np.linalg.norm(from_centre[:, :2], axis=1) / ((high - low)[0] / 2)
        radius[start:end] = np.where(from_centre[:, 2] > 0, r, 2 - r)
        angle[start:end] = np.arctan2(from_centre[:, 1], from_centre[:, 0])
    return radius, angle


def _lash_coordinates(head: Head) -> tuple[Array, Array]:
    """Per vertex of each lash card: 0 at the lid to 1 at the tip, and position along the lid."""
    is_lash = head.face_material == ranges.LASH_MATERIAL
    quads, quad_uv = head.faces[is_lash], head.face_uv[is_lash]
    n = len(head.base)
    uv = np.zeros((n, 2))
    uv[quads.ravel()] = head.uv[quad_uv.ravel()]
    edges = np.concatenate([quads[:, [a, b]] for a, b in ((0, 1), (1, 2), (2, 3), (3, 0))])
    graph = coo_matrix((np.ones(len(edges)), edges.T), shape=(n, n))
    _, card_of = connected_components(graph, directed=False)
    face = cKDTree(head.base[: ranges.FACE_END])
    used = np.unique(quads)
    rise, along = np.zeros(n), np.zeros(n)
    for card, number in enumerate(np.unique(card_of[used])):
        members = used[card_of[used] == number]
        u, v = ((uv[members] - uv[members].min(0)) / np.ptp(uv[members], axis=0)).T
        to_face, _ = face.query(head.base[members])
        if to_face[v < 0.1].mean() > to_face[v > 0.9].mean():
            v = 1 - v
        rise[members], along[members] = v, u + card * 0.37
    return rise, along
