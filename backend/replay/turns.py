"""The turns of a timeline: how far each reply had come when, with its words and its moments. Pure.

When a reply was asked for, and when its user began to speak, is `backend.session.timeline.spans`'.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from backend.session.timeline import Event
from backend.session.timeline.events import MARKS
from backend.session.timeline.spans import TurnSpans, turn_spans


@dataclass(frozen=True, slots=True)
class Moment:
    """Something that happened `ms` after the user's turn was complete."""

    ms: float
    kind: str
    label: str


@dataclass(frozen=True, slots=True)
class Turn:
    """One reply. `marks` are milliseconds from the end of the user's turn, as `MARKS` names them.

    asked_s: that end, in seconds of the session. words: the user's, where they were kept.
    spoke_ms: how long before it the user began to speak; None for a typed turn.
    ended: `completed`, `interrupted` or `failed`; empty while it was not over.
    """

    generation: int
    asked_s: float
    marks: dict[str, float]
    words: str = ""
    spoke_ms: float | None = None
    ended: str = ""
    ended_ms: float | None = None
    moments: tuple[Moment, ...] = field(default=())

    @property
    def last_ms(self) -> float:
        """When nothing more of it happened."""
        ends = [self.ended_ms or 0.0, *self.marks.values(), *(one.ms for one in self.moments)]
        return max(ends)


def turns_of(events: Sequence[Event]) -> list[Turn]:
    """Every reply that a timeline shows, in order."""
    generations = dict.fromkeys(
        event.generation for event in events if event.event == "mark" and event.generation
    )
    found: list[Turn] = []
    for generation in generations:
        since_s = found[-1].asked_s if found else 0.0  # what came before it explains no later one
        spans = turn_spans(generation, [event for event in events if event.t >= since_s])
        if spans is not None:
            found.append(_turn(spans, events))
    return found


def _turn(spans: TurnSpans, events: Sequence[Event]) -> Turn:
    mine = [event for event in events if event.generation == spans.generation]
    asked_s, marks = spans.asked_s, spans.marks
    end = next((event for event in mine if event.event == "server.turn_end"), None)
    heard = next((span for span in spans.spans if span.stage == "vad"), None)
    return Turn(
        generation=spans.generation,
        asked_s=asked_s,
        marks={name: round(marks[name] * 1000, 1) for name in MARKS if name in marks},
        words=_words(events, _first_heard_of_s(mine), is_spoken=spans.is_spoken),
        spoke_ms=(asked_s - heard.began_s) * 1000 if heard else None,
        ended=str(end.facts.get("reason", "")) if end else "",
        ended_ms=(end.t - asked_s) * 1000 if end else None,
        moments=tuple(_moments(mine, asked_s)),
    )


def _first_heard_of_s(mine: Sequence[Event]) -> float:
    """The page is told the words and then of the reply; marks may be noted before either."""
    told = (event for event in mine if event.event.startswith("server."))
    return next(told, mine[-1]).t


def _words(events: Iterable[Event], before_s: float, *, is_spoken: bool) -> str:
    kinds = ("server.asr_final",) if is_spoken else ("client.text", "client.say")
    asked = [event for event in events if event.event in kinds and event.t <= before_s]
    return str(asked[-1].facts.get("text", "")) if asked else ""


def _moments(mine: Iterable[Event], asked_s: float) -> Iterable[Moment]:
    for event in mine:
        kind, label = _meaning(event)
        if kind:
            yield Moment((event.t - asked_s) * 1000, kind, label)


def _meaning(event: Event) -> tuple[str, str]:
    """How a waterfall shows an event; an empty kind where it does not."""
    facts = event.facts
    match event.event:
        case "server.sentence":
            return "sentence", f"sentence {_number(facts.get('index'))}"
        case "server.video_chunk_meta" | "server.tts_audio_chunk":
            seconds = float(facts.get("duration_ms", 0)) / 1000
            what = "picture" if event.event == "server.video_chunk_meta" else "sound only"
            return "chunk", f"chunk {_number(facts.get('chunk_seq'))}, {what}, {seconds:.1f} s"
        case "server.playback_control":
            return str(facts.get("action", "")), f"avatar told to {facts.get('action')}"
        case "server.notice" | "server.error":
            return "trouble", f"{facts.get('component', 'error')} failed"
        case "client.playback" if facts.get("event") == "underrun":
            return "trouble", "playback ran dry"
        case "server.turn_end" if facts.get("reason") == "interrupted":
            return "interrupted", "interrupted"
    return "", ""


def _number(index: object) -> str:
    """As people count."""
    return str(index + 1) if isinstance(index, int) else "?"
