"""The surface of skin.

Mesh attributes it reads (`col`, `rough`, `lip`, `subsurface`, `wrap`, `freckles`, `stubble`,
`crease`, `crease_phase`) are written by `figure.py`; what they hold is decided in `complexion.py`.
"""

from __future__ import annotations

import bpy
import numpy as np

from training.render.geometry import Array
from training.render.look import Look
from training.render.nodes import Graph, Socket
from training.render.skin_map import skin_pictures


def skin(look: Look) -> bpy.types.Material:
    """Subsurface skin with pores, blotches, freckles, stubble and wrinkles; lips are moist."""
    g = Graph("skin")
    tint, height = skin_pictures(look.skin_relief)
    wrap = g.attribute("wrap", "Vector")
    tint_node = g.node("TexImage", {"Vector": wrap}, image=_image("skin tint", tint))
    relief = g.node("TexImage", {"Vector": wrap}, image=_image("skin relief", height)).outputs[0]
    colour = g.multiply(g.attribute("col", "Color"), tint_node.outputs["Color"])
    freckles = g.math("MULTIPLY", tint_node.outputs["Alpha"], g.attribute("freckles"))
    colour = g.tint(colour, (0.62, 0.42, 0.33), g.math("MULTIPLY", freckles, look.freckles))
    if look.stubble:
        hairs = g.remap(relief, (0.35, 0.65), (0.45, 1.0))
        shade = g.math("MULTIPLY", g.attribute("stubble"), g.math("MULTIPLY", hairs, look.stubble))
        colour = g.tint(colour, (0.40, 0.40, 0.42), shade)
    if look.wrinkles:
        crease = _creases(g, look)
        colour = g.tint(colour, (0.62, 0.46, 0.42), g.math("MULTIPLY", crease, 0.55))
        relief = g.math("MULTIPLY_ADD", crease, -2.6, relief)
    strength = 0.10 + 0.24 * look.skin_relief
    bump = g.node("Bump", {"Strength": strength, "Distance": 0.0011, "Height": relief}).outputs[0]
    surface = g.node(
        "BsdfPrincipled",
        {
            "Base Color": colour,
            "Roughness": g.attribute("rough"),
            "Normal": bump,
            "Specular IOR Level": 0.42,
            "Subsurface Weight": g.attribute("subsurface"),
            "Subsurface Radius": (1.0, 0.32, 0.18),
            "Subsurface Scale": 0.0042,
            "Coat Weight": g.math("MULTIPLY", g.attribute("lip"), 0.22),
            "Coat Roughness": 0.22,
        },
        subsurface_method="BURLEY",  # half the cost of the random walk, and no visible loss
    )
    return g.finish(surface.outputs[0])


def _image(name: str, values: Array) -> bpy.types.Image:
    """Linear RGBA or grey values, row 0 at the bottom, as a Blender image."""
    rows, columns = values.shape[:2]
    image = bpy.data.images.new(name, columns, rows, alpha=True, float_buffer=True, is_data=True)
    image.alpha_mode = "CHANNEL_PACKED"
    if values.ndim == 2:
        values = np.stack([values, values, values, np.ones_like(values)], -1)
    image.pixels.foreach_set(np.ascontiguousarray(values, np.float32).ravel())
    image.update()
    return image


def _creases(g: Graph, look: Look) -> Socket:
    """Narrow valleys at the whole numbers of `crease_phase`."""
    off = g.math("PINGPONG", g.attribute("crease_phase"), 0.5)
    valley = g.remap(off, (0.0, 0.22), (1, 0), interpolation_type="SMOOTHSTEP")
    return g.math("MULTIPLY", valley, g.math("MULTIPLY", g.attribute("crease"), look.wrinkles))
