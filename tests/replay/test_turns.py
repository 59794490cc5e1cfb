"""Turns, their table and their waterfall, from a timeline that is written down here."""

from __future__ import annotations

import io
from html.parser import HTMLParser

import pytest
from rich.console import Console

from backend.protocol import Providers
from backend.replay.table import turns_json, turns_table
from backend.replay.turns import Turn, turns_of
from backend.replay.waterfall import waterfall
from backend.session.timeline import Event, Header

HEADER = Header(
    session_id="<s>",
    started_at="2026-01-01T10:00:00.000+00:00",
    avatar="nora",
    providers=Providers(vad="silero", asr="a", llm="b", tts="c", avatar="d"),
)


def mark(t: float, generation: int, name: str, ms: float) -> Event:
    return Event(t, "mark", generation, {"mark": name, "ms": ms})


SPOKEN = (
    Event(1.0, "ear.speech_maybe"),
    Event(1.1, "ear.speech_dropped"),
    Event(2.0, "ear.speech_maybe"),
    Event(4.4, "ear.turn_committed", None, {"silence_ms": 400.0}),
    mark(4.5, 1, "first_partial", 200.0),
    mark(4.5, 1, "final", 500.0),
    Event(4.505, "server.asr_final", None, {"text": "<b>What?</b>"}),
    mark(4.8, 1, "first_token", 800.0),
    mark(5.0, 1, "first_sentence", 1000.0),
    Event(5.0, "server.sentence", 1, {"index": 0}),
    mark(5.2, 1, "first_audio", 1200.0),
    mark(5.5, 1, "first_chunk", 1500.0),
    Event(5.5, "server.video_chunk_meta", 1, {"chunk_seq": 0, "duration_ms": 1600.0}),
    mark(5.6, 1, "first_frame", 1600.0),
    Event(6.0, "server.playback_control", 1, {"action": "pause"}),
    Event(6.5, "server.turn_end", 1, {"reason": "interrupted"}),
)
TYPED = (
    Event(9.0, "client.text", None, {"text_chars": 5}),
    mark(9.3, 3, "first_token", 300.0),
    Event(10.0, "server.notice", 3, {"component": "tts"}),
)


def test_finds_every_stage_of_every_reply() -> None:
    spoken, typed = turns_of([*SPOKEN, *TYPED])
    assert spoken.asked_s == pytest.approx(4.0)
    assert spoken.spoke_ms == pytest.approx(2000.0)  # the cough before it was no speech
    assert spoken.words == "<b>What?</b>"
    assert list(spoken.marks.values()) == [200, 500, 800, 1000, 1200, 1500, 1600]
    assert (spoken.ended, spoken.ended_ms) == ("interrupted", pytest.approx(2500.0))
    assert [moment.kind for moment in spoken.moments] == [
        *("sentence", "chunk", "pause", "interrupted")
    ]
    assert (typed.asked_s, typed.spoke_ms, typed.words) == (pytest.approx(9.0), None, "")
    assert (typed.ended, typed.ended_ms) == ("", None)
    assert typed.moments[0].label == "tts failed"


def test_a_recording_that_was_sent_has_nothing_of_the_speech_before_it() -> None:
    upload = (Event(20.0, "upload", None, {"ms": 900}), mark(20.5, 2, "final", 500.0))
    assert [turn.spoke_ms is None for turn in turns_of([*SPOKEN, *upload])] == [False, True]


def test_a_timeline_without_replies_has_no_turns() -> None:
    assert turns_of([Event(0, "server.session_ready"), Event(1, "line_lost")]) == []


def test_the_table_shows_recorded_and_replayed_side_by_side() -> None:
    recorded = turns_of(SPOKEN)
    console = Console(width=200, file=io.StringIO())
    with console.capture() as shown:
        console.print(turns_table(recorded, turns_of([*SPOKEN, *TYPED])))
    text = shown.get()
    assert "1,600" in text
    assert text.count("replayed") == 2
    assert text.count("recorded") == 1
    assert turns_json(recorded)[0]["marks"]["final"] == 500


class Page(HTMLParser):
    """Counts what a reader would see, and what a browser would fetch."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.bars: list[str] = []
        self.fetches: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ("meta", "link", "img"):
            self.open.append(tag)
        values = dict(attrs)
        css = values.get("class") or ""
        if css.startswith("bar "):
            self.bars.append(css)
        if tag in ("script", "link", "img", "iframe") or "src" in values or "href" in values:
            self.fetches.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def drawn(recorded: list[Turn], replayed: list[Turn], remark: str = "") -> Page:
    return Page(waterfall(HEADER, recorded, replayed, remark))


def test_the_waterfall_is_one_page_that_fetches_nothing() -> None:
    page = drawn(turns_of([*SPOKEN, *TYPED]), [], "Not replayed. Because.")
    assert page.open == []
    assert page.fetches == []
    assert "url(" not in waterfall(HEADER, turns_of(SPOKEN), [])
    assert "Not replayed. Because." in page.text


def test_the_waterfall_draws_a_bar_for_every_stage_that_is_known() -> None:
    alone = drawn(turns_of(SPOKEN), [])
    assert [bar.split()[1] for bar in alone.bars] == [
        *("user", "final", "first_token", "first_sentence", "first_audio"),
        *("first_chunk", "first_frame", "speech"),
    ]
    both = drawn(turns_of(SPOKEN), turns_of(SPOKEN))
    assert len(both.bars) == 2 * len(alone.bars)


def test_words_are_shown_as_words() -> None:
    page = drawn(turns_of(SPOKEN), [])
    assert "<b>What?</b>" in page.text
    assert "Session <s>" in page.text


def test_an_empty_timeline_says_so() -> None:
    assert "no reply in this timeline" in drawn([], []).text
