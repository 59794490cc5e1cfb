"""espeak-ng through its C interface: text in, sound and the moment of every sound out.

The library keeps one global state per process and is not thread-safe: there is one `Espeak`, and
one lock around it. Numbers below are from the library's public header, `speak_lib.h`.
Nothing here knows of sessions, sentences or event loops.
"""

from __future__ import annotations

import ctypes
import re
import threading
from dataclasses import dataclass
from functools import cache
from typing import Any

import espeakng_loader
import numpy as np
from numpy.typing import NDArray

_SYNCHRONOUS = 2
_PHONEME_EVENTS, _PHONEME_IPA, _DONT_EXIT = 0x0001, 0x0002, 0x8000
_CHARS_UTF8 = 1
_RATE, _PITCH, _RANGE = 1, 3, 4
_WORD, _PHONEME = 1, 7

_VOICE = re.compile(r"[A-Za-z0-9_-]{1,32}(\+[A-Za-z0-9_-]{1,16})?")
"""A voice and its variant, both names of files. Where the second is longer than 36 characters the
library (1.52) writes beyond its buffer, and the process ends; clients name voices and languages."""


class _EventId(ctypes.Union):
    _fields_ = (("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8))


class Event(ctypes.Structure):
    """`espeak_EVENT` of `speak_lib.h`; `audio_position` is in milliseconds."""

    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _EventId),
    )


SynthCallback = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(Event)
)


@dataclass(frozen=True, slots=True)
class Moment:
    """A word or a phoneme begins at `at_ms`; `value` is the word, or the phoneme in IPA.

    A phoneme of "" is a pause. `at_char` is where the word begins in the text.
    """

    kind: str
    at_ms: float
    value: str
    at_char: int = 0


@dataclass(frozen=True, slots=True)
class Manner:
    """How to speak. `pitch` and `pitch_range` are espeak's 0…99, 50 being the voice's own."""

    voice: str
    words_per_minute: int = 175
    pitch: int = 50
    pitch_range: int = 50


@dataclass(frozen=True, slots=True)
class Utterance:
    """Mono int16 samples, shape (n,), at `rate_hz`, and what happens when."""

    pcm: NDArray[np.int16]
    rate_hz: int
    moments: tuple[Moment, ...]


class Espeak:
    """The synthesiser; get the one of this process from `espeak()`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._library = ctypes.CDLL(espeakng_loader.get_library_path())
        self.version = self._read_version()
        options = _PHONEME_EVENTS | _PHONEME_IPA | _DONT_EXIT
        data = espeakng_loader.get_data_path().encode()
        self.rate_hz: int = self._library.espeak_Initialize(_SYNCHRONOUS, 0, data, options)
        if self.rate_hz <= 0:
            raise OSError("espeak-ng did not start: its data folder could not be read")
        self._sound: list[bytes] = []
        self._moments: list[Moment] = []
        self._text = ""
        self._selected: str | None = None
        # Kept, or the library would call freed memory.
        self._callback = SynthCallback(self._on_sound)
        self._library.espeak_SetSynthCallback(self._callback)

    def has_voice(self, name: str) -> bool:
        with self._lock:
            return self._select(name)

    def speak(self, text: str, manner: Manner) -> Utterance:
        """Synthesise in one go, 2-5 ms per second of speech. Releases the GIL.

        Raises:
            ValueError: no such voice.
        """
        with self._lock:
            if not self._select(manner.voice):
                raise ValueError(f"espeak-ng has no voice {manner.voice!r}")
            self._set(_RATE, manner.words_per_minute)
            self._set(_PITCH, manner.pitch)
            self._set(_RANGE, manner.pitch_range)
            self._sound, self._moments, self._text = [], [], text
            data = text.encode()
            self._library.espeak_Synth(
                data, ctypes.c_size_t(len(data) + 1), 0, 0, 0, _CHARS_UTF8, None, None
            )
            sound, moments = self._sound, self._moments
            self._sound, self._moments = [], []  # nobody may speak again for hours
            pcm = np.frombuffer(b"".join(sound), np.int16)
            return Utterance(pcm, self.rate_hz, tuple(moments))

    def _select(self, voice: str) -> bool:
        """Only when it is another one: the library reads it anew and lays a copy of it in a queue,
        and what lies there when the queue runs over is never freed."""
        if not _VOICE.fullmatch(voice):
            return False
        if voice != self._selected:
            is_there = self._library.espeak_SetVoiceByName(voice.encode()) == 0
            self._selected = voice if is_there else None
        return self._selected == voice

    def _set(self, parameter: int, value: int) -> None:
        self._library.espeak_SetParameter(parameter, value, 0)

    def _read_version(self) -> str:
        self._library.espeak_Info.restype = ctypes.c_char_p
        return str(self._library.espeak_Info(None).decode())

    def _on_sound(self, samples: Any, count: int, events: Any) -> int:
        if samples and count > 0:
            self._sound.append(ctypes.string_at(samples, count * 2))
        index = 0
        while events[index].type:
            self._note(events[index])
            index += 1
        return 0

    def _note(self, event: Any) -> None:
        at_ms, at_char = float(event.audio_position), event.text_position - 1
        if event.type == _WORD:
            word = self._text[at_char : at_char + event.length]
            self._moments.append(Moment("word", at_ms, word, at_char))
        elif event.type == _PHONEME:
            name = event.id.string.decode("utf-8", "ignore")
            if not name.startswith("("):  # "(en)": the voice changes language, no sound
                self._moments.append(Moment("phoneme", at_ms, name, at_char))


_starting = threading.Lock()


def espeak() -> Espeak:
    """The synthesiser of this process. The first call takes a few milliseconds.

    Raises:
        OSError: the library or its data cannot be read.
    """
    with _starting:  # two at once would start two over one global state
        return _espeak()


@cache
def _espeak() -> Espeak:
    return Espeak()
