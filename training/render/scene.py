"""Studio: lights, backdrop, camera, render settings. Knows nothing about whom it shows."""

from __future__ import annotations

import bpy
import numpy as np
from mathutils import Vector

from training.render import materials
from training.render.geometry import Array
from training.render.look import Look, Rgb

CM = 0.01  # in metres
_BACKDROP_M = 2.6
Quads = list[tuple[int, ...]]
Point = tuple[float, ...]


def to_blender(points_cm: Array) -> Array:
    """Head coordinates (cm, y up, face to +z) to Blender's (m, z up, face to −y)."""
    x, y, z = np.moveaxis(points_cm, -1, 0)
    return (np.stack([x, -z, y], -1) * CM).astype(np.float32)


class Studio:
    """An empty Blender scene with light and an 85 mm camera in front of the head."""

    def __init__(self, look: Look, threads: int) -> None:
        bpy.ops.wm.read_factory_settings(use_empty=True)
        self.scene = bpy.context.scene
        self._light(look)
        self._backdrop(look)
        self._camera = self._place_camera(look.frame_span_m)
        self._settings(look, threads)

    def add_mesh(self, name: str, vertices_cm: Array, faces: Quads) -> bpy.types.Object:
        """A smooth-shaded mesh object."""
        mesh = bpy.data.meshes.new(name)
        mesh.from_pydata(to_blender(vertices_cm).tolist(), [], faces)
        mesh.polygons.foreach_set("use_smooth", np.ones(len(faces), bool))
        return self._link(name, mesh)

    def add_strands(
        self,
        name: str,
        strands_cm: Array,
        radius_cm: float,
        material: bpy.types.Material,
        tip: float,
    ) -> bpy.types.Object:
        """Curves (N, K, 3); the radius falls to `tip` of itself at the end."""
        n, k, _ = strands_cm.shape
        curves = bpy.data.hair_curves.new(name)
        curves.add_curves([k] * n)
        taper = np.interp(np.linspace(0, 1, k), [0, 0.6, 1], [1, 0.9, tip]) * radius_cm * CM
        attributes = curves.attributes
        radius = attributes.get("radius") or attributes.new("radius", "FLOAT", "POINT")
        radius.data.foreach_set("value", np.tile(taper, n).astype(np.float32))
        curves.materials.append(material)
        thing = self._link(name, curves)
        move_strands(thing, strands_cm)
        return thing

    def projection(self, size: int) -> Array:
        """3×4 matrix from homogeneous head coordinates (cm) to pixels of the square picture."""
        camera = self._camera
        focal = size * camera.data.lens / camera.data.sensor_width
        centre = size / 2
        lens = np.array([[focal, 0, -centre], [0, -focal, -centre], [0, 0, -1.0]])
        self.scene.view_layers[0].update()
        view = np.array(camera.matrix_world.inverted())[:3]
        to_world = np.diag([CM, CM, CM, 1]) @ [
            [1, 0, 0, 0],
            [0, 0, -1, 0],
            [0, 1, 0, 0],
            [0, 0, 0, 1],
        ]
        return lens @ view @ to_world

    def _link(self, name: str, data: bpy.types.ID) -> bpy.types.Object:
        thing = bpy.data.objects.new(name, data)
        self.scene.collection.objects.link(thing)
        return thing

    def _area_light(
        self, at: Point, size_m: float, watts: float, colour: Rgb, aim_z: float = -0.02
    ) -> None:
        lamp = bpy.data.lights.new("area", "AREA")
        lamp.shape, lamp.size, lamp.energy, lamp.color = "SQUARE", size_m, watts, colour
        self._aim(self._link("area", lamp), at, (0, 0, aim_z))

    @staticmethod
    def _aim(thing: bpy.types.Object, at: Point, target: Point) -> None:
        thing.location = at
        thing.rotation_euler = (Vector(target) - Vector(at)).to_track_quat("-Z", "Y").to_euler()

    def _light(self, look: Look) -> None:
        world = bpy.data.worlds.new("studio")
        world.use_nodes = True
        background = world.node_tree.nodes["Background"]
        background.inputs[0].default_value = (0.55, 0.62, 0.70, 1)
        background.inputs[1].default_value = look.ambient
        self.scene.world = world
        self._area_light((-0.75, -1.25, 0.75), 0.75, look.key_light_w, (1, 0.955, 0.90))
        self._area_light((1.15, -0.95, 0.15), 0.95, look.fill_light_w, (0.90, 0.95, 1))
        self._area_light((0.0, -0.95, -0.65), 0.7, look.bounce_light_w, (1, 0.93, 0.88))
        self._area_light((0.85, 1.0, 0.85), 0.6, look.rim_right_w, (1, 0.97, 0.93))
        self._area_light((-0.95, 0.9, 0.55), 0.5, look.rim_left_w, (0.88, 0.94, 1))
        self._area_light((-0.22, -1.0, 0.26), 0.14, look.catch_light_w, (1, 0.98, 0.95), aim_z=0.03)

    def _backdrop(self, look: Look) -> None:
        mesh = bpy.data.meshes.new("backdrop")
        y = _BACKDROP_M
        mesh.from_pydata([(-3, y, -3), (3, y, -3), (3, y, 3), (-3, y, 3)], [], [(0, 1, 2, 3)])
        mesh.materials.append(materials.backdrop(look, y))
        self.backdrop = thing = self._link("backdrop", mesh)
        thing.hide_render = True
        for ray in ("diffuse", "glossy", "shadow", "transmission"):
            setattr(thing, f"visible_{ray}", False)

    def _place_camera(self, span_m: float) -> bpy.types.Object:
        camera = bpy.data.cameras.new("camera")
        camera.lens, camera.sensor_width = 85, 36
        thing = self._link("camera", camera)
        self.scene.camera = thing
        distance = span_m / camera.sensor_width * camera.lens
        self._aim(thing, (0, -distance - 0.05, -0.01), (0, -0.05, -0.02))
        return thing

    def _settings(self, look: Look, threads: int) -> None:
        render, cycles, view = self.scene.render, self.scene.cycles, self.scene.view_settings
        render.engine, cycles.device = "CYCLES", "CPU"
        render.threads_mode, render.threads = "FIXED", threads
        render.use_persistent_data = True
        render.film_transparent = True
        render.image_settings.file_format, render.image_settings.color_mode = "PNG", "RGBA"
        cycles.use_denoising, cycles.denoiser = True, "OPENIMAGEDENOISE"
        cycles.denoising_prefilter = "ACCURATE"  # else fine hair comes out as grains
        cycles.use_adaptive_sampling = cycles.use_light_tree = False
        cycles.max_bounces, cycles.diffuse_bounces = 4, 2
        cycles.glossy_bounces = cycles.transmission_bounces = 1
        cycles.transparent_max_bounces = 32
        cycles.caustics_reflective = cycles.caustics_refractive = False
        view.view_transform, view.look = "AgX", "AgX - Medium High Contrast"
        view.exposure = look.exposure


def move_strands(thing: bpy.types.Object, strands_cm: Array) -> None:
    """Give existing curves new points (N, K, 3)."""
    thing.data.points.foreach_set("position", to_blender(strands_cm).ravel())
    thing.data.update_tag()


def move_mesh(thing: bpy.types.Object, vertices_cm: Array) -> None:
    """Give an existing mesh new vertices (N, 3)."""
    thing.data.vertices.foreach_set("co", to_blender(vertices_cm).ravel())
    thing.data.update()
    thing.data.update_tag()
