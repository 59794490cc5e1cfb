"""flite as a second synthesiser for training data: other voices, with their own phoneme marks.

The program `flite` (BSD licence, packaged by most Linux distributions) must be on the PATH; without
it the data is made by espeak-ng alone. Its ARPAbet phones are given espeak's names.
"""

import shutil
import subprocess
import tempfile
import wave
from pathlib import Path

import numpy as np
import soxr

from backend.avatar.lips.mel import SAMPLE_RATE_HZ, Float32
from training.espeak import Phone, Speech

# fmt: off
ESPEAK_NAMES = {
    "aa": "A:", "ae": "a", "ah": "V", "ao": "O:", "aw": "aU", "ax": "@", "axr": "3:", "ay": "aI",
    "b": "b", "ch": "tS", "d": "d", "dh": "D", "dx": "t", "eh": "E", "el": "l", "em": "m",
    "en": "n", "er": "3:", "ey": "eI", "f": "f", "g": "g", "hh": "h", "ih": "I", "ix": "I",
    "iy": "i:", "jh": "dZ", "k": "k", "l": "l", "m": "m", "n": "n", "ng": "N", "ow": "oU",
    "oy": "OI", "p": "p", "r": "r", "s": "s", "sh": "S", "t": "t", "th": "T", "uh": "U",
    "uw": "u:", "v": "v", "w": "w", "y": "j", "z": "z", "zh": "Z",
    "pau": "_", "ssil": "_", "sil": "_",
}
# fmt: on


def available() -> bool:
    return shutil.which("flite") is not None


def say(text: str, voice: str, stretch: float = 1.0) -> Speech:
    """Speak with a built-in voice (rms, awb, kal16, slt); stretch 1.1 is slower by a tenth."""
    with tempfile.TemporaryDirectory() as folder:
        sound = Path(folder) / "speech.wav"
        command = ["flite", "-voice", voice, "--setf", f"duration_stretch={stretch}"]
        command += ["-t", text, "-psdur", "-o", str(sound)]
        marks = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        return Speech(read_wave(sound), _phones(marks))


def read_wave(path: Path) -> Float32:
    """A 16-bit mono WAV file as float32 at 16 kHz."""
    with wave.open(str(path)) as sound:
        rate_hz, frames = sound.getframerate(), sound.readframes(sound.getnframes())
    samples = np.frombuffer(frames, np.int16).astype(np.float32) / 32768
    return np.asarray(soxr.resample(samples, rate_hz, SAMPLE_RATE_HZ), np.float32)


def _phones(marks: str) -> tuple[Phone, ...]:
    """Marks are `name:end_s` pairs; a phone starts where the one before it ends."""
    phones, start_s = [], 0.0
    for mark in marks.split():
        name, end = mark.split(":")
        phones.append(Phone(start_s, ESPEAK_NAMES.get(name, "@")))
        start_s = float(end)
    return tuple(phones)
