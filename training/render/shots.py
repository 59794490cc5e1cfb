"""Taking pictures of what stands in the studio, and measuring it through the same camera."""

from __future__ import annotations

import tempfile
from pathlib import Path

import bpy
import cv2
import numpy as np
from numpy.typing import NDArray

from training.render.geometry import Array
from training.render.nodes import Graph
from training.render.scene import CM, Studio
from training.render.sheet import Region

_PROBE_OFFSET_M = 10.0  # light cannot be negative, coordinates are
Picture = NDArray[np.uint8]


class Shots:
    """The studio's camera. Pictures are square, `size` pixels wide; rows count from the top."""

    def __init__(self, studio: Studio) -> None:
        self._studio, self._scene = studio, studio.scene

    def picture(self, size: int, samples: int, region: Region | None = None) -> Picture:
        """RGB before the backdrop: the square picture or only its `region` (pixel edges)."""
        self._frame(size, samples, region)
        self._show_backdrop(True)
        try:
            return self._rendered(".png")[..., :3]
        finally:
            self._show_backdrop(False)

    def denoise_quickly(self) -> None:
        """Enough where there is no hair, for a quarter less time."""
        self._scene.cycles.denoising_prefilter = "FAST"

    def plate(self, size: int) -> Picture:
        """The background alone, RGB."""
        others = [t for t in self._scene.objects if t.type in ("MESH", "CURVES")]
        others.remove(self._studio.backdrop)
        for thing in others:
            thing.hide_render = True
        try:
            return self.picture(size, samples=1)
        finally:
            for thing in others:
                thing.hide_render = False

    def matte(self, size: int, samples: int = 48) -> Array:
        """How much of each pixel the figure covers, (size, size) in 0..1."""
        return self._measured(size, samples, _number_probe())[..., 3]

    def surface(self, size: int) -> tuple[Array, Array]:
        """What each pixel sees: head coordinates (size, size, 3) in cm, and the object's number.

        The number is its `pass_index`. Coordinates are NaN and the number 0 where there is only
        background. One exact ray per pixel, so edges are hard.
        """
        position = self._measured(size, 1, _position_probe())
        number = self._measured(size, 1, _number_probe())
        empty = position[..., 3] < 0.5
        x, y, z = np.moveaxis(position[..., :3] - _PROBE_OFFSET_M, -1, 0)
        head = np.stack([x, z, -y], -1).astype(np.float32) / CM
        head[empty] = np.nan
        return head, np.where(empty, 0, np.round(number[..., 0])).astype(np.uint8)

    def _show_backdrop(self, shown: bool) -> None:
        self._studio.backdrop.hide_render = not shown
        self._scene.render.film_transparent = not shown

    def _frame(self, size: int, samples: int, region: Region | None) -> None:
        render = self._scene.render
        render.resolution_x = render.resolution_y = size
        self._scene.cycles.samples = samples
        render.use_border = render.use_crop_to_border = region is not None
        if region is not None:
            x0, y0, x1, y1 = (edge / size for edge in region)
            render.border_min_x, render.border_max_x = x0, x1
            render.border_min_y, render.border_max_y = 1 - y1, 1 - y0

    def _rendered(self, suffix: str) -> Array:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"picture{suffix}"
            self._scene.render.filepath = str(path)
            bpy.ops.render.render(write_still=True)
            read = _read_measures if suffix == ".exr" else _read_picture
            return read(path)

    def _measured(self, size: int, samples: int, probe: bpy.types.Material) -> Array:
        """Everything in a material that shines with a number; a single sample is exact."""
        layer, cycles = self._scene.view_layers[0], self._scene.cycles
        view, image = self._scene.view_settings, self._scene.render.image_settings
        kept = view.view_transform, view.look, view.exposure, cycles.filter_width
        layer.material_override, cycles.use_denoising = probe, False
        view.look, view.view_transform, view.exposure = "None", "Raw", 0
        cycles.filter_width = 0.01 if samples == 1 else kept[-1]
        image.file_format, image.color_depth = "OPEN_EXR", "32"
        try:
            self._frame(size, samples, region=None)
            return self._rendered(".exr")
        finally:
            layer.material_override, cycles.use_denoising = None, True
            view.view_transform, view.look, view.exposure, cycles.filter_width = kept
            image.file_format, image.color_depth = "PNG", "8"


def _read_picture(path: Path) -> Array:
    return cv2.cvtColor(cv2.imread(str(path), cv2.IMREAD_UNCHANGED), cv2.COLOR_BGRA2RGBA)


def _read_measures(path: Path) -> Array:
    """An EXR as (H, W, 4) float32."""
    image = bpy.data.images.load(str(path))
    width, height = image.size
    pixels = np.empty(width * height * 4, np.float32)
    image.pixels.foreach_get(pixels)
    bpy.data.images.remove(image)
    return pixels.reshape(height, width, 4)[::-1]


def _position_probe() -> bpy.types.Material:
    """Shines with the world position plus an offset."""
    g = Graph("position probe")
    where = g.node("NewGeometry").outputs["Position"]
    shifted = g.node("VectorMath", {0: where, 1: (_PROBE_OFFSET_M,) * 3}).outputs[0]
    return g.finish(g.node("Emission", {0: shifted}).outputs[0])


def _number_probe() -> bpy.types.Material:
    """Shines with the object's `pass_index`."""
    g = Graph("number probe")
    number = g.node("ObjectInfo").outputs["Object Index"]
    return g.finish(g.node("Emission", {1: number}).outputs[0])
