"""Speech and sentences for the tests of this folder."""

from __future__ import annotations

import numpy as np

from backend.handlers.messages import (
    SAMPLE_RATE,
    ChatMessage,
    Pcm,
    Prompt,
    Sentence,
    SpeechSegment,
    Stamp,
)
from backend.handlers.tts.espeak import to_pcm
from backend.handlers.tts.espeak_native import Manner, espeak

STAMP = Stamp("test", 1)


def speech(text: str, voice: str = "en-us+m3") -> Pcm:
    return to_pcm(espeak().speak(text, Manner(voice)))


def silence(seconds: float) -> Pcm:
    return np.zeros(round(seconds * SAMPLE_RATE), np.int16)


def noise(seconds: float, rms: float, seed: int = 0) -> Pcm:
    """White noise; `rms` of full scale."""
    random = np.random.default_rng(seed).standard_normal(round(seconds * SAMPLE_RATE))
    return (random * rms * 32767).astype(np.int16)


def segment(pcm: Pcm, speech_ratio: float = 0.8) -> SpeechSegment:
    return SpeechSegment(STAMP, pcm, speech_ratio)


def sentence(spoken: str, language: str = "en") -> Sentence:
    return Sentence(STAMP, 0, spoken, spoken, language)


def prompt(*lines: str, language: str = "en") -> Prompt:
    """User and assistant by turns, the last line the user's."""
    roles = ["user" if index % 2 == 0 else "assistant" for index in range(len(lines))]
    messages = (ChatMessage(role, line) for role, line in zip(roles, lines, strict=True))
    return Prompt(STAMP, (ChatMessage("system", "Be kind."), *messages), language)
