"""Sound as clients send it."""

from __future__ import annotations

import base64
import io
import wave

import numpy as np
import pytest

from backend.api.audio import decode_audio_chunk, decode_pcm, decode_wav
from backend.errors import BadAudio, NotAvailable, TooLarge
from backend.protocol import AudioChunk

PCM = np.array([0, 1, -1, 32767, -32768], np.int16)
RAW = PCM.astype("<i2").tobytes()


def wav(raw: bytes, channels: int = 1, bits: int = 16, rate: int = 16_000) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(bits // 8)
        file.setframerate(rate)
        file.writeframes(raw)
    return out.getvalue()


def test_the_same_samples_out_of_every_wrapping() -> None:
    chunk = AudioChunk(data=base64.b64encode(RAW).decode())
    file = AudioChunk(data=base64.b64encode(wav(RAW)).decode(), format="wav")
    chunks = decode_audio_chunk(chunk), decode_audio_chunk(file)
    for samples in (decode_pcm(RAW), *chunks, decode_wav(wav(RAW))):
        assert samples.dtype == np.int16 and np.array_equal(samples, PCM)


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(NotAvailable):
        decode_audio_chunk(AudioChunk(data="", format="webm_opus"))
    with pytest.raises(BadAudio, match="base64"):
        decode_audio_chunk(AudioChunk(data="!"))
    with pytest.raises(BadAudio, match="base64"):
        decode_audio_chunk(AudioChunk(data="é"))
    with pytest.raises(TooLarge):
        long = base64.b64encode(wav(bytes(32_002))).decode()
        decode_audio_chunk(AudioChunk(data=long, format="wav"))
    for raw, error in ((b"", BadAudio), (b"\0", BadAudio), (bytes(32_002), TooLarge)):
        with pytest.raises(error):
            decode_pcm(raw)


@pytest.mark.parametrize(
    ("data", "error", "words"),
    [
        (b"", BadAudio, "not a WAV file"),
        (b"RIFF\x04\0\0\0WAVE", BadAudio, "not a WAV file"),
        (b"OggS" + bytes(100), BadAudio, "not a WAV file"),
        (wav(RAW)[:30], BadAudio, "not a WAV file"),
        (wav(b""), BadAudio, "no sound"),
        (wav(RAW, channels=2), BadAudio, "2 channel"),
        (wav(RAW, bits=8), BadAudio, "8 bits"),
        (wav(RAW, rate=48_000), BadAudio, "48000 Hz"),
        (wav(bytes(30 * 32_000 + 2)), TooLarge, "30 s"),
    ],
)
def test_an_upload_is_checked(data: bytes, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        decode_wav(data)


def test_an_upload_that_breaks_off_is_heard_as_far_as_it_goes() -> None:
    assert np.array_equal(decode_wav(wav(RAW)[:-3]), PCM[:-2])
    assert decode_wav(wav(bytes(30 * 32_000))).size == 30 * 16_000
