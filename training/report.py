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
  (`backend/avatar/articulation.py`).
- **By loudness alone**: the same for a mouth that opens as the sound gets louder. What lies above
  it is what the net adds.
- **p b m closed**: closures of which at least one frame is drawn shut. **Falsely closed**: frames
  with parted lips that are drawn shut. One is worth little without the other.
- **Jitter**: how hard the opening is jerked from frame to frame, as a multiple of the truth's.
- **Nobody speaks**: silence, noise, breath and music, where the mouth must stay closed.

## Who is heard

- **espeak held-out voices**: five variants of a synthesiser whose other variants were trained on.
- **flite slt**: a woman's voice of a synthesiser of which three men were trained on.
- **Pico**: a whole synthesiser, two women's voices, that training never heard.
- **Human recordings**: read sentences. **Telephone prompts**: a woman's recorded prompts, 7 kHz
  wide. Both are aligned to their texts by pocketsphinx, as Pico is, because they come without
  marks. For flite, whose marks are known, aligned marks give an opening that correlates 0.97 with
  the true one: nothing aligned can score higher. No recording of a person was trained on.

## Where it falls short

Lips follow the synthesisers of the training closely. With a stranger, the net is sure of vowels and
less so of closures: a person's p is silent while the lips are shut, as t and k are, and Pico's m
passes for n. Training longer on the same voices makes strangers worse, not better; more kinds of
voices, men pitched up to women and several encoders heard together made them better.

## Numbers

{tables}

{machine}, {date}.
"""
