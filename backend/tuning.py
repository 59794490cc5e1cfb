"""What `avatar-chat models optimize` does: a net is made faster, and eight bits of it are tried on
the faces that are installed and a voice that is built in."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soxr

from backend.avatar.lips.listener import mel_lead_frames
from backend.avatar.lips.mel import (
    SAMPLE_RATE_HZ,
    Float32,
    mel_spectrogram,
    mel_windows,
    video_frames,
)
from backend.avatar.mouths.template import load_template
from backend.avatar.packages.shelf import find_avatar
from backend.config import AvatarSettings
from backend.handlers.tts.espeak_native import Manner, espeak
from backend.nets.optimise import Optimised, Sample, optimise

_TEXT = "Maybe five of them would choose warm milk. She sees the sharp edge; how far is the boat?"
_FRAMES = 32


def tune(path: Path, settings: AvatarSettings, *, int8: bool) -> Optimised:
    """Raises ModelFileError: see `optimise`. UnknownAvatar: eight bits, and no face to try them."""
    return optimise(path, _sample(path, settings) if int8 else None)


def _sample(path: Path, settings: AvatarSettings) -> Sample:
    """Frames spread over a sentence and over the loop of the avatar that the settings name."""
    lead_frames = mel_lead_frames(path.with_suffix(".json"))
    windows = mel_windows(mel_spectrogram(pcm := _speech()), video_frames(len(pcm)), lead_frames)
    chosen = np.linspace(0, len(windows) - 1, _FRAMES).astype(int)
    template = load_template(find_avatar(settings.dir, settings.default))
    numbers = np.linspace(0, len(template.frames) - 1, _FRAMES).astype(int)
    return Sample(windows[chosen], template.faces([int(number) for number in numbers]))


def _speech() -> Float32:
    utterance = espeak().speak(_TEXT, Manner("en-us"))
    samples = utterance.pcm.astype(np.float32) / 32768
    return np.asarray(soxr.resample(samples, utterance.rate_hz, SAMPLE_RATE_HZ), np.float32)
