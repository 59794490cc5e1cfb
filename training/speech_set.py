"""Speech for the encoder, as it was spoken: sentences by many synthesisers, with their marks.

    python -m training.speech_set [--hours 6]

Shards of about eight minutes in training/build/speech, each made whole, so that the work can be
stopped and started again. What a shard says follows from its name alone. HELD_OUT_VOICES, flite's
slt, the whole of Pico and the held-out sentences are never spoken here; neither is festival's slt,
who is the same person. Rooms, noise and codecs come later, in `audio`.
"""

import argparse
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import espeakng_loader
import numpy as np

from training import festival, flite, sentences
from training.disguise import played
from training.espeak import Espeak, Phone, Speech

SHARDS = Path(__file__).parent / "build" / "speech"
HELD_OUT_VOICES = ("f5", "klatt4", "linda", "m7", "Annie")
HELD_OUT_FLITE = "slt"
WHOLE = "*-[0-9][0-9].npz"  # a shard, and not one that is being written
SHARD_S = 480.0
_FLITE_VOICES = ("rms", "awb", "kal16")
_UNNATURAL = ("robo", "Robot", "whisper", "Demonic", "Tweaky", "croak", "fast", "Storm", "Anxious")
_ACCENTS = (
    "en-us", "en-us", "en-us", "gmw/en", "gmw/en", "en-gb-scotland", "en-029", "en-gb-x-rp",
    "en-us-nyc", "en-gb-x-gbclan",
)  # fmt: skip
_SERVICE_VARIANT = "+f2"
_BATCH = 20

Speaker = Callable[[random.Random], Iterator[Speech]]


@dataclass(frozen=True, slots=True)
class Source:
    """A kind of speech and its share of all hours."""

    name: str
    share: float
    speak: Speaker


def sources() -> list[Source]:
    """Every synthesiser that is installed; espeak's English takes the share of the others."""
    espeak = Espeak()
    others = [Source("mandarin", 0.08, lambda rng: _mandarin(espeak, rng))]
    if flite.available():
        others.append(Source("flite", 0.21, _flite))
        others.append(Source("high", 0.21, _high))
    if festival.available():
        others.append(Source("festival", 0.11, lambda rng: _festival(festival.ENGLISH, rng)))
        foreign = tuple(voice for voice in festival.voices() if voice not in festival.ENGLISH)
        others.append(Source("foreign", 0.18, lambda rng: _festival(foreign, rng)))
    english_share = 1 - sum(source.share for source in others)
    return [Source("english", english_share, lambda rng: _english(espeak, rng)), *others]


def training_variants() -> list[str]:
    """Every natural voice variant that espeak ships, but the held-out ones."""
    folder = Path(espeakng_loader.get_data_path()) / "voices" / "!v"
    names = sorted(path.name for path in folder.iterdir() if " " not in path.name)
    odd = {name for name in names if any(mark in name for mark in _UNNATURAL)}
    return [name for name in names if name not in odd and name not in HELD_OUT_VOICES]


def _english(espeak: Espeak, rng: random.Random) -> Iterator[Speech]:
    texts = sentences.english(9000, rng.getrandbits(32))
    return (_by_some_variant(espeak, text, rng.choice(_ACCENTS), rng) for text in texts)


def _mandarin(espeak: Espeak, rng: random.Random) -> Iterator[Speech]:
    texts = sentences.mandarin(2500, rng.getrandbits(32))
    return (_by_some_variant(espeak, text, "cmn", rng) for text in texts)


def _by_some_variant(espeak: Espeak, text: str, accent: str, rng: random.Random) -> Speech:
    """Seven of ten with any variant, the others plain or with the service's own."""
    common = rng.choice(("", _SERVICE_VARIANT))
    variant = "+" + rng.choice(training_variants()) if rng.random() < 0.7 else common
    words_per_minute, pitch, span = rng.randint(120, 215), rng.randint(20, 85), rng.randint(25, 75)
    return espeak.say(text, accent + variant, words_per_minute, pitch, span)


def _flite(rng: random.Random) -> Iterator[Speech]:
    for text in sentences.english(9000, rng.getrandbits(32)):
        yield flite.say(text, rng.choice(_FLITE_VOICES), rng.uniform(0.8, 1.25))


def _high(rng: random.Random) -> Iterator[Speech]:
    """flite's men as women and children: played faster, but spoken as much slower."""
    for text in sentences.english(9000, rng.getrandbits(32)):
        factor, pace = rng.uniform(1.15, 1.5), rng.uniform(0.8, 1.2)
        yield played(flite.say(text, rng.choice(_FLITE_VOICES), factor * pace), factor)


def _festival(voices: tuple[str, ...], rng: random.Random) -> Iterator[Speech]:
    texts = sentences.english(9000, rng.getrandbits(32))
    for start in range(0, len(texts), _BATCH):
        voice, stretch = rng.choice(voices), rng.uniform(0.8, 1.25)
        yield from festival.say_all(texts[start : start + _BATCH], voice, stretch)


def save(path: Path, speeches: list[Speech]) -> None:
    """All samples as int16 end to end, where each clip ends, and every phone with its clip."""
    loud = [speech.pcm / max(1.0, float(np.abs(speech.pcm).max(initial=0))) for speech in speeches]
    phones = [(i, p.start_s, p.name) for i, s in enumerate(speeches) for p in s.phones]
    clips, starts, names = zip(*phones, strict=True)
    unfinished = path.with_suffix(".part.npz")
    np.savez(
        unfinished,
        pcm=(np.concatenate(loud) * 32767).astype(np.int16),
        ends=np.cumsum([len(speech.pcm) for speech in speeches]),
        phone_clip=np.array(clips),
        phone_start_s=np.array(starts),
        phone_name=np.array(names),
    )
    unfinished.rename(path)


def load(path: Path) -> list[Speech]:
    with np.load(path) as stored:
        pcm = np.split(stored["pcm"].astype(np.float32) / 32768, stored["ends"][:-1])
        phones: list[list[Phone]] = [[] for _ in pcm]
        marks = (stored["phone_clip"], stored["phone_start_s"], stored["phone_name"])
        for clip, start_s, name in zip(*marks, strict=True):
            phones[clip].append(Phone(float(start_s), str(name)))
    return [Speech(p, tuple(marks)) for p, marks in zip(pcm, phones, strict=True)]


def shard(source: Source, number: int) -> list[Speech]:
    """SHARD_S seconds of speech; the same for the same name and number."""
    rng = random.Random(f"{source.name}-{number}")
    speeches: list[Speech] = []
    spoken_s = 0.0
    for speech in source.speak(rng):
        speeches.append(speech)
        spoken_s += speech.duration_s
        if spoken_s >= SHARD_S:
            break
    return speeches


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hours", type=float, default=7.5)
    options = parser.parse_args()
    SHARDS.mkdir(parents=True, exist_ok=True)
    every = sources()
    wanted = {s.name: max(1, round(s.share * options.hours * 3600 / SHARD_S)) for s in every}
    for number in range(max(wanted.values())):
        for source in every:
            path = SHARDS / f"{source.name}-{number:02}.npz"
            if number < wanted[source.name] and not path.exists():
                started = time.monotonic()
                save(path, shard(source, number))
                print(f"{path.name} in {time.monotonic() - started:.0f} s", flush=True)


if __name__ == "__main__":
    main()
