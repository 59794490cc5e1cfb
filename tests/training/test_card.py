"""The model card says what was measured, and says so when a bar is missed."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from training import card
from training.measure import Score

GOOD = Score(0.93, 0.97, 30, 0.01, 0.3, 60.0, 1.1)
NUMBERS = card.Numbers(
    voices={card.ESPEAK_VOICES: GOOD, card.PEOPLE: GOOD, "another": replace(GOOD, opening=0.5)},
    quiet={"digital silence": card.Quiet(0.0, 0.0), "music": card.Quiet(0.1, 0.05)},
    speed={"joined": card.Speed(4.0, 4.5)},
    machine="2 cores",
    date="2020-01-01",
    before={card.PEOPLE: replace(GOOD, opening=0.456)},
    with_marks={card.PEOPLE: replace(GOOD, opening=0.978)},
)


def missed(numbers: card.Numbers) -> list[str]:
    """The names of the bars that are not met."""
    rows = [row.split(" | ") for row in card.tables(numbers).split("\n\n")[0].splitlines()[2:]]
    assert {row[3] for row in rows} <= {"yes |", "no |"}
    return [row[0].removeprefix("| ") for row in rows if row[3] == "no |"]


def with_voice(kind: str, **changes: float) -> card.Numbers:
    return replace(NUMBERS, voices=NUMBERS.voices | {kind: replace(GOOD, **changes)})


@pytest.mark.parametrize(
    ("numbers", "names"),
    [
        (NUMBERS, []),
        (with_voice(card.ESPEAK_VOICES, opening=0.91), [f"opening, {card.ESPEAK_VOICES}"]),
        (with_voice(card.FAMILY, opening=0.79), [f"opening, {card.FAMILY}"]),
        (with_voice(card.PEOPLE, loudness=0.8), ["the same, above loudness alone"]),
        (with_voice(card.PEOPLE, closure_recall=0.89), [f"p b m closed, {card.PEOPLE}"]),
        (with_voice(card.FAMILY, false_closures=0.06), [f"falsely closed, {card.FAMILY}"]),
        (
            replace(NUMBERS, quiet={"digital silence": card.Quiet(0.1, 0.2)}),
            ["movement in silence", "lips parted where nobody speaks"],
        ),
        (
            replace(NUMBERS, with_marks={card.FAMILY: replace(GOOD, opening=0.94)}),
            ["opening with marks, worst voice"],
        ),
        (replace(NUMBERS, speed={"joined": card.Speed(8.1, 8.2)}), ["ms per frame, one thread"]),
    ],
)
def test_a_missed_bar_is_said(numbers: card.Numbers, names: list[str]) -> None:
    assert missed(numbers) == names


def test_card_is_written_for_people_and_programs(tmp_path: Path) -> None:
    exported = {"mel_lead_frames": 6, "controls": ["jaw"], "files": {"net.onnx": {"bytes": 5e6}}}
    (tmp_path / "net.json").write_text(json.dumps(exported))
    card.write(tmp_path, "net", NUMBERS)
    text = (tmp_path / "net.md").read_text(encoding="utf-8")
    assert "`net.onnx`: 5.00 MB" in text
    assert "| another | 0.500 |  |  |" in text
    assert f"| {card.PEOPLE} | 0.930 | 0.456 | 0.978 |" in text
    stored = json.loads((tmp_path / "net.json").read_text())
    assert stored["mel_lead_frames"] == 6
    assert stored["numbers"]["voices"]["another"]["opening"] == 0.5


def test_an_older_card_tells_what_was_before(tmp_path: Path) -> None:
    (tmp_path / "net.json").write_text(
        json.dumps({"mel_lead_frames": 6, "controls": [], "files": {}})
    )
    card.write(tmp_path, "net", NUMBERS)
    assert card.voices_of(tmp_path / "net.json") == NUMBERS.voices
