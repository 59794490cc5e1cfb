"""Displacement fields: how they are filled, smoothed, made from a mesh, turned round and used.

A field is (h, w, 2) float32: at each cell of a grid over the picture, how far a point there moves,
in pixels of the still, x right, y down. Coordinates are continuous: (0, 0) is the picture's corner,
a pixel's centre is at + 0.5. Nothing here knows what a head is.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

Float32 = npt.NDArray[np.float32]

Region = tuple[int, int, int, int]
"""x0, y0, x1, y1 in whole pixels."""

_INVERSION_STEPS = 6


def centres(size_px: int, cells: int) -> Float32:
    """The centres of a square grid's cells, (cells, cells, 2), in pixels of the picture."""
    along = (np.arange(cells, dtype=np.float32) + 0.5) * (size_px / cells)
    return np.stack(np.meshgrid(along, along), axis=-1)


def filled(values: Float32, known: npt.NDArray[np.bool_]) -> Float32:
    """Where a value is not known, that of the nearest cell where it is."""
    unknown = np.where(known, 0, 1).astype(np.uint8)
    _, labels = cv2.distanceTransformWithLabels(
        unknown, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    nearest = np.zeros((labels.max() + 1, values.shape[-1]), np.float32)
    nearest[labels[known]] = values[known]
    return np.where(known[..., None], values, nearest[labels])


def smooth(values: Float32, sigma_cells: float) -> Float32:
    """Gaussian, with the border's values going on outside."""
    if sigma_cells <= 0:
        return values
    blurred = cv2.GaussianBlur(values, (0, 0), sigma_cells, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(blurred, np.float32)


def sampled(field: Float32, points: Float32, size_px: int) -> Float32:
    """The field at points (..., 2) in pixels, bilinear; the border goes on outside."""
    scale = field.shape[0] / size_px
    at = points.reshape(-1, points.shape[-2], 2) * scale - 0.5
    found = cv2.remap(
        field, at[..., 0], at[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(found, np.float32).reshape(*points.shape[:-1], field.shape[-1])


def turned_round(field: Float32, size_px: int) -> Float32:
    """For a field p → p + f(p), the field q → q + g(q) that leads back: p + f(p) = q.

    By iteration of p = q − f(p), which converges while f changes by less than a pixel a pixel.
    """
    q = centres(size_px, field.shape[0])
    back = -field
    for _ in range(_INVERSION_STEPS):
        back = -sampled(field, q + back, size_px)
    return back


def from_mesh(
    vertices: Float32, moved: Float32, triangles: npt.NDArray[np.integer], size_px: int
) -> tuple[Float32, Float32]:
    """The field that a mesh's vertices (n, 2) make that move to `moved`, one cell a pixel, and how
    well it is covered, 0..1. `triangles` (m, 3) are those that face the viewer; where they lie one
    behind the other their movements are averaged; none should be much wider than ten pixels."""
    mix = _barycentric(9)
    points = np.einsum("kc,tcd->tkd", mix, vertices[triangles]).reshape(-1, 2)
    change = np.einsum("kc,tcd->tkd", mix, (moved - vertices)[triangles]).reshape(-1, 2)
    inside = ((points >= 0) & (points < size_px)).all(1)
    x, y = points[inside].astype(np.intp).T
    cell = y * size_px + x
    count = np.bincount(cell, minlength=size_px**2)
    total = [np.bincount(cell, change[inside, axis], size_px**2) for axis in (0, 1)]
    mean = np.stack(total, -1) / np.maximum(count, 1)[:, None]
    hit = (count > 0).reshape(size_px, size_px)
    field = filled(mean.reshape(size_px, size_px, 2).astype(np.float32), hit)
    covered = cv2.morphologyEx(hit.astype(np.float32), cv2.MORPH_CLOSE, np.ones((3, 3)))
    return field, np.asarray(covered, np.float32)


def _barycentric(steps: int) -> Float32:
    """Points spread evenly over a triangle, (n, 3) that sum to 1."""
    weights = [
        ((i + 1 / 3) / steps, (j + 1 / 3) / steps) for i in range(steps) for j in range(steps - i)
    ]
    b, c = np.array(weights, np.float32).T
    return np.stack([1 - b - c, b, c], axis=1)


def pulled(picture: Float32, back: Float32, side_px: int, region: Region) -> Float32:
    """A part of the picture (s, s, c) as it looks when each pixel comes from where the field `back`
    says, of a whole of `side_px`: bicubic at twice the size, then averaged, so that fine texture
    does not crawl."""
    x0, y0, x1, y1 = region
    size, fine = picture.shape[0], 2 * side_px
    whole = centres(size, fine) + cv2.resize(back, (fine, fine), interpolation=cv2.INTER_CUBIC)
    at = np.ascontiguousarray(whole[2 * y0 : 2 * y1, 2 * x0 : 2 * x1] - 0.5, np.float32)
    drawn = cv2.remap(
        picture, at[..., 0], at[..., 1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    small = cv2.resize(drawn, (x1 - x0, y1 - y0), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float32)
