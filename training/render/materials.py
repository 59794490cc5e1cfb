"""The surfaces but skin: mouth, eyes, lashes, hair, cloth, backdrop.

Mesh attributes they read (`col`, `eye_r`, `eye_a`, `lash_t`, `lash_u`) are written by `figure.py`.
"""

from __future__ import annotations

import bpy
import numpy as np

from training.render.look import Look, Rgb
from training.render.nodes import Graph

_TOOTH = (0.83, 0.77, 0.66, 1)


def gums() -> bpy.types.Material:
    g = Graph("gums")
    inputs = {
        "Base Color": g.attribute("col", "Color"),
        "Roughness": 0.28,
        "Subsurface Weight": 0.4,
        "Subsurface Scale": 0.003,
        "Subsurface Radius": (1, 0.3, 0.2),
    }
    return g.finish(g.node("BsdfPrincipled", inputs).outputs[0])


def teeth() -> bpy.types.Material:
    g = Graph("teeth")
    inputs = {
        "Base Color": _TOOTH,
        "Roughness": 0.2,
        "Subsurface Weight": 0.3,
        "Subsurface Scale": 0.002,
        "Subsurface Radius": (1, 0.8, 0.6),
        "Coat Weight": 0.3,
    }
    return g.finish(g.node("BsdfPrincipled", inputs).outputs[0])


def lashes() -> bpy.types.Material:
    """Cards cut into tapering stripes: opaque where a saw tooth is below the taper.

    They throw no shade, which would glow red on the skin below.
    """
    g = Graph("lashes")
    saw = g.math("PINGPONG", g.math("MULTIPLY", g.attribute("lash_u"), 38), 1.0)
    taper = g.math("MULTIPLY_ADD", g.attribute("lash_t"), -0.46, 0.37)
    seen = g.math("LESS_THAN", g.node("LightPath").outputs["Is Shadow Ray"], 0.5)
    hair = g.node("BsdfPrincipled", {"Base Color": (0.030, 0.019, 0.013, 1), "Roughness": 0.5})
    clear = g.node("BsdfTransparent")
    solid = g.math("MULTIPLY", g.math("LESS_THAN", saw, taper), seen)
    return g.finish(g.mix(solid, clear.outputs[0], hair.outputs[0]))


def tear_film() -> bpy.types.Material:
    g = Graph("tear film")
    clear, gloss = g.node("BsdfTransparent"), g.node("BsdfGlossy", {"Roughness": 0.05})
    return g.finish(g.mix(0.06, clear.outputs[0], gloss.outputs[0]))


def sclera(cornea_ior: float) -> bpy.types.Material:
    """White of the eye; a clear cornea inside `eye_r` 0.40…0.46 of its radius."""
    g = Graph("sclera")
    radius = g.attribute("eye_r")
    white = g.ramp(radius, [(0.45, (0.80, 0.77, 0.75)), (0.95, (0.66, 0.47, 0.43))])
    inputs = {"Base Color": white, "Roughness": 0.12, "Subsurface Weight": 0.3}
    ball = g.node("BsdfPrincipled", {**inputs, "Subsurface Scale": 0.003})
    clear, gloss = g.node("BsdfTransparent"), g.node("BsdfGlossy", {"Roughness": 0.03})
    cornea = g.mix(
        g.node("Fresnel", {0: cornea_ior}).outputs[0], clear.outputs[0], gloss.outputs[0]
    )
    edge = g.remap(radius, (0.40, 0.46), (0, 1), interpolation_type="SMOOTHSTEP")
    return g.finish(g.mix(edge, cornea, ball.outputs[0]))


