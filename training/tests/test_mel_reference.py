"""The service's mel against librosa's, everywhere and not only at golden points."""

import librosa
import numpy as np

from backend.avatar.lips import mel


def test_equals_librosa_everywhere() -> None:
    pcm = np.random.default_rng(1).normal(0, 0.1, 5000).astype(np.float32)
    emphasised = np.append(pcm[0], pcm[1:] - 0.97 * pcm[:-1])
    magnitudes = np.abs(librosa.stft(emphasised, n_fft=800, hop_length=200, win_length=800))
    bank = librosa.filters.mel(sr=16_000, n_fft=800, n_mels=80, fmin=55, fmax=7600)
    level_db = 20 * np.log10(np.maximum(1e-5, bank @ magnitudes)) - 20
    expected = np.clip(8 * (level_db + 100) / 100 - 4, -4, 4)
    assert np.abs(mel.mel_spectrogram(pcm) - expected).max() < 1e-5
