"""The same words by another throat, in another room, through another wire.

Waveform disguises for training data: a smaller or larger speaker, a coloured microphone, echoes,
a telephone's band, noise, music and other people in the background, MP3 and AAC. Also the sounds
of rooms in which nobody speaks. Marks move with the sound. Random choices come from one generator,
so that a shard is the same each time.
"""

import subprocess
import tempfile
from pathlib import Path

import numpy as np
import numpy.typing as npt

from backend.avatar.lips.mel import SAMPLE_RATE_HZ, Float32
from training.espeak import Speech

Rng = np.random.Generator
Float = npt.NDArray[np.float64]

# What voices on the network send: Edge-TTS 48 kbit/s MP3, others AAC or thinner.
_CODECS = (
    ("mp3", ("-ar", "24000", "-c:a", "libmp3lame", "-b:a", "48k")),
    ("mp3", ("-ar", "24000", "-c:a", "libmp3lame", "-b:a", "32k")),
    ("m4a", ("-ar", "24000", "-c:a", "aac", "-b:a", "40k")),
    ("ogg", ("-ar", "24000", "-c:a", "libopus", "-b:a", "24k")),
)


def speaker(speech: Speech, rng: Rng) -> Speech:
    """Somewhat smaller or larger."""
    return played(speech, rng.uniform(0.85, 1.25))


def played(speech: Speech, factor: float) -> Speech:
    """Play faster: pitch and formants rise together, as from a smaller speaker."""
    places = np.arange(int(len(speech.pcm) / factor)) * factor
    pcm = np.interp(places, np.arange(len(speech.pcm)), speech.pcm).astype(np.float32)
    return Speech(pcm, tuple(type(p)(p.start_s / factor, p.name) for p in speech.phones))


def normalised(speech: Speech, peak: float = 0.7) -> Speech:
    loudest = float(np.abs(speech.pcm).max(initial=0.0))
    return Speech(speech.pcm * (peak / max(loudest, 0.05)), speech.phones)


