"""What visitors say: typed questions, sentences that are theirs alone, and a spoken voice."""

from __future__ import annotations

import random
from functools import cache

import numpy as np
import soxr

from backend.handlers.messages import SAMPLE_RATE, Pcm
from backend.handlers.tts.espeak_native import Manner, espeak

QUESTIONS = (
    "Hello, who are you?",
    "What can you do for me?",
    "Tell me something about rivers.",
    "What is seventeen times four?",
    "My name is Ada. What is my name?",
    "Are you happy today?",
    "How does a candle burn?",
    "你好，你叫什么名字？",
    "今天你好吗？",
)
SPOKEN = (
    "Hello, how are you today?",
    "What is your name?",
    "Tell me a story about the sea.",
    "What can you do?",
)
_SUBJECTS = ("The ferry", "A heron", "My neighbour", "The old clock", "Every lantern", "The baker")
_VERBS = ("crosses", "counts", "watches", "remembers", "follows", "paints")
_OBJECTS = ("the wide river", "nine green bottles", "the morning train", "a paper boat", "the hill")

FRAME_SAMPLES = SAMPLE_RATE // 50
QUIET_S = 1.2
"""Before and behind what is spoken: it ends a turn, and then some."""


def own_words(dice: random.Random, visitor: int, number: int, sentences: int) -> str:
    """Sentences with a number in each, which this visitor says once and nobody else says."""
    return " ".join(
        f"{dice.choice(_SUBJECTS)} {dice.choice(_VERBS)} {dice.choice(_OBJECTS)} "
        f"number {visitor} {number} {index}."
        for index in range(1, sentences + 1)
    )


@cache
def spoken(text: str) -> Pcm:
    """The text by a voice, with quiet around it, 16 kHz mono."""
    said = espeak().speak(text, Manner(voice="en-us"))
    sound = soxr.resample(said.pcm.astype(np.float32), said.rate_hz, SAMPLE_RATE).astype(np.int16)
    quiet = np.zeros(round(QUIET_S * SAMPLE_RATE), np.int16)
    return np.concatenate([quiet[: SAMPLE_RATE // 4], sound, quiet])
