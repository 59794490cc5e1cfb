"""A recorded conversation, typed and spoken, through the real stages; and again what came of it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from backend.cli import app
from backend.errors import BadTimeline
from backend.handlers.messages import Pcm
from backend.replay.drive import manner_of, replay
from backend.replay.page import Manner
from backend.replay.reading import Recording, read_recording
from backend.replay.turns import turns_of
from backend.session.timeline import Event, Header
from backend.session.timeline.facts import encode_pcm
from tests.conftest import embedded_settings
from tests.handlers.speech import silence, speech

HEADER = Header(session_id="s", started_at="2026-01-01T10:00:00.000+00:00")
QUIET = {"log": {"level": "error"}}


def frames(pcm: Pcm, at_s: float) -> Iterable[Event]:
    for begin in range(0, pcm.size, 320):
        facts = {"ms": 20, "pcm": encode_pcm(pcm[begin : begin + 320])}
        yield Event(at_s + (begin + 320) / 16_000, "microphone", None, facts)


@pytest.fixture(scope="module")
def conversation() -> Recording:
    sound = np.concatenate([silence(0.5), speech("What time is it?"), silence(4)])
    return Recording(
        HEADER,
        (
            Event(0.0, "client.hello", None, {"record": True, "output": "video"}),
            Event(0.2, "client.text", None, {"text": "Hello"}),
            Event(8.0, "client.start_listen", None, {"echo_cancellation": True}),
            *frames(sound, 8.0),
            Event(30.0, "client.text", None, {"text": "Tell me about yourself"}),
            Event(30.6, "client.interrupt"),
        ),
    )


@pytest.fixture(scope="module")
def replayed(conversation: Recording) -> list[Event]:
    return replay(conversation, embedded_settings(**QUIET))


def test_goes_through_every_real_stage(replayed: list[Event]) -> None:
    typed, spoken, cut = turns_of(replayed)
    assert typed.ended == spoken.ended == "completed"
    assert list(typed.marks) == [
        *("first_token", "first_sentence", "first_audio", "first_chunk", "first_frame")
    ]
    assert "final" in spoken.marks
    assert spoken.words.startswith("what")
    assert spoken.spoke_ms is not None
    assert cut.ended in ("interrupted", "completed")


def test_what_was_done_comes_at_its_time(replayed: list[Event]) -> None:
    (late,) = [event for event in replayed if event.facts.get("text") == "Tell me about yourself"]
    ready = next(event for event in replayed if event.event == "server.session_ready")
    assert late.t - ready.t == pytest.approx(30.0, abs=0.3)


def test_what_came_of_it_can_be_replayed_again(replayed: list[Event], tmp_path: Path) -> None:
    path = tmp_path / "again.jsonl"
    lines = [HEADER.model_dump(mode="json"), *(event.line() for event in replayed)]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    again = replay(read_recording(path), embedded_settings(**QUIET))
    kinds = [[list(turn.marks)[-1] for turn in turns_of(events)] for events in (replayed, again)]
    assert kinds[0][:2] == kinds[1][:2] == ["first_frame", "first_frame"]
    assert [turn.spoke_ms is None for turn in turns_of(again)] == [True, False, True]


def test_a_damaged_recording_says_where() -> None:
    damaged = Event(0.5, "microphone", None, {"ms": 20, "pcm": "?"})
    with pytest.raises(BadTimeline, match=r"microphone at 0\.500 s"):
        replay(Recording(HEADER, (damaged,)), embedded_settings(**QUIET))
    unknown = (Event(0.5, "client.text", None, {"text": ""}),)
    with pytest.raises(BadTimeline, match=r"client\.text at 0\.500 s"):
        replay(Recording(HEADER, unknown), embedded_settings(**QUIET))


def test_plays_as_the_recorded_page_did() -> None:
    assert manner_of(()) == Manner()
    sent = {"chunk_seq": 0, "duration_ms": 1000.0}
    later = {"chunk_seq": 1, "duration_ms": 1000.0}
    events = (
        Event(1.0, "server.video_chunk_meta", 1, sent),
        Event(1.25, "client.playback", 1, {"chunk_seq": 0, "event": "started"}),
        Event(1.5, "server.video_chunk_meta", 1, later),
        Event(2.25, "client.playback", 1, {"chunk_seq": 0, "event": "ended"}),
        Event(2.375, "client.playback", 1, {"chunk_seq": 1, "event": "started"}),
    )
    assert manner_of(events) == Manner(start_ms=250.0, gap_ms=125.0)


def test_the_command_draws_what_it_cannot_drive(tmp_path: Path) -> None:
    path, page = tmp_path / "one.jsonl", tmp_path / "one.html"
    event = Event(0.5, "client.text", None, {"text_chars": 5})
    mark = Event(0.9, "mark", 1, {"mark": "first_token", "ms": 400.0})
    lines = [HEADER.model_dump(mode="json"), event.line(), mark.line()]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    result = CliRunner().invoke(app, ["replay", str(path), "--html", str(page), "--json"])
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert report["replayed"] == []
    assert "no words and no sound" in report["not_replayed"]
    assert report["recorded"][0]["marks"] == {"first_token": 400.0}
    assert "no words and no sound" in page.read_text()


def test_the_command_names_the_broken_line(tmp_path: Path) -> None:
    path = tmp_path / "one.jsonl"
    path.write_text(HEADER.model_dump_json() + '\n{"t": 0.5, "ev')
    result = CliRunner().invoke(app, ["replay", str(path)])
    assert isinstance(result.exception, BadTimeline)
    assert "line 2" in str(result.exception)
