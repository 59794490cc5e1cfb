"""Nets that come in eight bits too: how fast each is here, and how alike their mouths are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from backend.avatar.lips.mouth import CONTROL_COUNT
from backend.avatar.mouths.generator import CONTRACT, Generator
from backend.avatar.mouths.lipsync import DRAWING
from backend.avatar.mouths.template import load_template
from backend.avatar.network import Contract, Network, open_network, race
from backend.avatar.packages.package import AvatarPackage
from backend.avatar.pictures.colour import Float32
from backend.avatar.pictures.likeness import ssim
from backend.config import AvatarSettings

FRAMES = 16
LIPS = slice(40, 128), slice(32, 128)
"""Rows and columns of a generator's box that hold the mouth."""
LOWER = slice(48, 90), slice(16, 80)
"""The same of a face."""

Draw = Callable[[Network], list[Float32]]


def compare(package: AvatarPackage, settings: AvatarSettings) -> Iterator[tuple[str, Any]]:
    """By file: milliseconds per frame of either, and the least SSIM of a mouth's luma."""
    decoder = settings.model.with_suffix(".decoder.onnx")
    faces = load_template(package).faces([n % package.card.frames for n in range(FRAMES)])

    def mouths(network: Network) -> list[Float32]:
        drawn = Generator(network).draw(_controls(), np.zeros(FRAMES, np.float32))
        return [luma[LIPS] for luma, *_ in drawn]

    def lower_faces(network: Network) -> list[Float32]:
        pictures = network(faces, _controls()).transpose(0, 2, 3, 1)
        return [
            picture[LOWER] for picture in load_template(package).colour.to_yuv(pictures)[..., 0]
        ]

    nets: list[tuple[Path, Contract, Draw]] = [
        (package.mouth, CONTRACT, mouths),
        (decoder, DRAWING, lower_faces),
    ]
    for path, contract, draw in nets:
        twin = path.with_suffix(".int8.onnx")
        if path.is_file() and twin.is_file():
            full, coarse = (open_network(file, contract) for file in (path, twin))
            full_s, coarse_s = race([full, coarse])
            pairs = zip(draw(full), draw(coarse), strict=True)
            yield (
                path.name,
                {
                    "fp32_ms": round(1000 * full_s, 2),
                    "int8_ms": round(1000 * coarse_s, 2),
                    "ssim": round(min(ssim(a, b, 219.0) for a, b in pairs), 4),
                },
            )


def _controls() -> Float32:
    """(n, 8): mouths as in speech, jaw first."""
    random = np.random.default_rng(4).uniform(0.0, 0.5, (FRAMES, CONTROL_COUNT))
    random[:, 0] += 0.3
    random[:, -2:] *= 0.2
    return random.astype(np.float32)