def iris(colour: Rgb) -> bpy.types.Material:
    """Pupil, iris and limbus as rings of `eye_r`, broken up by noise along the angle."""
    g = Graph("iris")
    c = np.array(colour)
    radius = g.attribute("eye_r")
    rings = g.ramp(
        radius,
        [
            (0.0, (0, 0, 0)),
            (0.165, (0.002, 0.002, 0.002)),
            (0.19, c * 0.5 + [0.10, 0.05, 0.01]),
            (0.30, c * 1.15),
            (0.39, c * 0.75),
            (0.435, c * 0.12),
            (0.47, (0.45, 0.42, 0.40)),
            (0.52, (0.78, 0.75, 0.72)),
        ],
    )
    angle = g.math("MULTIPLY", g.attribute("eye_a"), 6)
    polar = g.node("CombineXYZ", {0: angle, 1: radius}).outputs[0]
    fibres = g.node("TexNoise", {"Vector": polar, "Scale": 2.2, "Detail": 3}).outputs[0]
    gain = g.remap(fibres, (0.3, 0.7), (0.55, 1.5))
    shaded = g.node("VectorMath", {0: rings, "Scale": gain}, operation="SCALE").outputs[0]
    return g.finish(
        g.node("BsdfPrincipled", {"Base Color": shaded, "Specular IOR Level": 0.1}).outputs[0]
    )


def hair(name: str, melanin: float, redness: float, roughness: float) -> bpy.types.Material:
    g = Graph(name)
    inputs = {
        "Melanin": melanin,
        "Melanin Redness": redness,
        "Roughness": roughness,
        "Radial Roughness": 0.45,
        "Random Color": 0.10,
        "Random Roughness": 0.15,
    }
    strand = g.node("BsdfHairPrincipled", model="CHIANG", parametrization="MELANIN")
    for key, value in inputs.items():
        strand.inputs[key].default_value = value
    return g.finish(strand.outputs[0])


def matt(colour: Rgb) -> bpy.types.Material:
    g = Graph("matt")
    return g.finish(g.node("BsdfDiffuse", {"Color": (*colour, 1)}).outputs[0])


def clay(colour: Rgb) -> bpy.types.Material:
    """Matt modelling clay with the traces of thumbs."""
    g = Graph("clay")
    where = g.node("TexCoord").outputs["Object"]
    dents = g.node("TexNoise", {"Vector": where, "Scale": 60, "Detail": 2}).outputs[0]
    bump = g.node("Bump", {"Strength": 0.35, "Distance": 0.002, "Height": dents}).outputs[0]
    inputs = {"Base Color": (*colour, 1), "Roughness": 0.55, "Normal": bump, "Sheen Weight": 0.15}
    return g.finish(g.node("BsdfPrincipled", inputs).outputs[0])


def knit(colour: Rgb) -> bpy.types.Material:
    g = Graph("knit")
    where = g.node("TexCoord").outputs["Object"]
    ribs = g.node(
        "TexWave",
        {"Vector": where, "Scale": 90, "Distortion": 1.5, "Detail": 2},
        wave_type="BANDS",
        bands_direction="X",
    ).outputs[0]
    bump = g.node("Bump", {"Strength": 0.35, "Distance": 0.0015, "Height": ribs}).outputs[0]
    inputs = {
        "Base Color": (*colour, 1),
        "Roughness": 0.85,
        "Sheen Weight": 0.35,
        "Sheen Roughness": 0.5,
        "Normal": bump,
    }
    return g.finish(g.node("BsdfPrincipled", inputs).outputs[0])


def backdrop(look: Look, distance_m: float) -> bpy.types.Material:
    """A soft glow behind the head, unlit, so that it costs no samples."""
    g = Graph("backdrop")
    where = g.node("TexCoord").outputs["Object"]
    centre = (0.15, distance_m, 0.05)
    away = g.node("VectorMath", {0: where, 1: centre}, operation="DISTANCE").outputs["Value"]
    stops = [(0.05, look.background_centre), (1.0, look.background_edge)]
    glow = g.node("Emission", {0: g.ramp(away, stops, "EASE")})
    return g.finish(glow.outputs[0])
