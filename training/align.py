"""Phoneme marks for human recordings: a known text aligned to its sound by pocketsphinx.

Good to a few hundredths of a second; used to evaluate on people, never to train.
"""

import re
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from pocketsphinx import Config, Decoder

from backend.avatar.lips.mel import SAMPLE_RATE_HZ, Float32
from training.espeak import Phone, Speech
from training.flite import ESPEAK_NAMES, read_wave

_FRAMES_PER_S = 100
# Sound that begins or ends within a word is not aligned; silence lets it.
_QUIET_S = 0.2
_QUIET = round(_QUIET_S * SAMPLE_RATE_HZ)


def recordings(folder: Path) -> list[Speech]:
    """Every `<name>.wav` with its text in `<name>.txt`, as speech with marks."""
    return [
        aligned(read_wave(path), path.with_suffix(".txt").read_text(encoding="utf-8"))
        for path in sorted(folder.glob("*.wav"))
    ]


def aligned(pcm: Float32, text: str) -> Speech:
    """Raises RuntimeError when the sound cannot be aligned to the text."""
    decoder = Decoder(Config(lm=None, loglevel="FATAL", samprate=SAMPLE_RATE_HZ))
    words = re.findall(r"[a-z']+", text.lower())
    decoder.set_align_text(" ".join(words))
    raw = (np.clip(np.pad(pcm, _QUIET), -1, 1) * 32767).astype(np.int16).tobytes()
    _decode(decoder, raw)
    decoder.set_alignment()
    _decode(decoder, raw)
    return Speech(pcm, tuple(_phones(decoder.get_alignment())))


def _decode(decoder: Decoder, raw: bytes) -> None:
    decoder.start_utt()
    decoder.process_raw(raw, full_utt=True)
    decoder.end_utt()


def _phones(words: Iterable) -> Iterable[Phone]:
    for word in words:
        for phone in word:
            name = ESPEAK_NAMES.get(phone.name.lower(), "_" if phone.name == "SIL" else "@")
            yield Phone(max(0.0, phone.start / _FRAMES_PER_S - _QUIET_S), name)
