"""How a soak is judged and shown, and what its visitors notice of frames that are not theirs."""

from __future__ import annotations

import asyncio
import io
import os
import urllib.request
import xml.etree.ElementTree as ET
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from backend.avatar.pictures.codecs import SAMPLES_PER_FRAME
from backend.avatar.pictures.encoder import Encoder
from backend.avatar.renderer import ENCODERS
from bench.service import Running
from bench.soak.__main__ import _visit
from bench.soak.line import CheckedLine, Findings
from bench.soak.media import BrokenBoxes, contents
from bench.soak.report import write_report
from bench.soak.rounds import come_and_go
from bench.soak.verdict import judge, lag_p99_ms, slope_per_h
from bench.soak.watch import Look, Process, Watch, read_looks
from tests.avatar.takes import FORM, encode, tone

MB = 1_000_000


REST_EVERY_MIN = 10


def look(minute: float, *, mb: float = 100.0, threads: int = 10, **changes: Any) -> Look:
    looks_at_lag = 240 * minute
    values: dict[str, Any] = {
        "at_s": minute * 60,
        "processes": {"service": Process(1, round(mb * MB), round(mb * MB), threads, 20)},
        "lag_counts": {"0.01": looks_at_lag, "0.03": looks_at_lag, "+Inf": looks_at_lag},
        "series": 400,
        "machine_busy_ratio": 0.5,
        "counts": {"replies": 5},
        "wrong": [],
        "at_rest": minute > 0 and minute % REST_EVERY_MIN == 0,
    }
    return Look(**values | changes)


def broken(looks: list[Look]) -> set[str]:
    return {verdict.what for verdict in judge(looks) if verdict.passed is False}


def test_a_calm_hour_holds_every_bar() -> None:
    assert not broken([look(minute) for minute in range(61)])


