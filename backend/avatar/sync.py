"""Whether mouth and sound belong together: how far the picture is behind or ahead, measured.

What a mouth does shows as the strongest way in which the mouth's region changes, whoever drew it.
Laid against the opening that is expected of the sound, its best correlation tells the offset.
Who is measured, and how often, does not belong here.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import av
import numpy as np
import numpy.typing as npt

from backend.avatar.lips import mouth
from backend.avatar.lips.articulation import Phone, mouth_track
from backend.avatar.lips.articulation_marks import Uttered
from backend.avatar.lips.listener import ControlsListener
from backend.avatar.lips.mel import MEL_FRAMES_PER_S
from backend.avatar.packages.card import AvatarCard
from backend.avatar.pictures.codecs import FPS, SAMPLE_RATE, Pcm
from backend.errors import ConfigError

Float = npt.NDArray[np.float64]

LARGEST_OFFSET_S = 0.4
PIECE_S = 20.0
"""A long reply is measured in pieces, to see whether it drifts."""

_STEP_S = 0.005
_REGION = (0.3, 0.6, 0.7, 0.95)
"""Where in a face's box its mouth is: x0, y0, x1, y1."""
_GRAIN = 4
_OPENS = {"jaw": 0.8, "lower_down": 0.25, "upper_up": 0.2}


@dataclass(frozen=True, slots=True)
class Video:
    """Mouths (n, h, w) and the moments at which they are shown (n,), and the sound from 0 s on."""

    moments_s: Float
    mouths: npt.NDArray[np.uint8]
    pcm: Pcm


@dataclass(frozen=True, slots=True)
class Opening:
    """How far a mouth is open (n,), in any unit, at moments (n,)."""

    moments_s: Float
    values: Float


@dataclass(frozen=True, slots=True)
class Offset:
    """offset_s: how much later the mouth moves than it should; below 0 it is early. correlation: of
    seen and expected at that offset, and how far it can be trusted. drift_s: how much the offset
    grows from beginning to end, by the line through its pieces; 0 of a single one."""

    offset_s: float
    correlation: float
    drift_s: float = 0.0


def measure(seen: Opening, expected: Opening) -> Offset:
    """Of a whole clip, and how it changes from piece to piece."""
    whole = _offset(seen, expected)
    length_s = float(seen.moments_s[-1] - seen.moments_s[0])
    count = int(length_s // PIECE_S)
    if count < 2:
        return whole
    bounds = np.linspace(0, len(seen.values), count + 1).astype(int)
    pieces = [slice(a, b) for a, b in pairwise(bounds)]
    offsets = [
        _offset(Opening(seen.moments_s[here], seen.values[here]), expected).offset_s
        for here in pieces
    ]
    middles_s = [float(seen.moments_s[here].mean()) for here in pieces]
    slope = float(np.polyfit(middles_s, offsets, 1)[0])
    return Offset(whole.offset_s, whole.correlation, slope * length_s)


def video_of(data: bytes, card: AvatarCard) -> Video:
    """Decode a chunk, or a stream's parts joined, as a player does, by its time stamps.

    Raises ConfigError when it is no video with sound.
    """
    x0, y0, x1, y1 = _region(card)
    moments, mouths, sound = [], [], []
    resampler = av.AudioResampler("s16", "mono", SAMPLE_RATE)
    try:
        with av.open(io.BytesIO(data), "r") as container:
            frames: Iterable[Any] = container.decode(video=0, audio=0)
            for frame in frames:
                if isinstance(frame, av.VideoFrame):
                    moments.append(frame.time or 0.0)
                    mouths.append(frame.to_ndarray(format="gray")[y0:y1:_GRAIN, x0:x1:_GRAIN])
                else:
                    pieces = resampler.resample(frame)
                    sound += [(piece.time or 0.0, piece.to_ndarray()[0]) for piece in pieces]
    except (av.error.FFmpegError, IndexError) as error:
        raise ConfigError(f"This is no video with sound: {error}.") from error
    if not mouths or not sound:
        raise ConfigError("This video is empty.")
    return Video(np.array(moments), np.stack(mouths), _placed(sound))


def seen(video: Video) -> Opening:
    """The strongest way in which the mouth's region changes, as one number per picture."""
    changes = video.mouths.reshape(len(video.mouths), -1).astype(np.float32)
    changes -= changes.mean(axis=0)
    _, vectors = np.linalg.eigh(changes.T @ changes)
    return Opening(video.moments_s, (changes @ vectors[:, -1]).astype(np.float64))


def heard(listener: ControlsListener, pcm: Pcm) -> Opening:
    """What is expected of the sound alone."""
    controls = listener.hear(pcm)
    return Opening(np.arange(len(controls)) / FPS, _opening(controls))


def said(uttered: Sequence[Uttered]) -> Opening:
    """What is expected of the voice's own marks."""
    phones = [Phone(one.start_s, one.name) for one in uttered]
    end_s = uttered[-1].end_s
    controls = mouth_track([*phones, Phone(end_s, "_")], end_s + LARGEST_OFFSET_S).controls
    return Opening(np.arange(len(controls)) / MEL_FRAMES_PER_S, _opening(controls))


def _offset(seen: Opening, expected: Opening) -> Offset:
    """The highest point of the correlation, between steps by a parabola.

    Which end of what is seen is an open mouth is not known: the side that fits better is.
    """
    lags_s = np.arange(-LARGEST_OFFSET_S, LARGEST_OFFSET_S + _STEP_S / 2, _STEP_S)
    found = np.array(
        [
            _correlation(
                seen.values,
                np.interp(seen.moments_s - lag_s, expected.moments_s, expected.values),
            )
            for lag_s in lags_s
        ]
    )
    found *= np.sign(found[np.abs(found).argmax()])
    top = int(found.argmax())
    within = 0.0
    if 0 < top < len(found) - 1:
        before, here, after = found[top - 1 : top + 2]
        bend = before - 2 * here + after
        within = 0.5 * (before - after) / bend if bend < 0 else 0.0
    return Offset(float(lags_s[top] + within * _STEP_S), float(found[top]))


def _correlation(a: Float, b: Float) -> float:
    a, b = a - a.mean(), b - b.mean()
    return float(a @ b) / max(float(np.sqrt((a @ a) * (b @ b))), 1e-9)


def _opening(controls: npt.NDArray[np.float32]) -> Float:
    apart = sum(gain * controls[:, mouth.CONTROLS.index(name)] for name, gain in _OPENS.items())
    return np.asarray(apart * (1 - controls[:, mouth.CONTROLS.index("press")]), np.float64)


def _region(card: AvatarCard) -> tuple[int, int, int, int]:
    """Around the mouth wherever the head is in its loop, in pixels of the frame."""
    x0, y0, x1, y1 = np.mean(card.face_boxes, axis=0)
    left, top, right, bottom = _REGION
    across, down = x1 - x0, y1 - y0
    return (
        round(x0 + left * across),
        round(y0 + top * down),
        round(x0 + right * across),
        round(y0 + bottom * down),
    )


def _placed(sound: Sequence[tuple[float, Pcm]]) -> Pcm:
    """Pieces of sound at their moments; what lies before 0 s is not heard."""
    end = max(round(at_s * SAMPLE_RATE) + len(pcm) for at_s, pcm in sound)
    whole = np.zeros(max(end, 0), np.int16)
    for at_s, pcm in sound:
        begin = round(at_s * SAMPLE_RATE)
        whole[max(begin, 0) : begin + len(pcm)] = pcm[max(-begin, 0) :]
    return whole
