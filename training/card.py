"""The model card: what the net is, what it learned from, what it may be used for, and its numbers.

Written beside the net twice: `<name>.md` for people, `<name>.json` for programs. The prose is here;
the numbers come from `evaluate`. Measuring does not belong here.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

from training.measure import Score

Bar = tuple[str, str, float, bool]

# The voices that the bars of a release are judged on; `voices` says who they are.
ESPEAK_VOICES = "espeak English, held-out voices"
FAMILY = "Pico, held-out synthesiser"
PEOPLE = "human recordings, aligned"
_ABOVE_LOUDNESS, _MS_BAR = 0.15, 8.0
_STILL, _PARTED_BAR = "digital silence", 0.1
_MARKED_BAR = 0.95


@dataclass(frozen=True, slots=True)
class Speed:
    """Milliseconds per frame on one thread: processor time and wall time."""

    cpu_ms: float
    wall_ms: float


@dataclass(frozen=True, slots=True)
class Quiet:
    """Where nobody speaks: the largest step of any control, and how far the lips ever part."""

    movement: float
    parted: float


@dataclass(frozen=True, slots=True)
class Numbers:
    """Everything measured. before: the same voices by the net that was shipped earlier; with_marks:
    as if every voice told its phonemes."""

    voices: dict[str, Score]
    quiet: dict[str, Quiet]
    speed: dict[str, Speed]
    machine: str
    date: str
    before: dict[str, Score] = field(default_factory=dict)
    with_marks: dict[str, Score] = field(default_factory=dict)


def tables(numbers: Numbers) -> str:
    """The numbers as Markdown tables."""
    return "\n\n".join([_bars(numbers), _voices(numbers), _quiet(numbers), _speed(numbers)])


def voices_of(path: Path) -> dict[str, Score]:
    """What was measured of every voice, from a card that `write` wrote."""
    card = json.loads(path.read_text(encoding="utf-8"))
    return {kind: Score(**score) for kind, score in card["numbers"]["voices"].items()}


def write(folder: Path, name: str, numbers: Numbers) -> None:
    """Write `<name>.md` and put the numbers into `<name>.json`, which the export has made."""
    path = folder / f"{name}.json"
    card = json.loads(path.read_text(encoding="utf-8"))
    card["numbers"] = asdict(numbers)
    path.write_text(json.dumps(_rounded(card), indent=2) + "\n", encoding="utf-8")
    sizes = {file: about["bytes"] / 1e6 for file, about in card["files"].items()}
    listed = "\n".join(f"- `{file}`: {size:.2f} MB" for file, size in sizes.items())
    prose = _PROSE.format(
        name=name, files=listed, tables=tables(numbers),
        controls=", ".join(card["controls"]), machine=numbers.machine, date=numbers.date,
    )  # fmt: skip
    (folder / f"{name}.md").write_text(prose, encoding="utf-8")


def _bars(numbers: Numbers) -> str:
    """The bars of a release, on voices and sentences never trained on."""
    rows = [*_voice_bars(numbers.voices), *_other_bars(numbers)]
    head = ("bar", "wanted", "measured", "met")
    return table(head, [(a, b, f"{c:.3f}", "yes" if met else "no") for a, b, c, met in rows])


def _voice_bars(voices: dict[str, Score]) -> Iterator[Bar]:
    for kind, wanted in ((ESPEAK_VOICES, 0.92), (FAMILY, 0.80), (PEOPLE, 0.70)):
        if kind in voices:
            yield at_least(f"opening, {kind}", wanted, voices[kind].opening)
    if PEOPLE in voices:
        above = voices[PEOPLE].opening - voices[PEOPLE].loudness
        yield at_least("the same, above loudness alone", _ABOVE_LOUDNESS, above)
    for kind in (ESPEAK_VOICES, FAMILY, PEOPLE):
        if kind in voices:
            yield at_least(f"p b m closed, {kind}", 0.90, voices[kind].closure_recall)
            yield at_most(f"falsely closed, {kind}", 0.05, voices[kind].false_closures)


def _other_bars(numbers: Numbers) -> Iterator[Bar]:
    if numbers.with_marks:
        worst = min(score.opening for score in numbers.with_marks.values())
        yield at_least("opening with marks, worst voice", _MARKED_BAR, worst)
    yield at_most("movement in silence", 0.0, numbers.quiet[_STILL].movement)
    parted = max(quiet.parted for quiet in numbers.quiet.values())
    yield at_most("lips parted where nobody speaks", _PARTED_BAR, parted)
    slowest_ms = max(speed.cpu_ms for speed in numbers.speed.values())
    yield at_most("ms per frame, one thread", _MS_BAR, slowest_ms)


def at_least(name: str, wanted: float, found: float) -> Bar:
    return name, f"≥ {wanted:g}", found, found >= wanted


def at_most(name: str, wanted: float, found: float) -> Bar:
    return name, f"≤ {wanted:g}", found, found <= wanted


def _voices(numbers: Numbers) -> str:
    rows = [
        (
            kind,
            f"{s.opening:.3f}",
            f"{numbers.before[kind].opening:.3f}" if kind in numbers.before else "",
            f"{numbers.with_marks[kind].opening:.3f}" if kind in numbers.with_marks else "",
            f"{s.loudness:.2f}",
            f"{s.closure_recall:.3f} of {s.closures}",
            f"{s.false_closures:.3f}",
            f"{s.jitter:.2f}",
            f"{s.seconds:.0f}",
        )
        for kind, s in numbers.voices.items()
    ]
    head = ("voice", "opening correlation", "the net before", "with marks", "by loudness alone",
            "p b m closed", "falsely closed", "jitter", "seconds")  # fmt: skip
    return table(head, rows)


def _quiet(numbers: Numbers) -> str:
    rows = [(kind, f"{q.movement:.4f}", f"{q.parted:.3f}") for kind, q in numbers.quiet.items()]
    return table(("nobody speaks", "largest control step between frames", "lips parted"), rows)


def _speed(numbers: Numbers) -> str:
    rows = [(kind, f"{s.cpu_ms:.1f}") for kind, s in numbers.speed.items()]
    return table(("one thread", "ms per frame, processor"), rows)


def table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _rounded(value: object) -> object:
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, float):
        return None if value != value else round(value, 4)
    return value


_PROSE = """# {name}