def test_each_kind_of_growth_is_seen() -> None:
    grows = [look(minute, mb=100 + minute / 20, threads=10 + minute // 10) for minute in range(61)]
    assert broken(grows) == {
        "growth of resident memory, service",
        "more threads, any process",
    }


def test_memory_is_judged_at_rest_and_by_many_rests() -> None:
    talked = [look(minute, mb=100 + minute * (minute % REST_EVERY_MIN > 0)) for minute in range(61)]
    assert not broken(talked)
    jump = [look(minute, mb=100 + 50 * (minute == 40)) for minute in range(61)]
    assert not broken(jump)
    short = [look(minute, mb=100 + minute) for minute in range(50)]
    assert not broken(short)


async def test_everybody_leaves_before_the_look_at_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.soak.rounds.ROUND_S", 0.2)
    monkeypatch.setattr("bench.soak.rounds.REST_S", 0.1)
    there: list[int] = []
    seen_at_rest: list[int] = []

    class Person:
        async def run(self) -> None:
            there.append(1)
            try:
                await asyncio.Event().wait()
            finally:
                there.pop()

    async def seen(*, at_rest: bool) -> None:
        assert at_rest
        seen_at_rest.append(len(there))

    people: Any = [Person(), Person()]
    watch: Any = SimpleNamespace(look=seen)
    await come_and_go(people, 0.5, Findings(), watch)
    assert seen_at_rest == [0, 0] and not there


async def test_a_visitor_that_breaks_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    class Person:
        async def run(self) -> None:
            raise ZeroDivisionError

    findings = Findings()
    people: Any = [Person()]
    unused: Any = None
    await come_and_go(people, 0.01, findings, watch=unused)
    assert [(one.kind, one.visitor) for one in findings.wrong] == [("crashed", 1)]


def test_a_lost_reply_another_process_and_a_late_loop_are_seen() -> None:
    lost = {"at_s": 1.0, "kind": "lost", "visitor": 2, "words": "no reply"}
    looks = [look(minute) for minute in range(61)]
    looks[30] = look(30, wrong=[lost])
    looks[40] = look(40, processes={"service": Process(7, 100 * MB, MB, 10, 20)})
    late = {"0.01": 0.0, "0.03": 0.0, "0.05": 14400.0, "+Inf": 14400.0}
    looks[60] = look(60, lag_counts=late)
    assert broken(looks) == {"lost replies", "sets of processes", "event-loop lag, p99"}


def test_a_process_that_is_missing_in_a_look_is_judged_by_the_others() -> None:
    looks = [look(minute) for minute in range(61)]
    for one in looks[:30] + looks[40:]:
        one.processes["worker-0"] = Process(2, 100 * MB, MB, 14 if one.at_s > 3000 else 10, 20)
    assert broken(looks) == {"sets of processes", "more threads, any process"}


def test_lag_is_read_off_its_buckets() -> None:
    before = look(0, lag_counts={"0.01": 5.0, "0.03": 5.0, "+Inf": 5.0})
    after = look(1, lag_counts={"0.01": 95.0, "0.03": 105.0, "+Inf": 105.0})
    assert lag_p99_ms(before, after) == pytest.approx(28.0)


def test_growth_is_the_median_slope() -> None:
    points = [(minute, 1.0 + minute) for minute in range(10)]
    points[4] = (4, 90.0)
    assert slope_per_h(points) == pytest.approx(60.0)
    assert slope_per_h([(0, 1.0)]) == 0.0


def test_the_report_has_its_pictures(tmp_path: Path) -> None:
    looks = [look(minute) for minute in range(61)]
    assert write_report(looks, tmp_path / "soak.md", tmp_path / "pictures")
    pictures = sorted((tmp_path / "pictures").iterdir())
    assert [ET.parse(one).getroot().tag.rpartition("}")[2] for one in pictures] == ["svg"] * 5
    text = (tmp_path / "soak.md").read_text()
    assert all(f"pictures/{one.name}" in text for one in pictures)


@pytest.mark.parametrize("kind", ENCODERS.values())
def test_what_a_chunk_holds_can_be_read(kind: type[Encoder]) -> None:
    chunks = [contents(data) for data in encode(kind(FORM), tone(13 * SAMPLES_PER_FRAME), [8, 5])]
    assert [chunk.frames for chunk in chunks] == [8, 5]
    is_stream = kind.container == "fmp4"
    assert [chunk.piece for chunk in chunks] == ([1, 2] if is_stream else [None, None])
    with pytest.raises(BrokenBoxes):
        contents(b"another's bytes, cut short")


# ---------------------------------------------------------------- what the watch survives


class Silence:
    """A `/metrics` that answers none of the calls in `late`, counted from 1."""

    def __init__(self, late: set[int]) -> None:
        self._late = late
        self._calls = 0

    def open(self, url: str, timeout: float) -> io.BytesIO:
        self._calls += 1
        if self._calls in self._late:
            raise TimeoutError("timed out")
        return io.BytesIO(b"avatar_chat_ready 1.0\n")


async def test_one_late_answer_ends_no_run_and_silence_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = {2, 4, 5, 7, 8, 9}
    monkeypatch.setattr(urllib.request, "urlopen", Silence(late).open)
    findings, file = Findings(), tmp_path / "looks.jsonl"
    watch = Watch(os.getpid(), 9, findings, file)
    for _ in range(8):
        await watch.look()
    assert len(read_looks(file)) == 3 and findings.counts["late_looks"] == 5
    with pytest.raises(TimeoutError):
        await watch.look()


def test_a_run_whose_service_is_lost_is_no_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = iter([psutil.NoSuchProcess(1)])

    def processes(service: psutil.Process) -> dict[str, Process]:
        if (lost := next(looks, None)) is not None:
            raise lost
        return {}

    monkeypatch.setattr("bench.soak.watch.LOOK_EVERY_S", 0.0)
    monkeypatch.setattr("bench.soak.watch._processes", processes)
    monkeypatch.setattr(urllib.request, "urlopen", Silence(set()).open)
    process: Any = SimpleNamespace(pid=os.getpid())
    service = Running(9, process, 0.0, 0.0)
    with pytest.raises(psutil.NoSuchProcess):
        asyncio.run(_visit(service, 2.0, 0, 1, tmp_path / "looks.jsonl"))


# ---------------------------------------------------------------- what a visitor notices


def line(findings: Findings, visitor: int = 1) -> CheckedLine:
    return CheckedLine(None, visitor, findings)  # type: ignore[arg-type]  # nothing is sent


def message(seq: int, type_: str = "text_chunk", **fields: Any) -> dict[str, Any]:
    return {"type": type_, "seq": seq, "session_id": "mine", "generation_id": 1, **fields}


def sound(seq: int, chunk_seq: int, **fields: Any) -> dict[str, Any]:
    return message(seq, "tts_audio_chunk", chunk_seq=chunk_seq, size=4, text="Ho.", **fields)


@pytest.mark.parametrize(
    ("frames", "kinds"),
    [
        ([(message(1), b""), (message(2, session_id="theirs"), b"")], ["crossed"]),
        ([(message(1), b""), (message(3), b"")], ["contract"]),
        ([(message(1, generation_id=2), b""), (message(2), b"")], ["contract"]),
        ([(message(1, "turn_end"), b""), (message(2), b"")], ["contract"]),
        ([(sound(1, 0), b"1234"), (sound(2, 2), b"1234")], ["contract"]),
        ([(sound(1, 0), b"12345")], ["contract"]),
        ([(sound(1, 0), b"1234"), (sound(2, 1), b"5678"), (message(3, "turn_end"), b"")], []),
    ],
)
def test_what_is_wrong_with_a_frame(frames: list[tuple[dict[str, Any], bytes]], kinds: list[str]):
    findings = Findings()
    mine = line(findings)
    for told, media in frames:
        mine.look_at(told, media)
    assert [finding.kind for finding in findings.wrong] == kinds


def test_bytes_of_words_that_are_one_visitors_alone_may_reach_no_other() -> None:
    findings = Findings()
    one, other = line(findings, 1), line(findings, 2)
    for each in (one, other):
        each.unique_words = "Ho."
        each.look_at(sound(1, 0), b"1234")
    assert [(finding.kind, finding.visitor) for finding in findings.wrong] == [("crossed", 2)]


def test_a_line_that_follows_another_begins_after_it() -> None:
    findings = Findings()
    first = line(findings)
    first.look_at(message(1, generation_id=4), b"")
    again = CheckedLine(None, 1, findings, follows=first)  # type: ignore[arg-type]
    again.look_at(message(1, generation_id=4), b"")
    assert [finding.kind for finding in findings.wrong] == ["contract"]
