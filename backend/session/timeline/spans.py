"""The spans of one reply, from the events of its timeline: which stage worked when. Pure.

The one place that knows it: traces, the status page's waterfall and its numbers are made of this.
Names and numbers only; there are no words in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from backend.session.timeline.events import Event

Fact = str | int | float

_NOTED_LATER = frozenset(("first_partial", "final"))
"""Marks of the ear, noted when the reply begins."""

_NEVER_MIND = ("ear.speech_dropped", "ear.utterance_ignored")
_CHUNKS = ("server.video_chunk_meta", "server.tts_audio_chunk")


@dataclass(frozen=True, slots=True)
class Span:
    """A stage at work, in seconds of the session: `vad`, `asr`, `llm`, `tts`, `avatar`, `send`."""

    stage: str
    began_s: float
    ended_s: float
    facts: Mapping[str, Fact] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TurnSpans:
    """One reply that is over. Times are seconds of the session, marks seconds after `asked_s`.

    began_s: the user began to speak, or the text came. asked_s: the user's turn was complete.
    """

    generation: int
    began_s: float
    asked_s: float
    ended_s: float
    reason: str
    is_spoken: bool
    marks: Mapping[str, float]
    spans: tuple[Span, ...]


def turn_spans(generation: int, events: Sequence[Event]) -> TurnSpans | None:
    """The reply as far as `events` tell of it; None where they tell nothing."""
    mine = [event for event in events if event.generation == generation]
    noted = [event for event in mine if event.event == "mark"]
    if not noted:
        return None
    marks = {str(event.facts["mark"]): float(event.facts["ms"]) / 1000 for event in noted}
    asked_s = _asked_s(noted)
    heard = list(_heard(events, noted[0].t)) if "final" in marks else []
    spans = sorted([*heard, *_made(mine)], key=lambda span: (span.began_s, span.ended_s))
    end = next((event for event in mine if event.event == "server.turn_end"), mine[-1])
    return TurnSpans(
        generation=generation,
        began_s=min([asked_s, *(span.began_s for span in spans)]),
        asked_s=asked_s,
        ended_s=max([end.t, *(span.ended_s for span in spans)]),
        reason=str(end.facts.get("reason", "")),
        is_spoken="final" in marks,
        marks=marks,
        spans=tuple(spans),
    )


def _asked_s(noted: Sequence[Event]) -> float:
    """A mark says when it was noted and how long after the user's turn that was."""
    timely = [event for event in noted if event.facts["mark"] not in _NOTED_LATER]
    event = (timely or noted)[0]
    return event.t - float(event.facts["ms"]) / 1000


def _heard(events: Iterable[Event], until_s: float) -> Iterator[Span]:
    """What the ear did for the utterance that was answered."""
    began_s: float | None = None
    committed: Event | None = None
    recognised: Event | None = None
    for event in events:
        if event.t > until_s:
            break
        if event.event in _NEVER_MIND:
            began_s = committed = recognised = None
        elif event.event == "ear.speech_maybe" and (began_s is None or committed is not None):
            began_s, committed, recognised = event.t, None, None
        elif event.event == "ear.turn_committed":
            committed = event
        elif event.event == "ear.recognition_done" and event.facts.get("purpose") != "partial":
            recognised = event
    if began_s is not None and committed is not None:
        facts = {"silence_ms": float(committed.facts["silence_ms"])}
        yield Span("vad", began_s, committed.t, facts)
    if recognised is not None:
        cost_s = float(recognised.facts["cost_ms"]) / 1000
        yield Span("asr", recognised.t - cost_s, recognised.t, {})


def _made(mine: Iterable[Event]) -> Iterator[Span]:
    """The stages of the reply itself, and each chunk's way to the client."""
    for event in mine:
        facts = event.facts
        if event.event == "work":
            kept = {name: value for name, value in facts.items() if name not in ("stage", "ms")}
            yield Span(str(facts["stage"]), event.t - float(facts["ms"]) / 1000, event.t, kept)
        elif event.event in _CHUNKS:
            names = ("chunk_seq", "sentence_index", "duration_ms", "media_bytes")
            kept = {name: facts[name] for name in names if name in facts}
            yield Span("send", event.t - float(facts.get("took_ms", 0)) / 1000, event.t, kept)
