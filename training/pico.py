"""SVOX Pico for evaluation: a whole synthesiser that the encoder never hears in training.

The py-nanotts wheel (Apache-2.0) brings the program and its voices. It gives no marks, so its
speech is aligned to its text, as recordings of people are.
"""

import numpy as np
from py_nanotts import NanoTTS

from training.align import aligned
from training.espeak import Speech

VOICES = ("en-US", "en-GB")


def say(text: str, voice: str) -> Speech:
    """Speak an English text with one of VOICES."""
    raw = NanoTTS().speak(text, voice=voice, volume=0.6)
    return aligned(np.frombuffer(raw, np.int16).astype(np.float32) / 32768, text)
