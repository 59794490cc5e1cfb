"""Speech with marks for the encoder: sentences × voices × rooms, as mel columns and mouth tracks.

    python -m training.audio [--hours 4] [--out training/build/speech.npz]

One long strip of mel columns at 80 a second, clip after clip with silence between, and a row of
eight controls for each column. HELD_OUT_VOICES and the held-out sentences never enter it.
"""

import argparse
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import espeakng_loader
import numpy as np
import numpy.typing as npt

from backend.avatar.mel import MEL_BANDS, SAMPLE_RATE_HZ, SILENCE, Float32, mel_spectrogram
from training import festival, flite, sentences
from training.espeak import Espeak, Speech
from training.visemes import Track, mouth_track

WORK = Path(__file__).parent / "build"
STRIP = WORK / "speech.npz"
HELD_OUT_VOICES = ("f5", "klatt4", "linda", "m7", "Annie")
HELD_OUT_FLITE = "slt"
_FLITE_VOICES = ("rms", "awb", "kal16")
_UNNATURAL = ("robo", "Robot", "whisper", "Demonic", "Tweaky", "croak", "fast", "Storm", "Anxious")
_ACCENTS = (
    "en-us", "en-us", "en-us", "gmw/en", "gmw/en", "en-gb-scotland", "en-029", "en-gb-x-rp",
    "en-us-nyc", "en-gb-x-gbclan",
)  # fmt: skip
_SERVICE_VARIANT = "+f2"
_GAP_COLUMNS = 24
_BATCH = 20


@dataclass(frozen=True, slots=True)
class Clip:
    """mel: (80, n) float32; track: n rows."""

    mel: Float32
    track: Track


@dataclass(frozen=True, slots=True)
class Plan:
    """Seconds of each kind of speech."""

    english_s: float
    mandarin_s: float
    flite_s: float
    festival_s: float
    noise_s: float

    @classmethod
    def of_hours(cls, hours: float) -> "Plan":
        """Shares for the synthesisers that are installed; espeak's English takes the rest."""
        total_s = 3600 * hours
        mandarin_s, noise_s = 0.17 * total_s, 0.02 * total_s
        flite_s = 0.25 * total_s * flite.available()
        festival_s = 0.16 * total_s * festival.available()
        english_s = total_s - mandarin_s - noise_s - flite_s - festival_s
        return cls(english_s, mandarin_s, flite_s, festival_s, noise_s)


