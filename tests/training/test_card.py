"""The model card says what was measured, and says so when a bar is missed."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from training import card
from training.measure import Score

GOOD = Score(0.92, 0.97, 30, 0.01, 0.3, 60.0)
NUMBERS = card.Numbers(
    voices={card.JUDGED_VOICE: GOOD, "another": replace(GOOD, opening=0.5)},
    movement={"digital silence": 0.0},
    speed={"joined": card.Speed(4.0, 4.5)},
    machine="2 cores",
    date="2020-01-01",
    pictures={"net": card.Likeness(0.01, 0.98, 0.02)},
    drawn_opening={"joined": 0.9},
)


def met(numbers: card.Numbers) -> list[str]:
    rows = card.tables(numbers).split("\n\n")[0].splitlines()[2:]
    return [row.split("|")[4].strip() for row in rows]


@pytest.mark.parametrize(
    ("numbers", "verdicts"),
    [
        (NUMBERS, "yes yes yes yes"),
        (
            replace(NUMBERS, voices={card.JUDGED_VOICE: replace(GOOD, opening=0.84)}),
            "no yes yes yes",
        ),
        (replace(NUMBERS, movement={"digital silence": 0.1}), "yes yes no yes"),
        (replace(NUMBERS, speed={"joined": card.Speed(4.0, 8.1)}), "yes yes yes no"),
    ],
)
def test_bars_are_judged_on_held_out_voices(numbers: card.Numbers, verdicts: str) -> None:
    assert met(numbers) == verdicts.split()


def test_card_is_written_for_people_and_programs(tmp_path: Path) -> None:
    exported = {"mel_lead_frames": 6, "controls": ["jaw"], "files": {"net.onnx": {"bytes": 5e6}}}
    (tmp_path / "net.json").write_text(json.dumps(exported))
    card.write(tmp_path, "net", NUMBERS)
    text = (tmp_path / "net.md").read_text(encoding="utf-8")
    assert "`net.onnx`: 5.00 MB" in text
    assert "| another | 0.500 |" in text
    stored = json.loads((tmp_path / "net.json").read_text())
    assert stored["mel_lead_frames"] == 6
    assert stored["numbers"]["voices"]["another"]["opening"] == 0.5
