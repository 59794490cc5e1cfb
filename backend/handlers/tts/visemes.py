"""Phonemes to visemes, for clients that draw their own face.

The viseme names are the fifteen of the Oculus/VRM convention (sil PP FF TH DD kk CH SS nn RR aa E
I O U), which most avatar rigs understand. The phonemes are IPA as espeak-ng writes them.
"""

from __future__ import annotations

from collections.abc import Sequence

from backend.handlers.messages import Mark

VisemeMark = tuple[float, float, str, float]

_VISEMES = {
    "PP": "p b m",
    "FF": "f v",
    "TH": "θ ð",
    "DD": "t d ɾ",
    "kk": "k g ɡ h x χ ŋ ɣ ɕʰ",
    "CH": "tʃ dʒ ʃ ʒ tɕ ɕ ʂ tʂ ts. s.",
    "SS": "s z ts",
    "nn": "n l ɫ ɲ",
    "RR": "r ɹ ɚ ɝ ɜ ɻ",
    "aa": "a ɑ ɐ æ ʌ",
    "E": "e ɛ ə",
    "I": "i ɪ ᵻ j y ɨ",
    "O": "o ɔ ɒ ɤ",
    "U": "u ʊ w ɯ",
}
_BY_PHONEME = {phoneme: name for name, row in _VISEMES.items() for phoneme in row.split()}
_WEIGHT = {"sil": 0.0, "PP": 1.0, "FF": 1.0, "aa": 1.0, "O": 0.9, "U": 0.9}
_DEFAULT_WEIGHT = 0.7


def viseme_of(phoneme: str) -> str:
    """The viseme of one IPA phoneme; its first known sounds decide, `sil` when none is known."""
    bare = phoneme.strip("ˈˌ_:| ")
    for length in (3, 2, 1):
        if bare[:length] in _BY_PHONEME:
            return _BY_PHONEME[bare[:length]]
    return "sil"


def viseme_marks(marks: Sequence[Mark]) -> tuple[VisemeMark, ...]:
    """`(start_ms, end_ms, viseme, weight)` of every phoneme mark, in order."""
    named = ((mark, viseme_of(mark.value)) for mark in marks if mark.kind == "phoneme")
    return tuple(
        (mark.start_ms, mark.end_ms, name, _WEIGHT.get(name, _DEFAULT_WEIGHT))
        for mark, name in named
    )
