"""Who finds faces. The real one is a program in another environment (`facemesh`)."""

from __future__ import annotations

import json
import struct
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import IO, Any, Literal, Protocol

import cv2
import numpy as np
import numpy.typing as npt

from backend.avatar.create.mesh import POINTS, Mesh
from backend.avatar.create.refusals import NoFinder

Image = npt.NDArray[np.uint8]
"""(height, width, 3) BGR."""

_PROGRAM = Path(__file__).with_name("facemesh.py")
_LONGEST_PX = 960


class Finder(Protocol):
    """Finds all faces of a picture, in its own pixels."""

    def find(self, picture: Image) -> list[Mesh]: ...


class Finders(Protocol):
    """Opens a finder for photos, or for consecutive frames, which it follows."""

    def __call__(self, kind: Literal["still", "moving"]) -> AbstractContextManager[Finder]: ...


class MediaPipe:
    """`Finders` by the Python of the face finder's environment."""

    def __init__(self, python: Path) -> None:
        self._python = python

    @contextmanager
    def __call__(self, kind: Literal["still", "moving"]) -> Iterator[Finder]:
        """Raises NoFinder when it is not installed or does not start."""
        if not self._python.is_file():
            raise NoFinder(
                "The face finder is not installed. Run this once in the project's folder: "
                "make face-finder"
            )
        command = [str(self._python), "-I", str(_PROGRAM), kind]
        with (
            tempfile.TemporaryFile() as log,
            subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log
            ) as process,
        ):
            assert process.stdin is not None
            assert process.stdout is not None
            try:
                finder = _Conversation(process.stdin, process.stdout, log)
                finder.listen()
                yield finder
            finally:
                process.kill()


class _Conversation:
    def __init__(self, to: IO[bytes], answers: IO[bytes], log: IO[bytes]) -> None:
        self._to, self._answers, self._log = to, answers, log

    def find(self, picture: Image) -> list[Mesh]:
        height, width = picture.shape[:2]
        small = _shrunk(picture)
        rgb = cv2.cvtColor(small, cv2.COLOR_BGR2RGB)
        try:
            self._to.write(struct.pack(">II", small.shape[1], small.shape[0]) + rgb.tobytes())
            self._to.flush()
        except OSError as error:
            raise self._failure() from error
        faces = [np.array(face, np.float32) for face in self.listen()]
        if any(face.shape != (POINTS, 2) for face in faces):
            raise self._failure()
        return [face * np.array([width, height], np.float32) for face in faces]

    def listen(self) -> Any:
        line = self._answers.readline()
        if not line:
            raise self._failure()
        return json.loads(line)

    def _failure(self) -> NoFinder:
        self._log.seek(0)
        last = (self._log.read().decode(errors="replace").strip().splitlines() or ["no words"])[-1]
        return NoFinder(f"The face finder failed ({last}). Install it anew: make face-finder")


def _shrunk(picture: Image) -> Image:
    scale = _LONGEST_PX / max(picture.shape[:2])
    if scale >= 1:
        return picture
    small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8)