A compact lip-sync net for plain CPUs. From a mel spectrogram and a face it draws the face saying
that sound, in two halves:

{files}

- **hearing**: a stretch of `sound (1,1,122,n + 39)`, 80 mel bands above 42 phones, to eight mouth
  `controls (1,8,n)` in 0..1: {controls}. What the service hears with.
- **phones**: `features (N,39)` of a column of sound to how likely each phone is `(N,42)`, log.
- **decoder**: `face (N,6,96,96)` and `controls (N,8)` to `picture (N,3,96,96)`.

Smoothing, closures and silence act on the controls in between. All tensors are float32 with a free
batch axis, opset 17; large weights are stored in sixteen bits and widened at loading. Mel is
Wav2Lip's (16 kHz, pre-emphasis 0.97, 80 bands, −4…4). The window of a frame starts so many mel
columns (of 12.5 ms) before it as the card's `hearing` says.
Faces are BGR in 0..1, cut by the rule of `backend/avatar/packages/facebox.py`: channels 0–2 the
target frame with its lower half zeroed, channels 3–5 a reference frame.

## Data
- **Speech**: synthetic only, about seven and a half hours spoken by `training/speech_set.py` and
  heard twice, in other throats, rooms and codecs, by `training/audio.py`: espeak-ng (80 voice
  variants of English accents and Mandarin), flite (rms, awb, kal16, also pitched up to women and
  children) and festival (ked, kal, two Italian, four Czech, two Finnish voices and a Russian one,
  reading English letters), with the phoneme marks that these programs give. They were used as
  sources of data; none of their code or voices is in this net. Sentences come from templates of
  ours and from docstrings of the Python standard library, read where it is installed.
- **Mouths**: marks become control tracks by coarticulation rules of ours
  (`backend/avatar/lips/articulation.py`).
- **Pictures**: renders of an avatar of ours, a face of ICT-FaceKit (University of Southern
  California, MIT licence), made with Blender. No photograph was used, and no recording of a person
  but those from which the makers of flite's and festival's voices had built them.
- **Training**: the hearing half is the mean of four small encoders of `training/encoder.py`, two
  narrow and two wide, each trained for minutes on one processor core. The decoder took less than an
  hour of two; no GPU.

## Use
Meant for the avatars of this service and faces rendered alike. It has learned one character: other
faces come out blurred or changed. It must not be used to make real people appear to say what they
did not say.

## Limits
- Truth is a rule-made mouth for synthetic speech: good lip shapes, not anyone's real articulation.
- It hears the synthesisers of its training best. On people and on a synthesiser that it never heard
  the mouth keeps time, but opens less surely and misses closures; see the rows below.
- English and Mandarin; other languages move plausibly but were not measured.
- 96×96 pixels for the face box: teeth and tongue are soft.

## Numbers
Sentences held out of training, through the service's own path (its mel, windows, halves and mouth
timing). "Service voice" was trained on with other sentences; all other voices never were. "Opening"
is how far the lips are apart, against the rule-made truth. A closure counts when a frame of it is
drawn shut. "Falsely closed" is the share of frames with parted lips that were drawn shut. The bars
are judged on held-out English voices and on processor time.

{tables}

{machine}, {date}. Again: `python -m training.evaluate`.

## Licence
This net: Apache-2.0, but for `{name}.phones.onnx`, which is CMU Sphinx's: BSD-2-Clause. The head
model: ICT-FaceKit, MIT (see NOTICE).
"""
