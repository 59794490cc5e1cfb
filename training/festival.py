"""festival's diphone voices for training data: recorded human sounds, with their own marks.

The program `festival` (BSD-like licence) and its voices ked and kal must be installed; without them
the data is made without them. Phones are ARPAbet, as in `flite`. Starting the program is slow, so
a whole batch of sentences is spoken at once.
"""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from training.espeak import Phone, Speech
from training.flite import ESPEAK_NAMES, read_wave

VOICES = ("ked_diphone", "kal_diphone")
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


def say_all(texts: Sequence[str], voice: str, stretch: float = 1.0) -> Iterator[Speech]:
    """Speak every text with one voice and pace; a stretch of 1.1 is slower by a tenth."""
    with tempfile.TemporaryDirectory() as folder:
        bases = [Path(folder) / str(index) for index in range(len(texts))]
        lines = [_SCRIPT.format(voice=voice, stretch=stretch)]
        lines += [f'(speak "{text}" "{base}")' for text, base in zip(texts, bases, strict=True)]
        script = Path(folder) / "speak.scm"
        script.write_text("\n".join(lines), encoding="ascii")
        subprocess.run(["festival", "-b", str(script)], check=True, capture_output=True)
        for base in bases:
            yield Speech(read_wave(base.with_suffix(".wav")), _phones(base.with_suffix(".segs")))


def _phones(marks: Path) -> tuple[Phone, ...]:
    """After a `#` line, each line is `end_s colour phone`."""
    phones, start_s = [], 0.0
    for line in marks.read_text(encoding="ascii").splitlines():
        if len(fields := line.split()) == 3:
            phones.append(Phone(start_s, ESPEAK_NAMES.get(fields[2], "@")))
            start_s = float(fields[0])
    return tuple(phones)
