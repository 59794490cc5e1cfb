"""The model card: what the net is, what it learned from, what it may be used for, and its numbers.

Written beside the net twice: `<name>.md` for people, `<name>.json` for programs. The prose is here;
the numbers come from `evaluate`. Measuring does not belong here.
"""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from training.measure import Score

_OPENING_BAR, _CLOSURE_BAR, _MS_BAR = 0.85, 0.85, 8.0
JUDGED_VOICE = "espeak English, held-out voices"


@dataclass(frozen=True, slots=True)
class Speed:
    """Milliseconds per frame on one thread: processor time and wall time."""

    cpu_ms: float
    wall_ms: float


@dataclass(frozen=True, slots=True)
class Likeness:
    """Pictures against true renders never trained on, over the lower half of the face."""

    l1: float
    ssim: float
    mouth_l1: float


@dataclass(frozen=True, slots=True)
class Numbers:
    """Everything measured. movement: largest step of any control, where nobody speaks."""

    voices: dict[str, Score]
    movement: dict[str, float]
    speed: dict[str, Speed]
    machine: str
    date: str
    pictures: dict[str, Likeness] = field(default_factory=dict)
    drawn_opening: dict[str, float] = field(default_factory=dict)


def tables(numbers: Numbers) -> str:
    """The numbers as Markdown tables."""
    parts = [_bars(numbers), _voices(numbers), _movement(numbers), _speed(numbers)]
    if numbers.pictures:
        parts.append(_pictures(numbers))
    if numbers.drawn_opening:
        parts.append(_drawn_opening(numbers))
    return "\n\n".join(parts)


def write(folder: Path, name: str, numbers: Numbers) -> None:
    """Write `<name>.md` and put the numbers into `<name>.json`, which the export has made."""
    path = folder / f"{name}.json"
    card = json.loads(path.read_text(encoding="utf-8"))
    card["numbers"] = asdict(numbers)
    path.write_text(json.dumps(_rounded(card), indent=2) + "\n", encoding="utf-8")
    sizes = {file: about["bytes"] / 1e6 for file, about in card["files"].items()}
    listed = "\n".join(f"- `{file}`: {size:.2f} MB" for file, size in sizes.items())
    prose = _PROSE.format(
        name=name, files=listed, tables=tables(numbers), lead=card["mel_lead_frames"],
        controls=", ".join(card["controls"]), machine=numbers.machine, date=numbers.date,
    )  # fmt: skip
    (folder / f"{name}.md").write_text(prose, encoding="utf-8")


def _bars(numbers: Numbers) -> str:
    """The bars of a release, on voices and sentences never trained on."""
    judged = numbers.voices[JUDGED_VOICE]
    movement = max(numbers.movement.values())
    closed, slowest_ms = judged.closure_recall, max(s.wall_ms for s in numbers.speed.values())
    opening = judged.opening
    rows = [
        ("opening correlation", f"≥ {_OPENING_BAR}", opening, opening >= _OPENING_BAR),
        ("p b m closed", f"≥ {_CLOSURE_BAR}", closed, closed >= _CLOSURE_BAR),
        ("movement in silence", "0", movement, movement == 0),
        ("ms per frame, one thread", f"≤ {_MS_BAR:g}", slowest_ms, slowest_ms <= _MS_BAR),
    ]
    head = ("bar", "wanted", "measured", "met")
    return _table(head, [(a, b, f"{c:.3f}", "yes" if met else "no") for a, b, c, met in rows])


def _voices(numbers: Numbers) -> str:
    rows = [
        (
            kind,
            f"{s.opening:.3f}",
            f"{s.loudness:.2f}",
            f"{s.closure_recall:.3f} of {s.closures}",
            f"{s.false_closures:.3f}",
            f"{s.seconds:.0f}",
        )
        for kind, s in numbers.voices.items()
    ]
    head = ("voice", "opening correlation", "by loudness alone", "p b m closed",
            "falsely closed", "seconds")  # fmt: skip
    return _table(head, rows)


