"""MP3 that is still arriving."""

from __future__ import annotations

import numpy as np
import pytest
import soxr

from backend.handlers.messages import SAMPLE_RATE
from backend.handlers.tts.espeak_native import Manner, espeak
from backend.handlers.tts.mp3 import Mp3Decoder
from tests.fakes.edge import encode_mp3


@pytest.mark.parametrize("piece", [144, 720, 100_000])
def test_sound_comes_out_where_it_was_put_in(piece: int) -> None:
    said = espeak().speak("Hello, my name is Nora.", Manner("en-us"))
    mp3, decoder = encode_mp3(said), Mp3Decoder()
    parts = [decoder.push(mp3[at : at + piece]) for at in range(0, len(mp3), piece)]
    decoded = np.concatenate([*parts, decoder.flush()]).astype(float)
    true = soxr.resample(said.pcm.astype(float), said.rate_hz, SAMPLE_RATE)
    length = len(decoded) + len(true)
    spectra = np.fft.rfft(decoded, length) * np.conj(np.fft.rfft(true, length))
    assert int(np.fft.irfft(spectra, length).argmax()) in (0, 1, length - 1)
    assert len(decoded) >= len(true)
