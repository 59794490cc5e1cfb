"""A trained generator as the files that an avatar package holds: `mouth.onnx`, `mouth.int8.onnx`.

Each is run again by onnxruntime and compared before it counts as exported. Eight bits are set
by mouths that the net learned from; a twin that a viewer could tell from the original is not kept.
"""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from backend.avatar.mouths.generator import CONTRACT
from backend.avatar.mouths.generator import Generator as Service
from backend.avatar.network import open_network
from backend.nets.quantise import quantise
from training.half import store_in_half
from training.mouth_net.generator import SCALE, Generator
from training.mouth_net.judge import Drawing, drawing, likeness
from training.mouth_net.patches import Float, Patches

MOUTH, MOUTH_INT8 = "mouth.onnx", "mouth.int8.onnx"
_OUTPUTS = ("layers", "flow", "textures")
_OPSET = 17
_TOLERANCE = 0.05  # code values, mean; OpenCV bends in steps of 1/32 pixel
_LEAST_SSIM = 0.98
_CALIBRATED_ON = 48


class _Parts(nn.Module):
    """What the service reads, and puts together itself."""

    def __init__(self, generator: Generator) -> None:
        super().__init__()
        self.generator = generator

    def forward(self, controls: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        return *self.generator.parts(controls), self.generator.textures * SCALE


def export(generator: Generator, found: Patches, folder: Path) -> None:
    """Write both files.

    Raises ValueError when the first does not compute what it was made from. The second is left out,
    with a word, when it draws too differently.
    """
    full, int8 = folder / MOUTH, folder / MOUTH_INT8
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # the exporter's own news about itself
        torch.onnx.export(
            _Parts(generator).eval(),
            (torch.zeros(2, found.controls.shape[1]),),
            str(full),
            input_names=["controls"],
            output_names=list(_OUTPUTS),
            dynamic_axes={name: {0: "N"} for name in ("controls", *_OUTPUTS[:2])},
            opset_version=_OPSET,
            dynamo=False,
        )
    store_in_half(full)
    drawn = drawing_of(full)(found.controls)
    wanted = drawing(generator)(found.controls)
    error = max(float(np.abs(a - b).mean()) for a, b in zip(drawn, wanted, strict=True))
    if error > _TOLERANCE:
        raise ValueError(f"{full} is {error:.3f} code values away from the net")
    known = found.controls[~found.held_out]
    chosen = known[np.linspace(0, len(known) - 1, _CALIBRATED_ON).astype(int)]
    quantise(full, int8, ({"controls": row[None]} for row in chosen))
    store_in_half(int8)
    coarse = drawing_of(int8)(found.controls[found.held_out])
    alike = likeness(coarse[0], drawn[0][found.held_out])["SSIM at the lips"]
    print(f"int8 against full precision: SSIM at the lips {alike:.4f}")
    if alike < _LEAST_SSIM:
        int8.unlink()
        print("too different: no int8 file is written")


def drawing_of(path: Path) -> Drawing:
    """The file as the service draws with it."""
    service = Service(open_network(path, CONTRACT))

    def draw(controls: Float) -> tuple[Float, Float]:
        luma, *chroma = zip(*service.draw(controls[:, :-1], controls[:, -1]), strict=True)
        return np.stack(luma), np.stack([np.stack(plane) for plane in chroma], axis=1)

    return draw
