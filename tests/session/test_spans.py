"""A reply's spans, from the events of its timeline."""

from __future__ import annotations

import asyncio
from typing import Any

from backend import virtual_time
from backend.session.timeline.events import Event
from backend.session.timeline.recent_turns import MOST_TURNS, SETTLED_S, RecentTurns
from backend.session.timeline.spans import Span, TurnSpans, turn_spans


def event(t: float, name: str, generation: int | None = None, **facts: Any) -> Event:
    return Event(t, name, generation, facts)


def work(t: float, stage: str, ms: float, generation: int = 1, **facts: Any) -> Event:
    return event(t, "work", generation, stage=stage, provider="p", ms=ms, busy_ms=ms, **facts)


SPOKEN = [
    event(1.0, "ear.speech_maybe", at_ms=900),
    event(1.5, "ear.speech_dropped", at_ms=1400),
    event(2.0, "ear.speech_maybe", at_ms=1900),
    event(2.6, "ear.recognition_done", purpose="partial", cost_ms=90),
    event(3.4, "ear.recognition_done", purpose="speculation", cost_ms=200),
    event(3.5, "ear.turn_committed", silence_ms=300, wait_ms=300),
    event(3.6, "mark", 1, mark="final", ms=300),
    event(3.7, "mark", 1, mark="first_token", ms=500),
    work(4.0, "llm", 350),
    work(4.2, "tts", 300, sentence_index=0),
    work(5.0, "avatar", 800, sentence_index=0),
    event(
        5.1, "server.video_chunk_meta", 1, chunk_seq=0, duration_ms=900, took_ms=20, text_chars=9
    ),
    event(7.0, "server.turn_end", 1, reason="completed"),
]


def shape(turn: TurnSpans | None) -> list[tuple[str, float, float]]:
    assert turn is not None
    return [(span.stage, round(span.began_s, 3), round(span.ended_s, 3)) for span in turn.spans]


def test_a_spoken_turn_has_a_span_for_every_stage() -> None:
    turn = turn_spans(1, SPOKEN)
    assert shape(turn) == [
        ("vad", 2.0, 3.5),
        ("asr", 3.2, 3.4),
        ("llm", 3.65, 4.0),
        ("tts", 3.9, 4.2),
        ("avatar", 4.2, 5.0),
        ("send", 5.08, 5.1),
    ]
    assert turn is not None and turn.is_spoken and turn.reason == "completed"
    assert (turn.began_s, round(turn.asked_s, 3), turn.ended_s) == (2.0, 3.2, 7.0)
    assert turn.marks == {"final": 0.3, "first_token": 0.5}


def test_a_typed_turn_takes_nothing_from_the_ear() -> None:
    typed = [one for one in SPOKEN if one.facts.get("mark") != "final"]
    assert [stage for stage, _, _ in shape(turn_spans(1, typed))] == [
        "llm",
        "tts",
        "avatar",
        "send",
    ]


def test_what_the_ear_did_for_an_earlier_turn_is_not_this_ones() -> None:
    later = [
        event(8.0, "ear.speech_maybe"),
        event(9.0, "ear.turn_committed", silence_ms=500, wait_ms=500),
        event(9.2, "mark", 2, mark="final", ms=700),
    ]
    assert shape(turn_spans(2, [*SPOKEN, *later]))[0] == ("vad", 8.0, 9.0)


def test_only_names_and_numbers_are_kept() -> None:
    turn = turn_spans(1, SPOKEN)
    assert turn is not None
    assert {name for span in turn.spans for name in span.facts} == {
        *("provider", "busy_ms", "sentence_index"),
        *("silence_ms", "chunk_seq", "duration_ms"),
    }


def test_of_a_generation_without_marks_there_is_nothing_to_tell() -> None:
    assert turn_spans(3, SPOKEN) is None


def test_a_turn_is_handed_on_when_its_stages_have_let_go() -> None:
    """An interrupted reply ends before what is cut off has been cleaned up."""

    async def talk() -> list[TurnSpans]:
        told: list[TurnSpans] = []
        turns = RecentTurns(told.append)
        turns.take(event(0.0, "mark", 1, mark="first_token", ms=5))
        turns.take(event(1.0, "server.turn_end", 1, reason="interrupted"))
        turns.take(event(1.1, "mark", 2, mark="first_token", ms=5))
        turns.take(work(1.2, "avatar", 700))
        assert not told
        await asyncio.sleep(SETTLED_S + 0.1)
        assert [turn.generation for turn in turns.turns] == [1]
        return told

    (turn,) = virtual_time.run(talk())
    assert turn.spans == (Span("avatar", 0.5, 1.2, {"provider": "p", "busy_ms": 700}),)
    assert turn.ended_s == 1.2


def test_the_end_of_a_session_waits_for_nothing() -> None:
    async def talk() -> int:
        turns = RecentTurns()
        for event_ in SPOKEN:
            turns.take(event_)
        turns.close()
        return len(turns.turns)

    assert virtual_time.run(talk()) == 1


def test_only_the_last_turns_are_kept_in_mind() -> None:
    async def talk() -> list[int]:
        turns = RecentTurns()
        for number in range(1, MOST_TURNS + 6):
            turns.take(event(float(number), "mark", number, mark="first_token", ms=1))
            turns.take(event(number + 0.5, "server.turn_end", number, reason="completed"))
        turns.close()
        return [turn.generation for turn in turns.turns]

    assert virtual_time.run(talk()) == list(range(6, MOST_TURNS + 6))
