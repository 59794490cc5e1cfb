"""The shipped net where nobody speaks: whatever is heard, the mouth stays closed."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from backend.avatar.lips import mouth
from backend.avatar.lips.listener import ControlsListener, load_controls_listener
from backend.avatar.lips.mel import SAMPLE_RATE_HZ

NET = Path(__file__).parents[2] / "models" / "onnx" / "lightlips.json"
SAMPLES = 2 * SAMPLE_RATE_HZ
TIMES_S = np.arange(SAMPLES) / SAMPLE_RATE_HZ
OPENING = [mouth.CONTROLS.index(name) for name in ("jaw", "funnel", "lower_down", "upper_up")]


def white_noise(rng: np.random.Generator) -> np.ndarray:
    return rng.normal(0, 1, SAMPLES)


def brown_noise(rng: np.random.Generator) -> np.ndarray:
    spectrum = np.fft.rfft(rng.normal(0, 1, SAMPLES))
    return np.fft.irfft(spectrum / np.maximum(1, np.arange(len(spectrum))), SAMPLES)


def breath(rng: np.random.Generator) -> np.ndarray:
    """Hiss of the throat that swells and fades."""
    spectrum = np.fft.rfft(rng.normal(0, 1, SAMPLES))
    hz = np.fft.rfftfreq(SAMPLES, 1 / SAMPLE_RATE_HZ)
    spectrum *= (hz > 500) & (hz < 4500)
    return np.fft.irfft(spectrum, SAMPLES) * np.sin(np.pi * TIMES_S / TIMES_S[-1])


def music(rng: np.random.Generator) -> np.ndarray:
    """A plucked chord every half second."""
    since_s = TIMES_S % 0.5
    overtones = [(tone * k, 1 / k) for tone in (220.0, 277.2, 329.6) for k in range(1, 5)]
    chord = sum(gain * np.sin(2 * np.pi * hz * since_s) for hz, gain in overtones)
    return np.asarray(chord * np.exp(-3 * since_s))


def mains_hum(rng: np.random.Generator) -> np.ndarray:
    return sum(np.sin(2 * np.pi * 50 * k * TIMES_S) / k for k in (1, 2, 3))


@pytest.fixture(scope="module")
def net() -> ControlsListener:
    return load_controls_listener(NET)


@pytest.mark.parametrize("peak_db", [-50, -35, -20])
@pytest.mark.parametrize("sound", [white_noise, brown_noise, breath, music, mains_hum])
def test_the_mouth_stays_closed(
    net: ControlsListener, sound: Callable[[np.random.Generator], np.ndarray], peak_db: float
) -> None:
    pcm = sound(np.random.default_rng(3))
    pcm = (pcm * 10 ** (peak_db / 20) / np.abs(pcm).max()).astype(np.float32)
    assert net.hear(pcm)[:, OPENING].max() < 0.15
