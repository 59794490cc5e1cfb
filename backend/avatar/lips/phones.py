"""Which phone of English people would take each moment of a sound for.

A net that has only heard synthesisers takes strangers wrongly; this one has heard people. It is the
acoustic model of CMU Sphinx (en-us, BSD-2-Clause): cepstra of the sound and how they move, against
mixtures of Gaussians for every phone. The feature is fixed by that model: 13 lifted MFCCs of 25 mel
bands between 130 and 6800 Hz, less their mean so far, with first and second differences; here at
the 80 columns a second of `mel` instead of 100, and differences scaled to that. No context is
searched and no word is recognised.

What a mouth does for a phone does not belong here.
"""

from functools import cache

import numpy as np
import numpy.typing as npt

from backend.avatar.lips.mel import SAMPLE_RATE_HZ, Float32, Pcm, as_float, framed
from backend.avatar.network import Contract, Network

PHONE_COUNT = 42
CEPSTRA = 13
FEATURES = 3 * CEPSTRA
REACH_COLUMNS = 3
"""How far before and after its column a phone is judged by."""
CONTRACT = Contract(
    ((FEATURES,),), (PHONE_COUNT,), "A phone net takes features (N,39) and gives (N,42)."
)

Float = npt.NDArray[np.float64]

_WINDOW_SAMPLES, _FFT_SAMPLES = 410, 512
_PRE_EMPHASIS = 0.97
_BANDS, _LOWEST_HZ, _HIGHEST_HZ = 25, 130.0, 6800.0
_LIFTER = 22
_INT16 = 32768.0
# As loud as white noise at about −80 dBFS: a synthesiser's silence is not as people's rooms are.
_FLOOR = 100.0
# Sphinx's own first guess at the mean, and for how many columns it counts.
_MEAN_GUESS = np.array([40.0, 3.0, -1.0] + [0.0] * (CEPSTRA - 3))
_GUESS_COLUMNS = 40
# Columns come every 12.5 ms where the model was made for 10 ms.
_PACE = 0.8


def cepstra(pcm: Pcm) -> Float:
    """(1 + samples // 200, 13); row k is centred on sample 200·k, zeros assumed beyond."""
    samples = as_float(pcm) * _INT16
    samples[1:] -= _PRE_EMPHASIS * samples[:-1]
    frames = framed(np.pad(samples, _WINDOW_SAMPLES // 2), _WINDOW_SAMPLES)
    power = np.abs(np.fft.rfft(frames * np.hamming(_WINDOW_SAMPLES), _FFT_SAMPLES)) ** 2
    return np.asarray(np.log(power @ _filterbank().T + _FLOOR) @ _cosines().T)


class PhoneEar:
    """One sentence from its beginning: gives a row for every column, REACH_COLUMNS late."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._sum, self._count = _MEAN_GUESS * _GUESS_COLUMNS, float(_GUESS_COLUMNS)
        self._before = np.tile(_silence() - _MEAN_GUESS, (2 * REACH_COLUMNS, 1))

    def listen(self, heard: Float, voiced: npt.NDArray[np.bool_]) -> Float32:
        """The next columns' cepstra (n, 13), and whether anybody speaks there (n,), to how likely
        each phone was `REACH_COLUMNS` before each of them: (n, 42) float32, log, −8…0."""
        sums = self._sum + np.cumsum(heard * voiced[:, None], axis=0)
        counts = self._count + np.cumsum(voiced)
        rows = np.concatenate([self._before, heard - sums / counts[:, None]])
        self._sum, self._count, self._before = sums[-1], counts[-1], rows[-2 * REACH_COLUMNS :]
        return self._network(_features(rows))


def silent_phones(network: Network) -> Float32:
    """(42,) what a PhoneEar gives for silence before anybody spoke."""
    rows = np.tile(_silence() - _MEAN_GUESS, (2 * REACH_COLUMNS + 1, 1))
    return np.asarray(network(_features(rows))[0], np.float32)


def _features(rows: Float) -> Float32:
    """(n + 6, 13) to (n, 39): cepstra, how fast they change, and how fast that changes."""
    count = len(rows) - 2 * REACH_COLUMNS

    def at(offset: int) -> Float:
        return rows[REACH_COLUMNS + offset :][:count]

    speed = at(2) - at(-2)
    bend = (at(3) - at(-1)) - (at(1) - at(-3))
    return np.hstack([at(0), _PACE * speed, _PACE**2 * bend]).astype(np.float32)


@cache
def _silence() -> Float:
    return np.asarray(cepstra(np.zeros(1, np.float32))[0])


@cache
def _filterbank() -> Float:
    """(25, 257) triangles of equal area between bins, evenly spaced on the mel scale."""
    hz_per_bin = SAMPLE_RATE_HZ / _FFT_SAMPLES
    edges = np.linspace(_mel(_LOWEST_HZ), _mel(_HIGHEST_HZ), _BANDS + 2)
    edges_hz = np.round(700.0 * (np.exp(edges / 1127.0) - 1.0) / hz_per_bin) * hz_per_bin
    low, centre, high = edges_hz[:-2, None], edges_hz[1:-1, None], edges_hz[2:, None]
    bins_hz = np.arange(_FFT_SAMPLES // 2 + 1) * hz_per_bin
    rising, falling = (bins_hz - low) / (centre - low), (high - bins_hz) / (high - centre)
    return np.asarray(np.maximum(0.0, np.minimum(rising, falling)) * 2.0 / (high - low))


@cache
def _cosines() -> Float:
    """(13, 25) an orthonormal DCT-II, lifted."""
    orders = np.arange(CEPSTRA)[:, None]
    waves = np.cos(np.pi * orders * (np.arange(_BANDS) + 0.5) / _BANDS) * np.sqrt(2.0 / _BANDS)
    waves[0] *= np.sqrt(0.5)
    return np.asarray(waves * (1.0 + _LIFTER / 2 * np.sin(np.pi * orders / _LIFTER)))


def _mel(hz: float) -> float:
    return float(1127.0 * np.log1p(hz / 700.0))
