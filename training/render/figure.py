"""The person in the studio: builds every object once, then takes expressions and poses."""

from __future__ import annotations

import bpy
import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from training.render import brows, hair, materials, torso
from training.render import head as ranges
from training.render.complexion import Complexion, paint
from training.render.geometry import Array, smoothstep
from training.render.head import Head
from training.render.look import Look
from training.render.scene import Studio, move_mesh, move_strands
from training.render.shots import Shots
from training.render.skin import skin as skin_surface
from training.render.skin_map import wrap

_HEAD, _HAIR, _TORSO = 1, 2, 3
_COARSE = 12  # strands in one coarse strand
_FLOAT, _COLOUR, _VECTOR = "FLOAT", "FLOAT_COLOR", "FLOAT_VECTOR"


class Figure:
    """Set a face with `show`, then take `shots` of it.

    Construction takes some seconds and replaces the current Blender scene. `coarse_hair` grows
    few thick matt strands, which throw the same shade at half the cost of a render.
    """

    def __init__(self, look: Look, threads: int = 1, coarse_hair: bool = False) -> None:
        self.studio = Studio(look, threads)
        self.shots = Shots(self.studio)
        self.head = Head(look)
        complexion = paint(self.head, look)
        self._body = self._build_head(complexion, look)
        self._hair_objects = self._build_hair(complexion, look, coarse_hair)
        if look.hair_clay:
            self._brows = brows.model(self.head, complexion, look)
            material = materials.clay(look.hair_clay)
        else:
            self._brows = brows.grow(self.head, complexion, look)
            material = materials.hair("brows", look.brow_melanin, look.brow_redness, 0.5)
        self._brow_object = self.studio.add_strands(
            "brows", self._brows, look.brow_radius_cm, material, tip=0.3
        )
        face = cKDTree(self.head.base[: ranges.FACE_END])
        _, self._brow_anchor = face.query(self._brows)
        self._vertices = self.head.base
        for thing in self._hair_objects:
            thing.pass_index = _HAIR
        for thing in self._build_torso(look):
            thing.pass_index = _TORSO
        self._body.pass_index = self._brow_object.pass_index = _HEAD

    def show(self, weights: dict[str, float]) -> None:
        """Put on an expression: ARKit-named morph weights over the resting face."""
        self._vertices = self.head.expressed(weights)
        move_mesh(self._body, self._vertices)
        carried = (self._vertices - self.head.base)[self._brow_anchor]
        move_strands(self._brow_object, self._brows + carried)

    @property
    def vertices(self) -> Array:
        """What is shown, (26719, 3) centimetres."""
        return self._vertices

    @staticmethod
    def is_hair(number: Array) -> Array:
        """Which pixels of `Shots.surface` are hair."""
        return number == _HAIR

    def head_weight(self, position: Array, number: Array) -> Array:
        """Per pixel of `Shots.surface`: 1 moves with the head, 0 stays with the torso."""
        weight = smoothstep(-17.5, -8.5, np.nan_to_num(position[..., 1]))
        return np.where(np.isin(number, (_HEAD, _HAIR)), weight, 0).astype(np.float32)

    def _build_hair(
        self, complexion: Complexion, look: Look, coarse: bool
    ) -> list[bpy.types.Object]:
        strands = hair.STYLES[look.hair_style](self.head, complexion, look)
        if look.hair_clay:
            clay = materials.clay(look.hair_clay)
            return [self.studio.add_strands("hair", strands, look.hair_radius_cm, clay, tip=0.45)]
        radius = look.hair_radius_cm * (26000 / look.hair_strands) ** 0.5
        if coarse:
            matt = materials.matt(look.hair_rgb)
            few = strands[::_COARSE]
            return [self.studio.add_strands("hair", few, radius * _COARSE, matt, tip=0.5)]
        grey = np.random.RandomState(8).rand(len(strands)) < look.hair_grey
        objects = []
        for name, of_kind, melanin in (("hair", ~grey, look.hair_melanin), ("grey", grey, 0.03)):
            material = materials.hair(name, melanin, look.hair_redness, 0.32)
            chosen = strands[of_kind]
            if len(chosen):
                objects.append(self.studio.add_strands(name, chosen, radius, material, tip=0.5))
        return objects

    def _build_torso(self, look: Look) -> list[bpy.types.Object]:
        vertices, faces = torso.jumper(self.head, look)
        thing = self.studio.add_mesh("jumper", vertices, faces)
        thing.data.materials.append(materials.knit(look.cloth))
        shell = thing.modifiers.new("thickness", "SOLIDIFY")
        shell.thickness, shell.offset = 0.004, 1
        band = self.studio.add_mesh("neckband", *torso.neckband(self.head, look))
        band.data.materials.append(materials.knit(look.knit_band or look.cloth))
        return [thing, band]

    def _build_head(self, complexion: Complexion, look: Look) -> bpy.types.Object:
        head = self.head
        kept = np.isin(head.face_material, ranges.DRAWN_MATERIALS) & ~_under_clothes(head)
        faces = [tuple(int(i) for i in f if i >= 0) for f in head.faces[kept]]
        thing = self.studio.add_mesh("head", head.base, faces)
        mesh = thing.data
        opaque = np.pad(complexion.colour, ((0, 0), (0, 1)), constant_values=1)
        _attach(mesh, "col", _COLOUR, opaque)
        _attach(mesh, "rough", _FLOAT, complexion.roughness)
        _attach(mesh, "lip", _FLOAT, complexion.lip)
        _attach(mesh, "subsurface", _FLOAT, complexion.subsurface)
        _attach(mesh, "freckles", _FLOAT, complexion.freckles)
        _attach(mesh, "stubble", _FLOAT, complexion.stubble)
        _attach(mesh, "crease", _FLOAT, complexion.creases)
        _attach(mesh, "crease_phase", _FLOAT, complexion.crease_phase)
        wrapped = np.pad(wrap(head.base), ((0, 0), (0, 1)))
        _attach(mesh, "wrap", _VECTOR, wrapped)  # at rest: textures stick to the skin as it moves
        radius, angle = _eye_polar(head)
        _attach(mesh, "eye_r", _FLOAT, radius)
        _attach(mesh, "eye_a", _FLOAT, angle)
        rise, along = _lash_coordinates(head)
        _attach(mesh, "lash_t", _FLOAT, rise)
        _attach(mesh, "lash_u", _FLOAT, along)
        sclera, iris = materials.sclera(look.cornea_ior), materials.iris(look.iris)
        skin = skin_surface(look)
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
    for (start, end), poles in zip(ranges.EYEBALLS, ranges.EYE_POLES, strict=True):
        ball = head.base[start:end]
        front, back = head.base[list(poles)]
        axis = (front - back) / np.linalg.norm(front - back)
        from_centre = ball - (front + back) / 2
        ahead = from_centre @ axis
        aside = from_centre - ahead[:, None] * axis  # eyes look a little outwards
        r = np.linalg.norm(aside, axis=1) / (np.ptp(ball[:, 0]) / 2)
        radius[start:end] = np.where(ahead > 0, r, 2 - r)
        angle[start:end] = np.arctan2(aside[:, 1], aside[:, 0])
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
