"""Pictures and sound for the encoders' tests, and a reader of what comes out."""

import io
from collections.abc import Sequence
from functools import cache

import av
import numpy as np
from face_samples import picture

from backend.avatar.pictures.codecs import SAMPLES_PER_FRAME, VideoFormat
from backend.avatar.pictures.colour import Colour
from backend.avatar.pictures.encoder import SOUND_LEAD_FRAMES, Encoder

WIDTH = HEIGHT = 192
FORM = VideoFormat(WIDTH, HEIGHT, Colour())
TONE_HZ = 443.0


@cache
def planes(number: int) -> np.ndarray:
    image = av.VideoFrame.from_ndarray(picture(number), format="bgr24")
    return image.reformat(format="yuv420p").to_ndarray()


def tone(samples: int) -> np.ndarray:
    return (9000 * np.sin(2 * np.pi * TONE_HZ * np.arange(samples) / 16_000)).astype(np.int16)


def encode(encoder: Encoder, sound: np.ndarray, lengths: Sequence[int]) -> list[bytes]:
    """One sentence, cut after so many pictures each; its sound runs ahead as it should."""
    chunks, told, shown = [], 0, encoder.owed_frames
    for number in range(shown):
        encoder.show(planes(number % 20))
    for length in lengths:
        for _ in range(length):
            until = min(len(sound), (shown + 1 + SOUND_LEAD_FRAMES) * SAMPLES_PER_FRAME)
            encoder.hear(sound[told:until])
            told = max(told, until)
            encoder.show(planes(shown % 20))
            shown += 1
        is_last = len(chunks) == len(lengths) - 1
        chunks.append(encoder.cut(ends_sentence=is_last)[0])
        assert encoder.frames == 0
    return chunks


def samples_of(data: bytes) -> np.ndarray:
    with av.open(io.BytesIO(data)) as file:
        return np.concatenate([frame.to_ndarray()[0] for frame in file.decode(audio=0)])
