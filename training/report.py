"""docs/lipsync.md: how well lips follow voices, from the numbers that `evaluate` measured.

The prose is here, the tables are the model card's, the pictures are `plots`.
"""

from pathlib import Path

from training import card

VOICES_PICTURE = "pictures/lipsync-voices.png"
TRACES_PICTURE = "pictures/lipsync-traces.png"


def write(path: Path, numbers: card.Numbers) -> None:
    prose = _PROSE.format(
        tables=card.tables(numbers), machine=numbers.machine, date=numbers.date,
        voices=VOICES_PICTURE, traces=TRACES_PICTURE,
    )  # fmt: skip
    path.write_text(prose, encoding="utf-8")


_PROSE = """# Lips and voices

How well the mouth follows voices that it never heard in training, measured through the service's
own path: its mel, its windows, its net, its mouth timing. Written by `python -m training.evaluate`.

![Opening correlation and closures by voice]({voices})

![Opening of the lips over one sentence each]({traces})

## What is measured

- **Opening correlation**: how far the lips are apart, drawn against true, over all frames. The
  truth is a mouth made by rules from the phonemes and their moments
  (`backend/avatar/lips/articulation.py`).
- **By loudness alone**: the same for a mouth that opens as the sound gets louder. What lies above
  it is what the net adds.
- **p b m closed**: closures of which at least one frame is drawn shut. **Falsely closed**: frames
  with parted lips that are drawn shut. One is worth little without the other.
- **Jitter**: how hard the opening is jerked from frame to frame, as a multiple of the truth's.
- **The net before**: the same by the net that was shipped earlier, which heard less of the past
  and no phones. Its espeak rows were higher, its strangers' rows lower.
- **With marks**: the same opening when the voice tells its phonemes and their moments, and they
  steer the mouth together with the sound (`backend/avatar/lips/articulation_marks.py`). The marks
  are those that the truth is made of, so this says how much of a voice's marks reaches the lips,
  not how good its marks are.
- **Nobody speaks**: silence, noise, breath and music, where the mouth must stay closed.

## Who is heard

- **espeak held-out voices**: five variants of a synthesiser whose other variants were trained on.
- **flite slt**: a woman's voice of a synthesiser of which three men were trained on.
- **Pico**: a whole synthesiser, two women's voices, that training never heard.
- **Human recordings**: read sentences. **Telephone prompts**: a woman's recorded prompts, 7 kHz
  wide. Both are aligned to their texts by pocketsphinx, as Pico is, because they come without
  marks. For flite, whose marks are known, aligned marks give an opening that correlates 0.97 with
  the true one: nothing aligned can score higher.

## How it hears

Two kinds of encoder are heard together, their mean being what is drawn. Narrow ones hear 16 columns
(200 ms) of mel, as Wav2Lip does. Wide ones hear 40 columns (500 ms, the past being free), and
beside the mel which phones people would take each moment for: the acoustic model of CMU Sphinx
(en-us, made from recordings of real people by others; `training/people.py`) tells 42 phones apart,
after the channel's mean so far is taken away. All encoders were trained on synthetic speech alone,
never on Pico, the recordings or the prompts.

Encoders and the timing of closures were chosen by flite's slt, near and far from the microphone,
and espeak's held-out voices, of which the rows below are a part, and in early runs by festival's
voices, left out of training. One thing to know when reading the aligned rows: pocketsphinx aligns
them with the same acoustic model that the wide encoders hear through, so where it misplaces a
phone, both may agree. The rows of flite and espeak carry marks of their own.

## Where it falls short

Lips follow the synthesisers of the training closely. With a stranger, the net is sure of vowels and
less so of closures: a person's p is silent while the lips are shut, as t and k are, and nasals pass
for each other, to the acoustic model too. The recordings are eleven seconds with eleven closures: a
single one is worth nine hundredths. Hearing phones as people would helps strangers most; espeak's
own buzz, which nobody speaks like, lost two hundredths and its bar by it. Where espeak speaks in
the service it tells its marks, and the row "with marks" counts.

Tried and left out: the phones alone, without mel (strangers nearly as good, espeak far worse); the
acoustic model's states in context (no surer, and forty times as many); bolder closures (lips stay
shut between two of them).

## Numbers

{tables}

{machine}, {date}.
"""
