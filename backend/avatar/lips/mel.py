"""Sound to log-mel pictures, exactly as Wav2Lip hears it, in numpy alone.

The feature is fixed by the published network (Prajwal et al., "A Lip Sync Expert Is All You Need",
2020): 16 kHz, pre-emphasis 0.97, 800-point Hann STFT every 200 samples, 80 Slaney mel bands from 55
to 7600 Hz, 20·log10 − 20 dB, and −100…0 dB mapped to −4…4 with clipping. librosa computes the same
numbers but pays seconds of compilation in every fresh process, so it serves only as the reference.

Nets, controls and pictures do not belong here.
"""

from functools import cache

import numpy as np
import numpy.typing as npt

SAMPLE_RATE_HZ = 16_000
HOP_SAMPLES = 200
MEL_BANDS = 80
MEL_FRAMES_PER_S = SAMPLE_RATE_HZ // HOP_SAMPLES
WINDOW_FRAMES = 16
VIDEO_FPS = 25
SILENCE = np.float32(-4.0)

_FFT_SAMPLES = 800
_PRE_EMPHASIS = 0.97
_FLOOR = 1e-5
_REFERENCE_DB = 20.0
_RANGE_DB = 100.0

Float32 = npt.NDArray[np.float32]
Pcm = npt.NDArray[np.float32] | npt.NDArray[np.int16]


def mel_spectrogram(pcm: Pcm) -> Float32:
    """Log-mel spectrogram of a whole clip.

    pcm: (samples,) mono at 16 kHz, float32 in −1…1 or int16. Returns (80, 1 + samples // 200)
    float32 in −4…4; column k is centred on sample 200·k, with zeros assumed beyond both ends.
    """
    spectrum = _filterbank() @ _magnitudes(_pre_emphasised(as_float(pcm)))
    level_db = 20.0 * np.log10(np.maximum(_FLOOR, spectrum)) - _REFERENCE_DB
    scaled = 8.0 * (level_db + _RANGE_DB) / _RANGE_DB - 4.0
    return np.clip(scaled, -4.0, 4.0).astype(np.float32)


def mel_windows(mel: Float32, frames: int, lead_frames: int) -> Float32:
    """Cut the 16-column window that each video frame hears.

    mel: (80, columns). The window of video frame i starts at column round(i·80/25) − lead_frames;
    what lies outside the clip is silence. lead_frames is the net's own: 0 for Wav2Lip.
    Returns (frames, 1, 80, 16) float32.
    """
    starts = np.rint(np.arange(frames) * (MEL_FRAMES_PER_S / VIDEO_FPS)).astype(np.intp)
    return windows_at(mel, starts - lead_frames)


def windows_at(
    columns: Float32,
    starts: npt.NDArray[np.intp],
    width: int = WINDOW_FRAMES,
    silence: Float32 | np.float32 = SILENCE,
) -> Float32:
    """Cut windows at any columns: (rows, columns) to (n, 1, rows, width).

    silence: what is heard outside the clip, one value or one for each row.
    """
    rows, known = columns.shape
    if len(starts) == 0:
        return np.empty((0, 1, rows, width), np.float32)
    before = max(0, -int(starts.min()))
    after = max(0, int(starts.max()) + width - known)
    padded = np.empty((rows, before + known + after), np.float32)
    padded[:] = np.reshape(silence, (-1, 1))
    padded[:, before : before + known] = columns
    chosen = (starts + before)[:, None] + np.arange(width)
    return np.ascontiguousarray(padded[:, chosen].transpose(1, 0, 2)[:, None])


def video_frames(samples: int) -> int:
    """Video frames that cover a clip of so many samples: the last frame may outlast the sound."""
    return -(-samples * VIDEO_FPS // SAMPLE_RATE_HZ)


def as_float(pcm: Pcm) -> npt.NDArray[np.float64]:
    """A copy in −1…1."""
    samples = pcm.astype(np.float64)
    return samples / 32768.0 if pcm.dtype == np.int16 else samples


def framed(samples: npt.NDArray[np.float64], length: int) -> npt.NDArray[np.float64]:
    """(n,), contiguous, as a view of it (1 + (n - length) // HOP_SAMPLES, length).

    NumPy's `sliding_window_view` would leave a dead entry in Python's table of names each time: a
    service that talks for days keeps a table of megabytes, copied whenever it is full.
    """
    step = samples.itemsize
    count = 1 + (samples.size - length) // HOP_SAMPLES
    shape, strides = (count, length), (HOP_SAMPLES * step, step)
    return np.ndarray(shape, samples.dtype, samples, strides=strides)


def _pre_emphasised(samples: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    emphasised = samples.copy()
    emphasised[1:] -= _PRE_EMPHASIS * samples[:-1]
    return emphasised


def _magnitudes(samples: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """(401, frames) magnitudes of the centred, Hann-windowed STFT."""
    padded = np.pad(samples, _FFT_SAMPLES // 2)
    return np.abs(np.fft.rfft(framed(padded, _FFT_SAMPLES) * _hann(), axis=1)).T


@cache
def _hann() -> npt.NDArray[np.float64]:
    """Periodic Hann window, as STFTs use it."""
    return np.hanning(_FFT_SAMPLES + 1)[:-1]


@cache
def _filterbank() -> npt.NDArray[np.float64]:
    """(80, 401) triangular filters of equal area on Slaney's Auditory Toolbox mel scale."""
    edges_hz = _mel_to_hz(np.linspace(_hz_to_mel(55.0), _hz_to_mel(7600.0), MEL_BANDS + 2))
    bins_hz = np.linspace(0.0, SAMPLE_RATE_HZ / 2, _FFT_SAMPLES // 2 + 1)
    low, centre, high = edges_hz[:-2, None], edges_hz[1:-1, None], edges_hz[2:, None]
    rising = (bins_hz - low) / (centre - low)
    falling = (high - bins_hz) / (high - centre)
    triangles = np.maximum(0.0, np.minimum(rising, falling))
    return np.asarray(triangles * (2.0 / (high - low)))


# Slaney's scale is linear up to 1 kHz (15 mel), then 27 logarithmic steps up to 6.4 kHz.
_LINEAR_HZ_PER_MEL = 200.0 / 3.0
_LOG_START_HZ, _LOG_START_MEL, _LOG_STEP = 1000.0, 15.0, np.log(6.4) / 27.0


def _hz_to_mel(hz: float) -> float:
    if hz < _LOG_START_HZ:
        return hz / _LINEAR_HZ_PER_MEL
    return float(_LOG_START_MEL + np.log(hz / _LOG_START_HZ) / _LOG_STEP)


def _mel_to_hz(mel: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    above = _LOG_START_HZ * np.exp(_LOG_STEP * (np.maximum(mel, _LOG_START_MEL) - _LOG_START_MEL))
    return np.where(mel < _LOG_START_MEL, mel * _LINEAR_HZ_PER_MEL, above)
