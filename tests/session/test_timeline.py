"""What a session leaves behind: every event, no words, and never a wait for the disk."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
import pytest

from backend.config import Settings, load_settings
from backend.handlers.messages import Pcm, Transcript
from backend.protocol import (
    AsrFinal,
    AvatarInfo,
    ContextUpdate,
    Hello,
    Playback,
    Providers,
    Say,
    SentenceMessage,
    SessionReady,
    Text,
    TextChunk,
    TurnEnd,
    UiEvent,
    VideoChunkMeta,
    VisemeTimeline,
)
from backend.session.timeline import Timeline, open_timeline
from backend.session.timeline import writer as writing
from backend.session.timeline.events import KEPT_SETTINGS
from backend.session.timeline.writer import TimelineFile, Writer, writer

SECRET = "swordfish"
READY = SessionReady(
    resume_token=SECRET,
    avatar=AvatarInfo(
        id="nora", name="Nora", width=2, height=2, fps=25, idle_url="/i", poster_url="/p"
    ),
    providers=Providers(vad="silero", asr="a", llm="b", tts="c", avatar="d"),
    capabilities=("video", "text"),
    history=(),
)
PCM = np.arange(320, dtype=np.int16)


@dataclass(frozen=True, slots=True)
class SpeechPaused:
    """As an ear would tell it."""

    at_ms: float
    pcm: Pcm


def settings_for(folder: Path | None, **options: Any) -> Settings:
    return load_settings(timeline={"dir": folder, **options})


def lines_in(folder: Path) -> list[dict[str, Any]]:
    assert writer.drain()
    (path,) = files_in(folder)
    return [json.loads(line) for line in path.read_text().splitlines()]


class Warnings:
    """Hears what is logged, whatever level the process has set."""

    def __init__(self) -> None:
        self.entries: list[tuple[str, dict[str, Any]]] = []

    def warning(self, event: str, **facts: Any) -> None:
        self.entries.append((event, facts))


def files_in(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.jsonl"))


def full_disk(_: TimelineFile) -> IO[str]:
    return Path("/dev/full").open("w")  # the writer closes it


def talk(timeline: Timeline, *, record: bool) -> None:
    """A conversation in which every field that may hold words holds the secret."""
    timeline.received(Hello(role=SECRET, token=SECRET, resume_token=SECRET, record=record))
    timeline.sent(READY)
    timeline.received(Text(text=SECRET))
    timeline.received(Say(text=SECRET))
    timeline.received(ContextUpdate(title=SECRET, text=SECRET, page=SECRET))
    timeline.received(UiEvent(name=SECRET, data={SECRET: SECRET, "inner": {SECRET: 1}}))
    timeline.microphone(PCM)
    timeline.sent(AsrFinal(text=SECRET, language="en", confidence=0.91234))
    timeline.sent(TextChunk(chunk=SECRET, generation_id=1))
    timeline.sent(SentenceMessage(index=0, text=SECRET, generation_id=1))
    timeline.sent(VisemeTimeline(sentence_index=0, marks=((0, 1, "aa", 1),), generation_id=1))
    timeline.sent(
        VideoChunkMeta(
            chunk_seq=0, sentence_index=0, part=0, is_last=True, text=SECRET, size=9,
            mime="video/mp4", duration_ms=40, container="mp4", width=2, height=2, fps=25, frames=1,
            generation_id=1,
        ),
        9,
    )  # fmt: skip
    timeline.received(Playback(generation_id=1, chunk_seq=0, event="started"))
    timeline.observed(SpeechPaused(320.0, PCM))
    timeline.sent(TurnEnd(reason="completed", metrics={"total_ms": 5.0}, generation_id=1))


async def test_holds_what_happened_and_none_of_the_words(tmp_path: Path) -> None:
    timeline = open_timeline(settings_for(tmp_path), "s")

    talk(timeline, record=True)  # consent alone is not enough
    timeline.close()

    header, *events = lines_in(tmp_path)
    assert SECRET not in json.dumps([header, *events])
    assert "pcm" not in json.dumps(events).replace("pcm_ms", "")
    assert header["session_id"] == "s"
    assert header["avatar"] == "nora"
    assert header["providers"]["llm"] == "b"
    assert set(header["settings"]) == set(KEPT_SETTINGS)
    by_name = {line["event"]: line for line in events}
    assert by_name["client.text"]["facts"] == {"text_chars": 9, "streaming": True}
    assert by_name["client.playback"]["generation"] == 1
    assert by_name["client.playback"]["facts"] == {"chunk_seq": 0, "event": "started"}
    assert by_name["server.asr_final"]["facts"]["confidence"] == 0.912
    assert by_name["server.video_chunk_meta"]["facts"]["media_bytes"] == 9
    assert by_name["ear.speech_paused"]["facts"] == {"at_ms": 320.0, "pcm_ms": 20.0}
    assert by_name["server.turn_end"]["facts"]["metrics"] == {"total_ms": 5.0}
    assert [line["t"] for line in events] == sorted(line["t"] for line in events)


@pytest.mark.parametrize(("record", "consent"), [(True, False), (False, True)])
async def test_words_need_both_the_setting_and_consent(
    tmp_path: Path, record: bool, consent: bool
) -> None:
    timeline = open_timeline(settings_for(tmp_path, record=record), "s")
    talk(timeline, record=consent)
    timeline.close()
    assert SECRET not in json.dumps(lines_in(tmp_path))


async def test_a_recording_holds_words_and_sound_but_no_token(tmp_path: Path) -> None:
    timeline = open_timeline(settings_for(tmp_path, record=True), "s")

    talk(timeline, record=True)
    timeline.close()

    _, *events = lines_in(tmp_path)
    by_name = {line["event"]: line.get("facts", {}) for line in events}
    assert by_name["client.text"]["text"] == SECRET
    assert by_name["client.ui_event"]["data"]["inner"] == {SECRET: 1}
    assert by_name["microphone"]["ms"] == 20.0
    assert len(by_name["microphone"]["pcm"]) > 0
    assert not any("token" in facts or "resume_token" in facts for facts in by_name.values())


async def test_consent_ends_with_the_next_hello(tmp_path: Path) -> None:
    timeline = open_timeline(settings_for(tmp_path, record=True), "s")
    timeline.received(Hello(record=True))
    timeline.received(Hello())
    timeline.received(Text(text=SECRET))
    timeline.close()
    assert SECRET not in json.dumps(lines_in(tmp_path))


async def test_unrecorded_sound_is_a_line_per_second(tmp_path: Path) -> None:
    timeline = open_timeline(settings_for(tmp_path), "s")
    for _ in range(125):
        timeline.microphone(PCM)
    timeline.close()
    _, *events = lines_in(tmp_path)
    assert [line["facts"] for line in events] == [{"ms": 1000}, {"ms": 1000}]


async def test_a_session_that_was_never_greeted_has_a_header_too(tmp_path: Path) -> None:
    timeline = open_timeline(settings_for(tmp_path), "s")
    timeline.note("line.lost", code=1006)
    timeline.close()
    timeline.close()
    header, lost = lines_in(tmp_path)
    assert header["version"] == 1
    assert header.get("providers") is None
    assert lost == {"t": lost["t"], "event": "line.lost", "facts": {"code": 1006}}


async def test_words_in_an_observed_event_become_their_length(tmp_path: Path) -> None:
    timeline = open_timeline(settings_for(tmp_path), "s")
    stamp: Any = object()
    timeline.observed(Transcript(stamp, SECRET, "en", 0.5))
    timeline.close()
    (_, line) = lines_in(tmp_path)
    assert line["event"] == "ear.transcript"
    assert line["facts"] == {"text_chars": 9, "language": "en", "confidence": 0.5}


async def test_without_a_folder_nothing_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(writing.Writer, "open")
    timeline = open_timeline(settings_for(None), "s")
    talk(timeline, record=True)
    timeline.flush()
    timeline.close()


async def test_an_empty_folder_setting_means_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AVATAR_CHAT_TIMELINE__DIR", "")
    assert load_settings().timeline.dir is None


async def test_only_the_newest_files_stay(tmp_path: Path) -> None:
    settings = settings_for(tmp_path, keep=3)
    for number in range(5):
        open_timeline(settings, f"s{number}").close()
        assert writer.drain()
    names = [path.name.split("-", 1)[1] for path in files_in(tmp_path)]
    assert names == ["s2.jsonl", "s3.jsonl", "s4.jsonl"]


async def test_what_was_told_is_on_disk_when_a_turn_ends(tmp_path: Path) -> None:
    timeline = open_timeline(settings_for(tmp_path), "s")
    timeline.sent(READY)
    timeline.sent(TurnEnd(reason="completed", metrics={}, generation_id=1))
    assert len(lines_in(tmp_path)) == 3
    timeline.close()


async def test_a_folder_that_cannot_be_written_is_said_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way")
    log = Warnings()
    monkeypatch.setattr(writing, "log", log)
    mine, settings = Writer(), settings_for(tmp_path)
    for name in ("a", "b", "c"):
        timeline = Timeline(mine.open(tmp_path / "file", name, keep=5), settings, name)
        talk(timeline, record=False)
        timeline.close()
    assert mine.drain()
    assert [event for event, _ in log.entries] == ["timeline.not_written"]


async def test_a_full_disk_costs_the_timeline_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = Warnings()
    monkeypatch.setattr(writing, "log", log)
    monkeypatch.setattr(writing, "create", full_disk)
    mine = Writer()
    timeline = Timeline(mine.open(tmp_path, "s", keep=5), settings_for(tmp_path), "s")
    timeline.sent(READY)
    for _ in range(3000):  # more than any buffer
        timeline.note("x")
    timeline.flush()
    assert mine.drain()
    timeline.close()
    assert mine.drain()
    assert [facts["error"] for _, facts in log.entries] == ["No space left on device"]


async def test_events_are_dropped_and_counted_when_the_disk_is_slow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_fast, create = threading.Event(), writing.create

    def create_slowly(file: TimelineFile) -> IO[str]:
        is_fast.wait()
        return create(file)

    monkeypatch.setattr(writing, "create", create_slowly)
    mine = Writer(most_waiting=10)
    timeline = Timeline(mine.open(tmp_path, "s", keep=5), settings_for(tmp_path), "s")
    timeline.sent(READY)
    for _ in range(50):
        timeline.note("x")
    is_fast.set()
    assert mine.drain()
    timeline.note("after")
    timeline.close()
    assert mine.drain()
    _, *events = lines_in(tmp_path)
    kept = sum(line["event"] == "x" for line in events)
    assert 0 < kept < 50
    assert [line["facts"]["events"] for line in events if line["event"] == "lost"] == [50 - kept]
    assert events[-1]["event"] == "after"


async def test_nothing_that_is_told_ends_the_thread(tmp_path: Path) -> None:
    timeline = open_timeline(settings_for(tmp_path), "s")
    timeline.note("odd", what=object(), half="\ud800")
    timeline.note("after")
    timeline.close()
    _, odd, after = lines_in(tmp_path)
    assert odd["facts"] == {"what": "object", "half": "?"}
    assert after["event"] == "after"


async def test_the_thread_ends_with_the_last_file(tmp_path: Path) -> None:
    mine = Writer()
    first, second = mine.open(tmp_path, "a", 5), mine.open(tmp_path, "b", 5)
    (thread,) = [one for one in threading.enumerate() if one is mine._thread]
    first.close()
    assert mine.drain()
    second.close()
    thread.join(5)
    assert not thread.is_alive()
    mine.open(tmp_path, "c", 5).close()  # and another one starts when it is needed
    assert mine.drain()


async def test_last_words_after_the_end_are_neither_kept_nor_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "log", warnings := Warnings())
    other = open_timeline(settings_for(tmp_path / "other"), "other")  # the thread lives on
    timeline = open_timeline(settings_for(tmp_path), "s")
    timeline.sent(READY)
    timeline.close()
    lines = lines_in(tmp_path)
    timeline.sent(AsrFinal(text="", language="en"))
    assert lines_in(tmp_path) == lines
    assert warnings.entries == [] and list(writer._open) == []
    other.close()
