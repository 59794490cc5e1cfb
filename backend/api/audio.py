"""Microphone sound as clients send it → samples, shape (n,), 16 kHz mono int16."""

from __future__ import annotations

import base64
import io
import wave

import numpy as np

from backend import protocol as p
from backend.errors import BadAudio, NotAvailable, TooLarge
from backend.handlers.messages import Pcm

MAX_UPLOAD_S = 30


def decode_pcm(data: bytes) -> Pcm:
    """s16le mono 16 kHz bytes → samples.

    Raises:
        BadAudio: empty or half a sample.
        TooLarge: more than a second.
    """
    if not data:
        raise BadAudio("An audio frame had no bytes. Send 20 to 40 ms of s16le PCM at 16 kHz.")
    if len(data) % 2:
        raise BadAudio(f"An audio frame had {len(data)} bytes, which is half a sample too many.")
    if len(data) > p.MAX_MIC_FRAME_BYTES:
        raise TooLarge(f"An audio frame may have {p.MAX_MIC_FRAME_BYTES} bytes (one second).")
    return _samples(data)


def decode_audio_chunk(message: p.AudioChunk) -> Pcm:
    """The same samples out of an `audio_chunk`, a second at most in either format."""
    if message.format == "webm_opus":
        raise NotAvailable("Audio as webm_opus is not available; send pcm_s16le or wav.")
    try:
        data = base64.b64decode(message.data, validate=True)
        return decode_pcm(data if message.format == "pcm_s16le" else decode_wav(data).tobytes())
    except ValueError:  # binascii.Error is one; so is what letters beyond ASCII raise
        raise BadAudio("`data` of an audio_chunk is not base64.") from None


def decode_wav(data: bytes) -> Pcm:
    """A WAV file of one utterance → samples.

    Raises:
        BadAudio: not a WAV file, or not 16-bit mono PCM at 16 kHz.
        TooLarge: more than `MAX_UPLOAD_S`.
    """
    try:
        with wave.open(io.BytesIO(data)) as file:
            shape = (file.getnchannels(), file.getsampwidth() * 8, file.getframerate())
            frames = file.readframes(MAX_UPLOAD_S * p.MIC_SAMPLE_RATE + 1)
    except (wave.Error, EOFError) as error:
        raise BadAudio(f"The upload is not a WAV file of PCM samples: {error}.") from None
    if shape != (1, 16, p.MIC_SAMPLE_RATE):
        channels, bits, rate = shape
        raise BadAudio(
            f"The upload has {channels} channel(s) of {bits} bits at {rate} Hz; "
            f"send one of 16 bits at {p.MIC_SAMPLE_RATE} Hz."
        )
    if len(frames) > MAX_UPLOAD_S * p.MIC_SAMPLE_RATE * 2:
        raise TooLarge(f"An upload may last {MAX_UPLOAD_S} s.")
    if len(frames) < 2:
        raise BadAudio("The upload has no sound.")
    return _samples(frames[: len(frames) & ~1])


def _samples(data: bytes) -> Pcm:
    return np.frombuffer(data, np.dtype("<i2")).astype(np.int16, copy=False)
