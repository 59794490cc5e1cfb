"""A file is read whole or refused with the line that is wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from backend.errors import BadTimeline
from backend.replay.reading import read_recording

HEADER = {"version": 1, "session_id": "s", "started_at": "2026-01-01T00:00:00+00:00"}
WORDS = {"t": 0.5, "event": "client.text", "facts": {"text": "Hello"}}
SOUND = {"t": 0.6, "event": "microphone", "facts": {"ms": 20, "pcm": "AAA="}}


def written(folder: Path, *lines: Any, cut: int = 0) -> Path:
    path = folder / "one.jsonl"
    text = "".join(json.dumps(line) + "\n" for line in lines)
    path.write_text(text[: len(text) - cut])
    return path


def test_reads_what_a_timeline_holds(tmp_path: Path) -> None:
    lost = {"t": 2, "event": "line_lost", "generation": 3}
    recording = read_recording(written(tmp_path, HEADER, WORDS, SOUND, lost))
    assert recording.header.session_id == "s"
    assert [event.event for event in recording.events] == ["client.text", "microphone", "line_lost"]
    assert recording.events[0].facts == {"text": "Hello"}
    assert recording.events[2].generation == 3
    assert recording.why_not_driven() is None


@pytest.mark.parametrize(
    "event",
    [
        {"t": 0.5, "event": "client.text", "facts": {"text_chars": 5}},
        {"t": 0.5, "event": "microphone", "facts": {"ms": 1000}},
    ],
)
def test_says_why_it_cannot_be_driven(tmp_path: Path, event: dict[str, Any]) -> None:
    recording = read_recording(written(tmp_path, HEADER, WORDS, event))
    assert "no words and no sound" in str(recording.why_not_driven())


def test_a_silent_visitor_cannot_be_replayed(tmp_path: Path) -> None:
    assert "neither said nor wrote" in str(
        read_recording(written(tmp_path, HEADER)).why_not_driven()
    )


@pytest.mark.parametrize(
    ("lines", "cut", "what"),
    [
        ((), 0, "is empty"),
        ((WORDS,), 0, "line 1: this is no timeline"),
        (([1, 2],), 0, "line 1: this is no timeline"),
        (({**HEADER, "version": 99},), 0, "line 1: version 99; this program reads version 1"),
        (({**HEADER, "started_at": 5},), 0, "line 1: started_at"),
        ((HEADER, WORDS, {"event": "x"}), 0, "line 3: t: Field required"),
        ((HEADER, {**WORDS, "t": "soon"}), 0, "line 2: t: Input should be a valid number"),
        ((HEADER, {**WORDS, "more": 1}), 0, "line 2: more: Extra inputs"),
        ((HEADER, WORDS, SOUND), 9, "line 3: not JSON .* cut off there"),
    ],
)
def test_names_the_line(tmp_path: Path, lines: tuple[Any, ...], cut: int, what: str) -> None:
    with pytest.raises(BadTimeline, match=what):
        read_recording(written(tmp_path, *lines, cut=cut))


def test_a_file_that_is_not_there_or_not_text(tmp_path: Path) -> None:
    with pytest.raises(BadTimeline, match="cannot be read"):
        read_recording(tmp_path / "none.jsonl")
    (tmp_path / "film.mp4").write_bytes(b"\xff\xfe\x00\x81")
    with pytest.raises(BadTimeline, match="not a text file"):
        read_recording(tmp_path / "film.mp4")
