"""A reply's pictures and sound to chunks that a browser plays: what every container has in common.

`file_encoder` makes complete files, `stream_encoder` one stream per reply. No faces, no sockets.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from backend.avatar.pictures.codecs import I420, Pcm, VideoFormat
from backend.protocol import Container

SOUND_LEAD_FRAMES = 5
"""How far sound must run ahead of pictures for AAC to have coded theirs: the two blocks that it
hears ahead and most of one that is not full yet."""


class Encoder(ABC):
    """Takes a reply in and gives it out in chunks; `frames` counts the pictures since the last cut.

    Sound may be told ahead of its pictures, and is best told `SOUND_LEAD_FRAMES` ahead.
    """

    container: ClassVar[Container]
    owes_frames: ClassVar[int]
    """How many pictures of silence it owes after each sentence, at least."""

    def __init__(self, form: VideoFormat) -> None:
        self._form = form
        self.frames = 0

    @staticmethod
    @abstractmethod
    def padded(frames: int) -> int:
        """The length to which a sentence of so many frames is best drawn out with silence."""

    @property
    def owed_frames(self) -> int:
        """Pictures of silence that were not shown yet and come before those of the next sound."""
        return 0

    @abstractmethod
    def hear(self, pcm: Pcm) -> None:
        """The next samples of sound, any number."""

    @abstractmethod
    def show(self, picture: I420) -> None:
        """The next picture."""

    @abstractmethod
    def cut(self, *, ends_sentence: bool) -> tuple[bytes, str]:
        """Everything shown since the last cut, and its MIME type with the codecs parameter.

        After the end of a sentence more may come late or never: all its sound has to be in.
        """