def clip_of(speech: Speech) -> Clip:
    """A clip with 0.1 s of silence after it."""
    pcm = np.concatenate([speech.pcm, np.zeros(SAMPLE_RATE_HZ // 10, np.float32)])
    track = mouth_track(speech.phones, len(pcm) / SAMPLE_RATE_HZ)
    mel = mel_spectrogram(pcm)
    columns = min(mel.shape[1], len(track.closed))
    return Clip(mel[:, :columns], Track(track.controls[:columns], track.closed[:columns]))


def normalised(speech: Speech, peak: float = 0.7) -> Speech:
    loudest = float(np.abs(speech.pcm).max(initial=0.0))
    return Speech(speech.pcm * (peak / max(loudest, 0.05)), speech.phones)


def training_variants() -> list[str]:
    """Every natural voice variant that espeak ships, but the held-out ones."""
    folder = Path(espeakng_loader.get_data_path()) / "voices" / "!v"
    names = sorted(path.name for path in folder.iterdir() if " " not in path.name)
    odd = {name for name in names if any(mark in name for mark in _UNNATURAL)}
    return [name for name in names if name not in odd and name not in HELD_OUT_VOICES]


def espeak_clips(
    espeak: Espeak, texts: list[str], accents: tuple[str, ...], seconds: float, rng: random.Random
) -> Iterator[Clip]:
    """Seven of ten clips with any variant, the others plain or with the service's own variant."""
    variants, done_s = training_variants(), 0.0
    for text in texts:
        common = rng.choice(("", _SERVICE_VARIANT))
        variant = "+" + rng.choice(variants) if rng.random() < 0.7 else common
        voice = rng.choice(accents) + variant
        speech = espeak.say(
            text, voice, rng.randint(120, 215), rng.randint(20, 85), rng.randint(25, 75)
        )
        yield clip_of(in_a_room(normalised(speech), rng))
        done_s += speech.duration_s
        if done_s >= seconds:
            return


def flite_speech(texts: list[str], rng: random.Random) -> Iterator[Speech]:
    for text in texts:
        yield flite.say(text, rng.choice(_FLITE_VOICES), rng.uniform(0.8, 1.25))


def festival_speech(texts: list[str], rng: random.Random) -> Iterator[Speech]:
    for start in range(0, len(texts), _BATCH):
        voice = rng.choice(festival.VOICES)
        yield from festival.say_all(texts[start : start + _BATCH], voice, rng.uniform(0.8, 1.25))


def recorded(speeches: Iterator[Speech], seconds: float, rng: random.Random) -> Iterator[Clip]:
    """So many seconds of speech, each sentence by a smaller or larger speaker in some room."""
    done_s = 0.0
    while done_s < seconds:
        speech = repitched(next(speeches), rng.uniform(0.85, 1.3))
        yield clip_of(in_a_room(normalised(speech), rng))
        done_s += speech.duration_s


def repitched(speech: Speech, factor: float) -> Speech:
    """Play faster: pitch and formants rise together, as from a smaller speaker."""
    length = int(len(speech.pcm) / factor)
    places = np.arange(length) * factor
    pcm = np.interp(places, np.arange(len(speech.pcm)), speech.pcm).astype(np.float32)
    phones = tuple(type(p)(p.start_s / factor, p.name) for p in speech.phones)
    return Speech(pcm, phones)


def in_a_room(speech: Speech, rng: random.Random) -> Speech:
    """Half the time with early, exponentially decaying echoes and a coloured microphone."""
    if rng.random() < 0.5:
        return speech
    noise = np.random.default_rng(rng.getrandbits(32))
    length = int(SAMPLE_RATE_HZ * rng.uniform(0.05, 0.25))
    response = noise.normal(0, 1, length) * np.exp(-6.9 * np.arange(length) / length)
    response *= rng.uniform(0.02, 0.12)
    response[0] = 1.0
    response[1] += rng.uniform(-0.4, 0.4)
    size = 1 << (len(speech.pcm) + length).bit_length()  # odd sizes make a slow FFT
    wet = np.fft.irfft(np.fft.rfft(speech.pcm, size) * np.fft.rfft(response, size), size)
    return normalised(Speech(wet[: len(speech.pcm)].astype(np.float32), speech.phones))


def noise_clips(seconds: float, rng: random.Random) -> Iterator[Clip]:
    """Rooms in which nobody speaks: white to brown noise with mains hum, mouth at rest."""
    length_s = 4.0
    for _ in range(int(seconds / length_s)):
        generator = np.random.default_rng(rng.getrandbits(32))
        samples = int(length_s * SAMPLE_RATE_HZ)
        spectrum = np.fft.rfft(generator.normal(0, 1, samples))
        spectrum /= np.maximum(1, np.arange(len(spectrum))) ** rng.uniform(0, 1)
        coloured = np.fft.irfft(spectrum, samples)
        hum = np.sin(2 * np.pi * rng.choice((50, 60, 120)) * np.arange(samples) / SAMPLE_RATE_HZ)
        mixed = coloured / coloured.std() + rng.uniform(0, 1) * hum
        pcm = (mixed * 10 ** (rng.uniform(-75, -38) / 20)).astype(np.float32)
        mel = mel_spectrogram(pcm)
        rest = np.zeros((mel.shape[1], 8), np.float32)
        yield Clip(mel, Track(rest, np.zeros(mel.shape[1], bool)))


def training_clips(plan: Plan, seed: int = 1) -> Iterator[Clip]:
    rng = random.Random(seed)
    espeak = Espeak()
    english = sentences.english(9000, seed)
    chinese = sentences.mandarin(2500, seed)
    yield from espeak_clips(espeak, english, _ACCENTS, plan.english_s, rng)
    yield from espeak_clips(espeak, chinese, ("cmn",), plan.mandarin_s, rng)
    yield from recorded(flite_speech(english[::-1], rng), plan.flite_s, rng)
    yield from recorded(festival_speech(english[3000:], rng), plan.festival_s, rng)
    yield from noise_clips(plan.noise_s, rng)


def strip_of(clips: Iterator[Clip]) -> dict[str, npt.NDArray[np.generic]]:
    """One strip: mel (80, n) float16, controls (n, 8) float16, with silence between clips."""
    gap_mel = np.full((MEL_BANDS, _GAP_COLUMNS), SILENCE, np.float16)
    gap_rest = np.zeros((_GAP_COLUMNS, 8), np.float16)
    mels, controls = [gap_mel], [gap_rest]
    for clip in clips:
        mels += [clip.mel.astype(np.float16), gap_mel]
        controls += [clip.track.controls.astype(np.float16), gap_rest]
    return {"mel": np.concatenate(mels, axis=1), "controls": np.concatenate(controls)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hours", type=float, default=4.0)
    parser.add_argument("--out", type=Path, default=STRIP)
    options = parser.parse_args()
    started = time.monotonic()
    strip = strip_of(training_clips(Plan.of_hours(options.hours)))
    options.out.parent.mkdir(parents=True, exist_ok=True)
    np.savez(options.out, **strip)
    hours = strip["mel"].shape[1] / 80 / 3600
    print(f"{options.out}: {hours:.2f} h of speech in {time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    main()
