"""What one avatar looks like: every artistic choice as data, read from a JSON file in `looks/`."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

Rgb = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Look:
    """Linear RGB colours, lengths in centimetres, light powers in watts."""

    name: str
    identity_seed: int
    identity_gain: float
    """Scale of the random identity coefficients; 0 is the mean head, 1 a typical stranger."""
    slender: float = 0.0
    """0 keeps jaw and neck, 1 narrows them."""
    base_expression: dict[str, float] = field(default_factory=dict)
    """Morph weights that are always on: the resting face."""

    eye_size: float = 1.0
    """Above 1 enlarges the eyes, as cartoons do."""
    nose_size: float = 1.0
    jaw_size: float = 1.0
    """Width of the lower face."""

    skin: Rgb = (0.79, 0.46, 0.33)
    skin_relief: float = 1.0
    """Pores and fine unevenness; 0 is smooth as clay."""
    freckles: float = 0.0
    stubble: float = 0.0
    wrinkles: float = 0.0
    blush: float = 0.5
    lip: Rgb = (0.56, 0.14, 0.13)
    lip_strength: float = 0.8
    eyeliner: float = 0.75
    cornea_ior: float = 1.6
    """Higher mirrors the lights more."""
    iris: Rgb = (0.10, 0.17, 0.13)

    hair_style: str = "bob"
    """A name of `hair.STYLES`."""
    hair_clay: Rgb | None = None
    """Colour of hair modelled in thick strips instead of grown."""
    hair_radius_cm: float = 0.0094
    hair_grey: float = 0.0
    """Share of strands without pigment."""
    hair_melanin: float = 0.75
    hair_redness: float = 0.12
    hair_strands: int = 22000
    hair_length_cm: float = 24.0
    hair_cut_y_cm: float = -9.5
    """Height at which the bob is cut, in the head's own coordinates."""
    hair_curl_cm: float = 0.9
    """How far the ends turn inwards."""
    hair_frizz: float = 0.35
    hair_part_x_cm: float = 2.2
    hair_wave_cm: float = 0.0
    hair_layer_cm: float = 1.2
    """Thickness of the bob on top of the head."""

    brow_melanin: float = 0.8
    brow_width: float = 1.2
    brow_drop_cm: float = 0.22
    brow_flatness: float = 0.25
    brow_hairs: int = 520
    brow_radius_cm: float = 0.013

    cloth: Rgb = (0.03, 0.06, 0.09)
    knit_band: Rgb | None = None
    """Colour of the neckline's band; that of the cloth when None."""
    collar_y_cm: float = -11.6
    collar_scoop_cm: float = 2.4

    key_light_w: float = 11.8
    fill_light_w: float = 3.6
    bounce_light_w: float = 1.2
    rim_right_w: float = 2.2
    rim_left_w: float = 1.7
    catch_light_w: float = 1.6
    ambient: float = 0.2
    exposure: float = 0.5
    background_edge: Rgb = (0.36, 0.42, 0.47)
    background_centre: Rgb = (0.72, 0.76, 0.78)
    frame_span_m: float = 0.40
    """Width of the picture at the face."""

    brow_redness: float = 0.12

    @property
    def hair_rgb(self) -> Rgb:
        """Opaque colour close to the strands, for scalp and brow underlay."""
        dark, light = (0.035, 0.020, 0.013), (0.45, 0.28, 0.14)
        m = self.hair_melanin
        r, g, b = (d * m + li * (1 - m) for d, li in zip(dark, light, strict=True))
        return r, g, b


def load_look(path: Path) -> Look:
    """Read a look; unknown keys raise TypeError, so a typo never goes unnoticed."""
    fields = json.loads(path.read_text(encoding="utf-8"))
    return Look(**{k: tuple(v) if isinstance(v, list) else v for k, v in fields.items()})
