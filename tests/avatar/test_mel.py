"""The mel must be Wav2Lip's: golden numbers were computed once with librosa 0.11."""

import numpy as np
import pytest

from backend.avatar.lips import mel


def chirp() -> np.ndarray:
    n = np.arange(8000)
    t = n / 16_000
    pcm = 0.5 * np.sin(2 * np.pi * (120 + 900 * t) * t)
    pcm += 0.1 * np.sin(2 * np.pi * 3000 * t * (1 + t)) * (n > 3000)
    pcm += 0.02 * np.sin(n * n * 0.00037) + 0.01 * np.cos(n * 1.7) + 0.003 * np.sin(n * 0.31)
    return pcm.astype(np.float32)


def test_equals_librosa_on_a_chirp() -> None:
    spectrogram = mel.mel_spectrogram(chirp())
    golden = {(0, 0): 0.504792, (5, 3): -0.697453, (20, 11): -1.368591, (79, 40): -1.09214}
    assert spectrogram.shape == (80, 41)
    assert spectrogram.dtype == np.float32
    for place, value in golden.items():
        assert spectrogram[place] == pytest.approx(value, abs=2e-6)
    assert spectrogram.mean() == pytest.approx(-2.498574, abs=2e-6)
    assert spectrogram.std() == pytest.approx(1.829933, abs=2e-6)


def test_int16_and_float_agree() -> None:
    as_int16 = (chirp() * 32767).astype(np.int16)
    as_float = as_int16.astype(np.float32) / 32768
    np.testing.assert_array_equal(mel.mel_spectrogram(as_int16), mel.mel_spectrogram(as_float))


def test_digital_silence_and_an_empty_clip_are_the_floor() -> None:
    assert (mel.mel_spectrogram(np.zeros(1600, np.float32)) == -4).all()
    assert (mel.mel_spectrogram(np.zeros(0, np.int16)) == -4).all()


@pytest.mark.parametrize("lead", [0, 6])
def test_window_of_each_video_frame(lead: int) -> None:
    columns = np.arange(400, dtype=np.float32)
    windows = mel.mel_windows(np.tile(columns, (80, 1)), frames=100, lead_frames=lead)
    assert windows.shape == (100, 1, 80, 16)
    assert windows.flags["C_CONTIGUOUS"]
    for frame in (5, 26, 50, 99):
        start = round(frame * 80 / 25) - lead
        np.testing.assert_array_equal(windows[frame, 0, 0], columns[start : start + 16])


def test_windows_outside_the_clip_are_silence() -> None:
    windows = mel.mel_windows(np.ones((80, 10), np.float32), frames=4, lead_frames=6)
    np.testing.assert_array_equal(windows[0, 0, 0], [-4] * 6 + [1] * 10)
    np.testing.assert_array_equal(windows[3, 0, 0], [1] * 6 + [-4] * 10)
    assert mel.mel_windows(np.ones((80, 10), np.float32), 0, 6).shape == (0, 1, 80, 16)


@pytest.mark.parametrize(("samples", "frames"), [(0, 0), (1, 1), (640, 1), (641, 2), (16_000, 25)])
def test_frames_cover_the_sound(samples: int, frames: int) -> None:
    assert mel.video_frames(samples) == frames