def place(pcm: Float32, rng: Rng) -> Float32:
    """An equaliser always, a room half the time, a narrow band sometimes; the length stays."""
    size = 1 << (len(pcm) + SAMPLE_RATE_HZ // 2).bit_length()  # odd sizes make a slow FFT
    spectrum = np.fft.rfft(pcm, size) * _equaliser(size, rng)
    if rng.random() < 0.5:
        spectrum *= np.fft.rfft(_room(rng), size)
    if rng.random() < 0.25:
        spectrum *= _band(size, rng.uniform(60, 350), rng.uniform(3200, 7000))
    placed = np.fft.irfft(spectrum, size)[: len(pcm)]
    return _scaled(placed, float(np.abs(pcm).max(initial=1e-3)))


def background(samples: int, rng: Rng, crowd: Float32) -> Float32:
    """Something behind the voice, loudest sample about 1: noise, music, or the crowd's speech."""
    draw = rng.random()
    if draw < 0.6:
        return noise(samples, rng)
    if draw < 0.8:
        return music(samples, rng)
    start = rng.integers(0, max(1, len(crowd) - 3 * samples))
    voices = [np.resize(crowd[start + k * samples :][:samples], samples) for k in range(3)]
    return _scaled(np.sum(voices, axis=0))


def noise(samples: int, rng: Rng) -> Float32:
    """White to brown noise, sometimes with mains hum."""
    spectrum = np.fft.rfft(rng.normal(0, 1, samples))
    spectrum /= np.maximum(1, np.arange(len(spectrum))) ** rng.uniform(0, 1)
    coloured = np.fft.irfft(spectrum, samples)
    hum = np.sin(2 * np.pi * rng.choice((50, 60, 120)) * np.arange(samples) / SAMPLE_RATE_HZ)
    return _scaled(coloured / coloured.std() + rng.uniform(0, 1) * (rng.random() < 0.3) * hum)


def music(samples: int, rng: Rng) -> Float32:
    """Chords of plucked or held tones with a beat."""
    times = np.arange(samples) / SAMPLE_RATE_HZ
    beat_s = rng.uniform(0.25, 0.8)
    root_hz, decay = rng.uniform(80, 260), rng.choice((0.5, 3.0, 8.0))
    sound = np.zeros(samples)
    for start_s in np.arange(0, samples / SAMPLE_RATE_HZ, beat_s):
        since = times[times >= start_s] - start_s
        since = since[: int(3 * beat_s * SAMPLE_RATE_HZ)]
        at = int(np.ceil(start_s * SAMPLE_RATE_HZ))
        for step in rng.choice((0, 3, 4, 5, 7, 9, 12, 16, 19), 3, replace=False):
            tone_hz = root_hz * 2 ** (step / 12)
            phase = 2 * np.pi * tone_hz * since
            tones = sum(np.sin(phase * k) / k ** rng.uniform(0.8, 2) for k in range(1, 6))
            pluck = np.exp(-decay * since) * np.minimum(1, since * 60)
            sound[at : at + len(since)] += tones * pluck
    return _scaled(sound)


def breath(samples: int, rng: Rng) -> Float32:
    """One breath: noise of the throat that swells and fades."""
    hiss = np.fft.rfft(rng.normal(0, 1, samples))
    hiss *= _band(samples, rng.uniform(300, 900), rng.uniform(2500, 7000))
    swell = np.sin(np.pi * np.linspace(0, 1, samples) ** rng.uniform(0.6, 1.6))
    return _scaled(np.fft.irfft(hiss, samples) * swell)


def through_a_codec(pcm: Float32, number: int) -> Float32:
    """There and back through one of the codecs; the length stays and the delay is taken out."""
    suffix, encoding = _CODECS[number % len(_CODECS)]
    raw = ["-f", "s16le", "-ac", "1", "-ar", str(SAMPLE_RATE_HZ)]
    sound = (np.clip(pcm, -1, 1) * 32767).astype(np.int16).tobytes()
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / f"sound.{suffix}")
        _ffmpeg([*raw, "-i", "-", *encoding, path], sound)
        heard = np.frombuffer(_ffmpeg(["-i", path, *raw, "-"], b""), np.int16)
    return np.resize(heard, len(pcm)).astype(np.float32) / 32768


def _ffmpeg(arguments: list[str], sound: bytes) -> bytes:
    command = ["ffmpeg", "-v", "error", "-threads", "1", *arguments]
    return subprocess.run(command, input=sound, capture_output=True, check=True).stdout


def _equaliser(size: int, rng: Rng) -> Float:
    """Gains over frequency, a smooth curve within about ±9 dB."""
    knots = rng.normal(0, 3.0, 7)
    places = np.linspace(0, 6, size // 2 + 1)
    return np.asarray(10 ** (np.interp(places, np.arange(7), knots) / 20))


def _band(size: int, low_hz: float, high_hz: float) -> Float:
    """Gains of a band-pass with soft edges."""
    hz = np.fft.rfftfreq(size, 1 / SAMPLE_RATE_HZ)
    return np.asarray(1 / (1 + (low_hz / np.maximum(hz, 1)) ** 4) / (1 + (hz / high_hz) ** 12))


def _room(rng: Rng) -> Float:
    """Early, exponentially decaying echoes behind the straight sound."""
    length = int(SAMPLE_RATE_HZ * rng.uniform(0.05, 0.35))
    response = rng.normal(0, 1, length) * np.exp(-6.9 * np.arange(length) / length)
    response *= rng.uniform(0.02, 0.12)
    response[0] = 1.0
    return response


def _scaled(sound: npt.ArrayLike, peak: float = 1.0) -> Float32:
    sound = np.asarray(sound, np.float64)
    loudest = float(np.abs(sound).max(initial=0.0))
    return np.asarray(sound * (peak / max(loudest, 1e-6)), np.float32)
