"""Pictures for the documentation: every avatar in every state, and a clip in which each talks.

    python -m training.show_avatars

Writes `docs/pictures/faces.jpg` and `docs/pictures/talking.mp4`. Speech is made by the service's
own voice and renderer, as `avatar-chat say` does. Runs in the service's environment.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import numpy.typing as npt

from backend.avatar.packages.package import AvatarPackage
from backend.avatar.packages.shelf import list_avatars
from backend.avatar.pictures.codecs import FPS, SAMPLE_RATE
from backend.config import Settings, load_settings
from backend.logs import configure_logs
from backend.say import say_to_file

Picture = npt.NDArray[np.uint8]

_CELL_PX, _GAP_PX = 200, 6
_CROP = (0.16, 0.03, 0.84, 0.71)
"""Of the frame: head and collar, x0, y0, x1, y1."""
_IDLE_FRAME, _LISTENING_FRAME, _THINKING_FRAME = 12, 100, 72
_JPEG_QUALITY = 86
_CLIP_CRF = 21
_FIRST = ("nora", "marcus", "edith", "pip")

_LINES = {
    "nora": ("en-us+f2", "[happy] Hello, I'm Nora. It is lovely to meet you."),
    "marcus": ("en-us+m3", "[calm] I am Marcus. Ask me whatever you like."),
    "edith": ("en-us+f4", "[coy] And my name is Edith. How kind of you to visit."),
    "pip": ("en-us+f5", "[surprised] Wow! People can see me? I'm Pip!"),
}
_OTHERS = ("en-us+f2", "[happy] Hello! It is lovely to meet you.")


@dataclass(frozen=True, slots=True)
class Spoken:
    """A clip that somebody talks in: pictures BGR, sound int16 at `SAMPLE_RATE`."""

    pictures: list[Picture]
    sound: npt.NDArray[np.int16]


def speak(settings: Settings, avatar: str) -> Spoken:
    """The avatar's line, in a voice that fits it."""
    voice, text = _LINES.get(avatar, _OTHERS)
    voices = {**settings.tts.espeak_voices, "en": voice}
    tts = settings.tts.model_copy(update={"chain": ("espeak",), "espeak_voices": voices})
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "line.mp4"
        changed = settings.model_copy(update={"tts": tts})
        asyncio.run(say_to_file(changed, text, path, avatar, "en"))
        return Spoken(list(_pictures(path)), _sound(path))


def contact_sheet(avatars: list[AvatarPackage], spoken: dict[str, Spoken]) -> Picture:
    """A row for each avatar: idle, listening, thinking, every mood, and speaking."""
    return _grid([_row(package, spoken[package.card.id]) for package in avatars])


def write_clip(path: Path, lines: list[Spoken], side_px: int) -> None:
    """One after the other, H.264 and AAC."""
    with av.open(str(path), "w", options={"movflags": "+faststart"}) as file:
        video = file.add_stream("libx264", rate=FPS, options={"crf": str(_CLIP_CRF)})
        video.width = video.height = side_px
        video.pix_fmt = "yuv420p"
        audio = file.add_stream("aac", rate=SAMPLE_RATE, layout="mono")
        audio.bit_rate = 64_000
        for line in lines:
            for picture in line.pictures:
                small = cv2.resize(picture, (side_px, side_px), interpolation=cv2.INTER_AREA)
                file.mux(video.encode(av.VideoFrame.from_ndarray(small, "bgr24")))
        file.mux(video.encode())
        sound = np.concatenate([_fitted(line) for line in lines])
        frame = av.AudioFrame.from_ndarray(sound[None], format="s16", layout="mono")
        frame.sample_rate, frame.time_base, frame.pts = SAMPLE_RATE, Fraction(1, SAMPLE_RATE), 0
        file.mux(audio.encode(frame))
        file.mux(audio.encode())


def _fitted(line: Spoken) -> npt.NDArray[np.int16]:
    """The sound, as long as its pictures."""
    samples = len(line.pictures) * SAMPLE_RATE // FPS
    return np.pad(line.sound[:samples], (0, max(0, samples - len(line.sound))))


def _row(package: AvatarPackage, spoken: Spoken) -> list[Picture]:
    idle = _frame(package.idle, _IDLE_FRAME)
    row = [idle]
    if package.card.format == 2:
        row.append(_frame(package.clip("listening"), _LISTENING_FRAME))
        row.append(_frame(package.clip("thinking"), _THINKING_FRAME))
    if package.card.moods:
        x0, y0, x1, y1 = package.card.moods.box
        for feeling in package.card.moods.names:
            picture = idle.copy()
            picture[y0:y1, x0:x1] = _frame(package.mood(feeling), _IDLE_FRAME)
            row.append(picture)
    return [*row, _widest(spoken.pictures)]


def _widest(pictures: list[Picture]) -> Picture:
    """The frame of a clip whose mouth is farthest from the first one's."""
    height = pictures[0].shape[0]
    mouths = [p[int(0.42 * height) : int(0.68 * height)].astype(np.int16) for p in pictures]
    return pictures[int(np.argmax([np.abs(mouth - mouths[0]).mean() for mouth in mouths]))]


def _grid(rows: list[list[Picture]]) -> Picture:
    wide = max(map(len, rows))
    step = _CELL_PX + _GAP_PX
    sheet = np.full((len(rows) * step - _GAP_PX, wide * step - _GAP_PX, 3), 255, np.uint8)
    for number, row in enumerate(rows):
        for column, picture in enumerate(row):
            width = picture.shape[1]
            x0, y0, x1, y1 = (round(part * width) for part in _CROP)
            cell = cv2.resize(
                picture[y0:y1, x0:x1], (_CELL_PX, _CELL_PX), interpolation=cv2.INTER_AREA
            )
            y, x = number * step, column * step
            sheet[y : y + _CELL_PX, x : x + _CELL_PX] = cell
    return sheet


def _frame(path: Path, number: int) -> Picture:
    for index, picture in enumerate(_pictures(path)):
        if index == number:
            return picture
    raise ValueError(f"{path} has no frame {number}")


def _pictures(path: Path) -> Iterator[Picture]:
    with av.open(str(path)) as file:
        for frame in file.decode(video=0):
            yield frame.to_ndarray(format="bgr24")


def _sound(path: Path) -> npt.NDArray[np.int16]:
    resampler = av.AudioResampler("s16", "mono", SAMPLE_RATE)
    with av.open(str(path)) as file:
        parts = [
            part.to_ndarray()[0]
            for frame in file.decode(audio=0)
            for part in resampler.resample(frame)
        ]
    return np.concatenate(parts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=Path, default=Path("docs/pictures"))
    parser.add_argument("--side", type=int, default=448, help="of the clip, in pixels")
    args = parser.parse_args()
    settings = load_settings()
    configure_logs(settings.log.model_copy(update={"level": "error"}))
    avatars = sorted(
        list_avatars(settings.avatar.dir),
        key=lambda p: _FIRST.index(p.card.id) if p.card.id in _FIRST else len(_FIRST),
    )
    spoken = {package.card.id: speak(settings, package.card.id) for package in avatars}
    sheet = contact_sheet(avatars, spoken)
    cv2.imwrite(str(args.pictures / "faces.jpg"), sheet, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    write_clip(args.pictures / "talking.mp4", list(spoken.values()), args.side)
    for name in ("faces.jpg", "talking.mp4"):
        print(f"{name}: {(args.pictures / name).stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
