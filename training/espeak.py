"""espeak-ng for training data: text to sound with the moment of every phoneme.

Speech comes from the library inside the espeakng-loader wheel, through its C interface
(`speak_lib.h`), which is not thread-safe. The service has its own voice handler; nothing here runs
at serving time.
"""

import ctypes
import shutil
import tempfile
from dataclasses import dataclass

import espeakng_loader
import numpy as np
import soxr

from backend.avatar.lips.articulation import Phone
from backend.avatar.lips.mel import SAMPLE_RATE_HZ, Float32
from backend.handlers.tts.espeak_native import SynthCallback

_SYNCHRONOUS = 2
_PHONEME_EVENTS = 0x0001
_CHARS_UTF8 = 1
_LIST_TERMINATED, _PHONEME = 0, 7
_RATE, _PITCH, _RANGE = 1, 3, 4


@dataclass(frozen=True, slots=True)
class Speech:
    """pcm: (samples,) float32 mono at 16 kHz; phones in order."""

    pcm: Float32
    phones: tuple[Phone, ...]

    @property
    def duration_s(self) -> float:
        return len(self.pcm) / SAMPLE_RATE_HZ


class Espeak:
    """The synthesiser. Phoneme names are espeak's own mnemonics ("tS", "aI"), not IPA."""

    def __init__(self) -> None:
        self._library = _private_library()
        data = espeakng_loader.get_data_path().encode()
        self._rate_hz = self._library.espeak_Initialize(_SYNCHRONOUS, 0, data, _PHONEME_EVENTS)
        if self._rate_hz <= 0:
            raise RuntimeError("espeak-ng did not start: its data folder could not be read")
        self._pcm: list[bytes] = []
        self._phones: list[Phone] = []
        self._callback = SynthCallback(self._receive)  # the library keeps only a bare pointer
        self._library.espeak_SetSynthCallback(self._callback)

    def say(
        self, text: str, voice: str, words_per_minute: int = 165, pitch: int = 50, span: int = 50
    ) -> Speech:
        """Speak. pitch and span (of intonation) are 0..100. Raises ValueError on unknown voices."""
        if self._library.espeak_SetVoiceByName(voice.encode()) != 0:
            raise ValueError(f"espeak-ng has no voice {voice!r}")
        for parameter, value in ((_RATE, words_per_minute), (_PITCH, pitch), (_RANGE, span)):
            self._library.espeak_SetParameter(parameter, value, 0)
        self._pcm, self._phones = [], []
        encoded = text.encode()
        self._library.espeak_Synth(
            encoded, ctypes.c_size_t(len(encoded) + 1), 0, 0, 0, _CHARS_UTF8, None, None
        )
        self._library.espeak_Synchronize()
        samples = np.frombuffer(b"".join(self._pcm), np.int16).astype(np.float32) / 32768
        pcm = np.asarray(soxr.resample(samples, self._rate_hz, SAMPLE_RATE_HZ), np.float32)
        return Speech(pcm, tuple(self._phones))

    def _receive(self, wave: object, samples: int, events: object) -> int:
        if wave and samples > 0:
            self._pcm.append(ctypes.string_at(wave, samples * 2))
        index = 0
        while events[index].type != _LIST_TERMINATED:
            event = events[index]
            if event.type == _PHONEME:
                name = event.id.string.decode("utf-8", "ignore")
                self._phones.append(Phone(event.audio_position / 1000, name))
            index += 1
        return 0


def _private_library() -> ctypes.CDLL:
    """A copy has its own globals, so that it never meets another espeak in this process."""
    with tempfile.TemporaryDirectory() as folder:
        return ctypes.CDLL(shutil.copy(espeakng_loader.get_library_path(), folder))
