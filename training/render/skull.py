"""Where the skin is, for whatever grows on it."""

from __future__ import annotations

from scipy.spatial import cKDTree

from training.render.geometry import Array, dot
from training.render.head import Head


class Skull:
    """Nearest skin vertex, its normal, and the height above it."""

    def __init__(self, head: Head, end: int) -> None:
        self._vertices, self._normals = head.base[:end], head.normals[:end]
        self._tree = cKDTree(self._vertices)

    def above(self, points: Array) -> tuple[Array, Array]:
        """Normals (N, 3) and signed heights (N,) in centimetres."""
        _, i = self._tree.query(points)
        return self._normals[i], dot(points - self._vertices[i], self._normals[i])
