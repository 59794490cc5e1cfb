"""Who is listened to when the net is judged: sentences, and mostly voices, that it never heard.

Synthesisers give exact marks or are aligned to their text, as recordings of people are (`align`;
its marks against flite's own: opening correlation 0.97, so nothing aligned can score higher).
What is not installed is left out.
"""

import gzip
import re
import shutil
import subprocess
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from backend.avatar.lips.mel import SAMPLE_RATE_HZ
from training import flite, pico, sentences
from training.align import aligned, recordings
from training.card import ESPEAK_VOICES, FAMILY, PEOPLE
from training.disguise import normalised
from training.espeak import Espeak, Speech
from training.speech_set import HELD_OUT_FLITE, HELD_OUT_VOICES

_PROMPTS = Path("/usr/share/asterisk/sounds/en_US_f_Allison")
_PROMPT_TEXTS = Path("/usr/share/doc/asterisk-core-sounds-en/core-sounds-en.txt.gz")
_PLAIN_PROMPT = re.compile(r"[A-Za-z][A-Za-z ,.']{30,150}")


@dataclass(frozen=True, slots=True)
class Voice:
    """A kind of voice by its name for people; speak gives its sentences."""

    name: str
    speak: Callable[[], Iterable[Speech]]


def voices(people: Path | None) -> Iterator[Voice]:
    """people: a folder of recordings (WAV with a text beside)."""
    espeak = Espeak()

    def spoken(language: str, names: Iterable[str]) -> Callable[[], Iterator[Speech]]:
        texts = sentences.HELD_OUT["zh" if language == "cmn" else "en"]
        return lambda: (espeak.say(text, language + name) for name in names for text in texts)

    held_out = [f"+{name}" for name in HELD_OUT_VOICES]
    yield Voice("espeak English, service voice", spoken("en-us", ["+f2"]))
    yield Voice("espeak Mandarin, service voice", spoken("cmn", ["+f2"]))
    yield Voice(ESPEAK_VOICES, spoken("en-us", held_out))
    yield Voice("espeak Mandarin, held-out voices", spoken("cmn", held_out))
    english = sentences.HELD_OUT["en"]
    if flite.available():
        yield Voice(
            "flite slt, held-out speaker",
            lambda: (flite.say(text, HELD_OUT_FLITE) for text in english),
        )
    yield Voice(FAMILY, lambda: (pico.say(text, v) for v in pico.VOICES for text in english))
    if people:
        yield Voice(PEOPLE, lambda: recordings(people))
    if _PROMPT_TEXTS.is_file() and shutil.which("ffmpeg"):
        yield Voice("human telephone prompts, aligned", prompts)


def speeches(voice: Voice) -> list[Speech]:
    return [normalised(speech) for speech in voice.speak()]


def prompts(count: int = 60) -> Iterator[Speech]:
    """A woman's recorded prompts with their texts, from Debian's asterisk-core-sounds-en-g722."""
    texts = gzip.decompress(_PROMPT_TEXTS.read_bytes()).decode("utf-8").splitlines()
    said: set[str] = set()
    for name, _, text in (line.partition(": ") for line in texts):
        path = _PROMPTS / f"{name}.g722"
        if not _PLAIN_PROMPT.fullmatch(text) or text in said or not path.is_file():
            continue
        try:
            speech = aligned(_g722(path), text)
        except RuntimeError:
            continue  # the aligner's dictionary lacks a word, mostly a name
        yield speech
        said.add(text)
        if len(said) == count:
            return


def _g722(path: Path) -> np.ndarray:
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-f", "s16le", "-ac", "1"]
    command += ["-ar", str(SAMPLE_RATE_HZ), "-"]
    raw = subprocess.run(command, capture_output=True, check=True).stdout
    return np.frombuffer(raw, np.int16).astype(np.float32) / 32768
