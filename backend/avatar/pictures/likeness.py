"""How alike two pictures are to an eye. Numbers only; what is compared is the caller's choice."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

Float = npt.NDArray[np.floating]

_WINDOW = 7


def ssim(a: Float, b: Float, full_scale: float) -> float:
    """Structural similarity of two grey pictures (h, w), at least 7x7: 1 for the same.

    Wang et al., "Image quality assessment: from error visibility to structural similarity", 2004,
    with even 7x7 windows and sample variances.
    """
    steady, contrast = (0.01 * full_scale) ** 2, (0.03 * full_scale) ** 2
    unbiased = _WINDOW**2 / (_WINDOW**2 - 1)
    x, y = a.astype(np.float64), b.astype(np.float64)
    mean_x, mean_y = _mean(x), _mean(y)
    var_x, var_y = (unbiased * (_mean(z * z) - _mean(z) ** 2) for z in (x, y))
    shared = unbiased * (_mean(x * y) - mean_x * mean_y)
    top = (2 * mean_x * mean_y + steady) * (2 * shared + contrast)
    return float((top / ((mean_x**2 + mean_y**2 + steady) * (var_x + var_y + contrast))).mean())


def _mean(picture: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    half = _WINDOW // 2
    return np.asarray(cv2.blur(picture, (_WINDOW, _WINDOW))[half:-half, half:-half])
