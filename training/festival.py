"""festival's voices for training data: recorded human sounds, with their own marks.

The program `festival` (BSD-like licence) must be installed, and any of its voices; those that are
missing are left out. Voices of other languages read English letters by their own rules: nonsense,
but clearly marked lips. Starting the program is slow, so a whole batch of sentences is spoken at
once.
"""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from training.espeak import Phone, Speech
from training.flite import ESPEAK_NAMES, read_wave

_VOICE_FOLDER = Path("/usr/share/festival/voices")
# fmt: off
# Outside English an r is trilled, not rounded: to the lips it is an l.
_LATIN = {
    "#": "_", "##": "_", "a": "a:", "a:": "a:", "e": "E", "e:": "E", "i": "i", "i:": "i:",
    "o": "O", "o:": "O:", "u": "u", "u:": "u:", "r": "l", "r:": "l", "J": "n", "L": "l",
}
_ITALIAN = _LATIN | {"ng": "N", "nf": "v"}
_CZECH = _LATIN | {
    "_": "?", "c": "ts", "ch": "x", "y": "i", "n*": "N", "s~": "S", "z~": "Z", "c~": "tS",
    "r~": "Z", "r*": "Z",
}
_FINNISH = _LATIN | {"T": "t", "@": "a"}
_RUSSIAN = {
    "pau": "_", "a": "V", "aa": "A:", "ae": "e", "ay": "@", "e": "e", "ee": "E", "i": "I",
    "ii": "i:", "oo": "O:", "u": "U", "ur": "U", "uu": "u:", "y": "i.", "yy": "i.", "c": "ts",
    "ch": "tS", "sh": "S", "sch": "S", "zh": "Z", "hh": "h", "r": "l", "rr": "l",
}
# fmt: on
_ALPHABETS: Mapping[str, Mapping[str, str]] = {
    "ked_diphone": ESPEAK_NAMES,
    "kal_diphone": ESPEAK_NAMES,
    "lp_diphone": _ITALIAN,
    "pc_diphone": _ITALIAN,
    "czech_ph": _CZECH,
    "czech_krb": _CZECH,
    "czech_machac": _CZECH,
    "czech_dita": _CZECH,
    "suo_fi_lj_diphone": _FINNISH,
    "hy_fi_mv_diphone": _FINNISH,
    "msu_ru_nsh_clunits": _RUSSIAN,
}
ENGLISH = ("ked_diphone", "kal_diphone")
_SCRIPT = """
(voice_{voice})
(Parameter.set 'Duration_Stretch {stretch})
(define (speak text base)
  (let ((utt (eval (list 'Utterance 'Text text))))
    (utt.synth utt)
    (utt.save.wave utt (string-append base ".wav"))
    (utt.save.segs utt (string-append base ".segs"))))
"""


def available() -> bool:
    return shutil.which("festival") is not None


def voices() -> tuple[str, ...]:
    """The voices that are installed, of those whose phones have names here."""
    found = {path.name for path in _VOICE_FOLDER.glob("*/*")}
    return tuple(voice for voice in _ALPHABETS if voice in found)


def say_all(texts: Sequence[str], voice: str, stretch: float = 1.0) -> Iterator[Speech]:
    """Speak every text with one voice and pace; a stretch of 1.1 is slower by a tenth."""
    alphabet = _ALPHABETS[voice]
    with tempfile.TemporaryDirectory() as folder:
        bases = [Path(folder) / str(index) for index in range(len(texts))]
        lines = [_SCRIPT.format(voice=voice, stretch=stretch)]
        lines += [f'(speak "{text}" "{base}")' for text, base in zip(texts, bases, strict=True)]
        script = Path(folder) / "speak.scm"
        script.write_text("\n".join(lines), encoding="ascii")
        subprocess.run(["festival", "-b", str(script)], check=True, capture_output=True)
        for base in bases:
            marks = _phones(base.with_suffix(".segs"), alphabet)
            yield Speech(read_wave(base.with_suffix(".wav")), marks)


def _phones(marks: Path, alphabet: Mapping[str, str]) -> tuple[Phone, ...]:
    """After a `#` line, each line is `end_s colour phone`; digits after a phone are its stress."""
    phones, start_s = [], 0.0
    for line in marks.read_text(encoding="ascii").splitlines():
        if len(fields := line.split()) == 3:
            name = fields[2].rstrip("0123456789")
            phones.append(Phone(start_s, alphabet.get(name, name)))
            start_s = float(fields[0])
    return tuple(phones)
