"""All loops of one package, decoded: what a frame can be made of.

Pictures are kept as YUV 4:2:0, as the videos have them: pixels that nothing touches leave as they
came, so a chunk and the idle loop are equal there. Arrays are read-only and shared, see
`track_cache`; those that few need (moods, mattes) are opened when they are first asked for.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from functools import cached_property, lru_cache
from itertools import product
from pathlib import Path

from backend.avatar.packages.card import Feeling
from backend.avatar.packages.package import PLATE, AvatarPackage
from backend.avatar.packages.still import read_png
from backend.avatar.packages.track_cache import Planes, TrackCache
from backend.avatar.packages.video import Film
from backend.avatar.pictures.matte import freed
from backend.avatar.pictures.planes import YuvPlanes, planes_of_bgr
from backend.errors import BrokenAvatar
from backend.protocol import Clip

_FREED = "freed-2"
"""How pictures are freed of their background; another number for another way."""


class Tracks:
    """`colour` is that of every track. Every method raises BrokenAvatar, naming the file."""

    def __init__(self, package: AvatarPackage, cache: TrackCache) -> None:
        self._package, self._cache = package, cache
        self._open: dict[str, Planes] = {}
        self.colour = self._film(package.idle).colour()
        for clip in package.card.clips:
            self.clip(clip)
        for feeling in package.card.feelings:
            # Decoded now if they are to be shared: later, somebody would wait for it.
            self._require_colour(self._mood_film(feeling))
            if cache.folder is not None:
                self.mood(feeling)

    def clip(self, name: Clip) -> Planes:
        """A loop: (frames, height * 3 / 2, width)."""
        return self._pictures(self._film(self._package.clip(name)))

    def mood(self, name: Feeling) -> Planes:
        """The card's rectangle in this mood, frame by frame as idle: (frames, h * 3 / 2, w)."""
        return self._pictures(self._mood_film(name))

    def matte(self, name: Clip) -> Planes:
        """How much of each pixel is the figure, at half size, 16 to 235:
        (frames, height / 2, width / 2)."""
        card = self._package.card
        film = Film(self._package.matte(name), card.width // 2, card.height // 2, card.frames)
        return self._planes(film, film.height, film.luma)

    def freed(self, name: Clip) -> Planes:
        """A loop without its background: colours at the figure's edge are its own."""
        sources = self._package.clip(name), self._package.matte(name), self._package.plate
        return self._freed(sources, self.clip(name), self.matte(name), self._plate)

    def freed_mood(self, name: Feeling) -> Planes:
        """The same for a mood."""
        assert self._package.card.moods is not None, "a feeling is named by the card"
        x0, y0, x1, y1 = self._package.card.moods.box
        sources = self._package.mood(name), self._package.matte("idle"), self._package.plate
        half = slice(y0 // 2, y1 // 2), slice(x0 // 2, x1 // 2)
        luma, blue, red = self._plate
        plate = luma[y0:y1, x0:x1], blue[half], red[half]
        return self._freed(sources, self.mood(name), self.matte("idle")[:, *half], plate)

    def _freed(
        self, sources: tuple[Path, ...], pictures: Planes, mattes: Planes, plate: YuvPlanes
    ) -> Planes:
        name = f"freed {sources[0].name}"
        if name not in self._open:
            key = f"{content_key(*sources)}-{_FREED}"
            self._open[name] = self._cache.planes(
                key, pictures.shape, lambda: freed(pictures, mattes, plate)
            )
        return self._open[name]

    @cached_property
    def _plate(self) -> YuvPlanes:
        card = self._package.card
        plate = read_png(self._package.plate, card.width, card.height, is_grey=False)
        return planes_of_bgr(plate, self.colour)

    def _pictures(self, film: Film) -> Planes:
        self._require_colour(film)
        return self._planes(film, film.height * 3 // 2, film.pictures)

    def _planes(self, film: Film, rows: int, decode: Callable[[], Iterable[Planes]]) -> Planes:
        name = film.path.name
        if name not in self._open:
            shape = film.frames, rows, film.width
            self._open[name] = self._cache.planes(content_key(film.path), shape, decode)
        return self._open[name]

    def _require_colour(self, film: Film) -> None:
        if film.path.name not in self._open and film.colour() != self.colour:
            raise BrokenAvatar(
                f"{self._package.card.id}/{film.path.name} means other colours than idle.mp4. "
                "Encode both with the same tags."
            )

    def _film(self, path: Path) -> Film:
        card = self._package.card
        return Film(path, card.width, card.height, card.frames)

    def _mood_film(self, name: Feeling) -> Film:
        moods = self._package.card.moods
        assert moods is not None, "a feeling is named by the card"
        x0, y0, x1, y1 = moods.box
        return Film(self._package.mood(name), x1 - x0, y1 - y0, self._package.card.frames)


def content_keys(root: Path) -> set[str]:
    """Under which pictures of the package in this folder, whole or broken, may be cached."""
    videos = [path for path in root.glob("*.mp4") if path.is_file()]
    freed = product(videos, root.glob("matte.*.mp4"), root.glob(PLATE))
    return {content_key(*sources) for sources in (*((video,) for video in videos), *freed)}


def content_key(*paths: Path) -> str:
    """What is in these files, as a name."""
    return _content_key(
        tuple((path, path.stat().st_mtime_ns, path.stat().st_size) for path in paths)
    )


@lru_cache(maxsize=64)
def _content_key(files: tuple[tuple[Path, int, int], ...]) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for path, _, size in files:
        digest.update(size.to_bytes(8, "big"))
        digest.update(path.read_bytes())
    return digest.hexdigest()
