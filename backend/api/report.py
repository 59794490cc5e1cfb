"""What the service says of itself in `/api/status`: how it feels, what is left, what went wrong.

Numbers and names; ids of sessions stand only in what `live` and `turns` return.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from prometheus_client import Counter
from pydantic import BaseModel, Field

from backend import clock, metrics
from backend.recent import Percentiles, RecentHistogram
from backend.session.manager import Seat
from backend.session.session import Session
from backend.session.timeline.spans import TurnSpans

SHORT_MIN, LONG_MIN = 5, 60


class Latency(BaseModel):
    """Percentiles of one measure over the last minutes, in its `unit`."""

    name: str = Field(description="`turn.<mark>`, `stage.<stage>`, or what else is measured")
    unit: str
    last_5_min: Percentiles
    last_60_min: Percentiles


class Capacity(BaseModel):
    places: int
    places_left: int = Field(description="nobody talks there; a waiting session gives its place")
    workers: int
    worker_busy_ratio: float = Field(description="of the last seconds; at 1 pictures come late")


class Counts(BaseModel):
    """Since the start of the process, by the labels of the metric, joined by a dot."""

    turns: dict[str, int]
    interruptions: dict[str, int]
    underruns: int
    errors: dict[str, int]
    refusals: dict[str, int]
    fallbacks: dict[str, int]
    provider_errors: dict[str, int]


class Model(BaseModel):
    component: str
    name: str


class LastTurn(BaseModel):
    generation: int
    ago_s: float
    reason: str
    is_spoken: bool
    marks_ms: dict[str, float]


class Live(BaseModel):
    """A session that is here now."""

    session_id: str
    place: int
    attached: bool = Field(description="false while it waits for its client to come back")
    state: str
    age_s: float
    idle_s: float
    avatar: str = Field(description="empty for the service's default")
    output: str
    replies: int
    last_turn: LastTurn | None


class Work(BaseModel):
    """A stage at work; times from the end of the user's turn, so those of the ear are negative."""

    stage: str
    began_ms: float
    ended_ms: float
    facts: dict[str, str | int | float]


class Turn(BaseModel):
    """One reply, for a waterfall."""

    generation: int
    asked_at: datetime = Field(description="wall clock at the end of the user's turn")
    began_ms: float = Field(description="the user began to speak")
    ended_ms: float
    reason: str
    is_spoken: bool
    marks_ms: dict[str, float]
    work: list[Work]


def latencies() -> list[Latency]:
    """Of everything that was measured at least once."""
    return [
        Latency(
            name=name,
            unit=unit,
            last_5_min=values.recent(SHORT_MIN),
            last_60_min=values.recent(LONG_MIN),
        )
        for name, unit, values in measured()
    ]


def capacity(places: int, attached: int, engine: dict[str, Any], busy_ratio: float) -> Capacity:
    return Capacity(
        places=places,
        places_left=max(0, places - attached),
        workers=engine["workers"],
        worker_busy_ratio=round(busy_ratio, 3),
    )


def counts() -> Counts:
    return Counts(
        turns=_by_labels(metrics.TURNS),
        interruptions=_by_labels(metrics.INTERRUPTIONS),
        underruns=_by_labels(metrics.UNDERRUNS).get("", 0),
        errors=_by_labels(metrics.ERRORS),
        refusals=_by_labels(metrics.REFUSALS),
        fallbacks=_by_labels(metrics.FALLBACKS),
        provider_errors=_by_labels(metrics.PROVIDER_ERRORS),
    )


def sums() -> dict[str, int]:
    """The counts whose course the history shows, over all labels."""
    told = counts()
    return {
        "turns": sum(told.turns.values()),
        "errors": sum(told.errors.values()),
        "fallbacks": sum(told.fallbacks.values()),
        "refusals": sum(told.refusals.values()),
    }


def live(seat: Seat) -> Live:
    session, now = seat.session, clock.now()
    turns = session.timeline.turns
    return Live(
        session_id=session.id,
        place=seat.number,
        attached=seat.attached,
        state=session.state,
        age_s=round(now - session.began_s, 1),
        idle_s=round(now - session.idle_since(), 1),
        avatar=session.avatar_id,
        output=session.choices.output,
        replies=session.outbox.generation,
        last_turn=_last(turns[-1], now - session.began_s) if turns else None,
    )


def turns(session: Session) -> list[Turn]:
    """The last replies that are over, oldest first."""
    began_at_s = datetime.now(UTC).timestamp() - (clock.now() - session.began_s)
    return [_turn(turn, began_at_s) for turn in session.timeline.turns]


def measured() -> Iterator[tuple[str, str, RecentHistogram]]:
    """Name, unit and values of each latency."""
    for prefix, family in (("turn", metrics.TURN_SECONDS), ("stage", metrics.STAGE_SECONDS)):
        for (label,), values in family.children():
            yield f"{prefix}.{label}", "s", values
    yield "end_of_turn", "s", metrics.END_OF_TURN_SECONDS
    yield "time_to_silence", "s", metrics.TIME_TO_SILENCE_SECONDS
    yield "interrupt", "s", metrics.INTERRUPT_SECONDS
    yield "event_loop_lag", "s", metrics.LOOP_LAG_SECONDS
    yield "render_realtime", "ratio", metrics.RENDER_RATIO


def _by_labels(counter: Counter) -> dict[str, int]:
    (family,) = counter.collect()
    return {
        ".".join(sample.labels.values()): int(sample.value)
        for sample in family.samples
        if sample.name.endswith("_total") and sample.value
    }


def _last(turn: TurnSpans, now_s: float) -> LastTurn:
    return LastTurn(
        generation=turn.generation,
        ago_s=round(now_s - turn.ended_s, 1),
        reason=turn.reason,
        is_spoken=turn.is_spoken,
        marks_ms=_marks_ms(turn),
    )


def _turn(turn: TurnSpans, began_at_s: float) -> Turn:
    def ms(at_s: float) -> float:
        return round((at_s - turn.asked_s) * 1000, 1)

    return Turn(
        generation=turn.generation,
        asked_at=datetime.fromtimestamp(began_at_s + turn.asked_s, UTC),
        began_ms=ms(turn.began_s),
        ended_ms=ms(turn.ended_s),
        reason=turn.reason,
        is_spoken=turn.is_spoken,
        marks_ms=_marks_ms(turn),
        work=[
            Work(
                stage=span.stage,
                began_ms=ms(span.began_s),
                ended_ms=ms(span.ended_s),
                facts=dict(span.facts),
            )
            for span in turn.spans
        ],
    )


def _marks_ms(turn: TurnSpans) -> dict[str, float]:
    return {mark: round(at_s * 1000, 1) for mark, at_s in turn.marks.items()}