def _movement(numbers: Numbers) -> str:
    rows = [(kind, f"{value:.4f}") for kind, value in numbers.movement.items()]
    return _table(("nobody speaks", "largest control step between frames"), rows)


def _speed(numbers: Numbers) -> str:
    rows = [(kind, f"{s.cpu_ms:.1f}", f"{s.wall_ms:.1f}") for kind, s in numbers.speed.items()]
    return _table(("one thread", "ms per frame, processor", "wall"), rows)


def _pictures(numbers: Numbers) -> str:
    rows = [
        (kind, f"{p.l1:.4f}", f"{p.mouth_l1:.4f}", f"{p.ssim:.3f}")
        for kind, p in numbers.pictures.items()
    ]
    return _table(("lower half of the face", "L1", "L1 at the mouth", "SSIM"), rows)


def _drawn_opening(numbers: Numbers) -> str:
    rows = [(kind, f"{value:.3f}") for kind, value in numbers.drawn_opening.items()]
    return _table(("opening read off pictures", "correlation with the truth"), rows)


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
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
that sound. Two halves, shipped apart and joined:

{files}

- **encoder**: `mel (N,1,80,16)` to eight mouth `controls (N,8)` in 0..1: {controls}.
- **decoder**: `face (N,6,96,96)` and `controls (N,8)` to `picture (N,3,96,96)`.
- **joined**: `mel` and `face` to `picture`, the Wav2Lip contract. The service runs the halves, so
  that smoothing, closures and silence act on the controls in between.

All tensors are float32 with a free batch axis, opset 17. Mel is Wav2Lip's (16 kHz, pre-emphasis
0.97, 80 bands, −4…4). A frame's window starts {lead} mel columns (of 12.5 ms) before the frame.
Faces are BGR in 0..1, cut by the face-box rule of `backend/avatar/facebox.py`: channels 0–2 the
target frame with its lower half zeroed, channels 3–5 a reference frame.

## Data
- **Speech**: synthetic only, about four and a half hours made on the spot by `training/audio.py`:
  espeak-ng (80 voice variants of English accents and Mandarin), flite (rms, awb, kal16) and
  festival (ked, kal), with the phoneme marks that these programs give. They were used as sources of
  data; none of their code or voices is in this net. Sentences come from templates of ours and from
  docstrings of the Python standard library, read where it is installed.
- **Mouths**: marks become control tracks by coarticulation rules of ours (`training/visemes.py`).
- **Pictures**: renders of our own avatar, a face of ICT-FaceKit (University of Southern California,
  MIT licence), made with Blender. No photograph was used, and no recording of a person but those
  from which the makers of flite's and festival's voices had built them.
- **Training**: twelve minutes of one processor core for the encoder, less than an hour of two for
  the decoder; no GPU.

## Use
Meant for the avatars of this service and faces rendered alike. It has learned one character: other
faces come out blurred or changed. It must not be used to make real people appear to say what they
did not say.

## Limits
- Truth is a rule-made mouth for synthetic speech: good lip shapes, not anyone's real articulation.
- It hears espeak-ng best and a new speaker of another synthesiser well. With human or very natural
  voices the mouth keeps time, but opens less surely and misses closures; see the last rows.
- English and Mandarin; other languages move plausibly but were not measured.
- 96×96 pixels for the face box: teeth and tongue are soft.

## Numbers
Sentences held out of training, through the service's own path (its mel, windows, halves and mouth
timing). "Service voice" was trained on with other sentences; all other voices never were. "Opening"
is how far the lips are apart, against the rule-made truth. A closure counts when a frame of it is
drawn shut. "Falsely closed" is the share of frames with parted lips that were drawn shut. The bars
are judged on held-out English voices and on wall time.

{tables}

{machine}, {date}. Again: `python -m training.evaluate`.

## Licence
This net: Apache-2.0. The head model: ICT-FaceKit, MIT (see NOTICE).
"""
