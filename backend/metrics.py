"""Every Prometheus series of the service, in one flat list. `docs/metrics.md` is written from it.

Base units, and in the names; counters end in `_total` by themselves. A label takes one of the few
values that `LABELS` describes: never an id, an address or anybody's words.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
    ProcessCollector,
    disable_created_metrics,
)

from backend.recent import RecentHistogram

disable_created_metrics()  # type: ignore[no-untyped-call]  # twice the series, for no use here
REGISTRY = CollectorRegistry()
ProcessCollector(registry=REGISTRY)
"""CPU time, open descriptors and start time of the gateway, under the standard names."""

LABELS = {
    "state": "`idle`, `listening`, `thinking`, `speaking`, or `detached`: waits for its client",
    "outcome": "`accepted`, `busy` (open elsewhere) or `full`",
    "reason": "a reason of the wire or of the service's own: an error code, an end, a way to "
    "interrupt",
    "found": "`here`, `store` or `nowhere`",
    "operation": "a call of the store: `load`, `save`, `delete`, `check`, or `given_up`",
    "kind": "`text` or `media`; of provider errors `unavailable`, `refused` (what "
    "was asked), `timeout`, `failed` or `crashed`; of the store `memory` or `redis`",
    "stage": "`vad`, `asr`, `llm`, `tts`, `avatar`, `send`",
    "mark": "how far a reply has come: `first_partial`, `final`, `first_token`, `first_sentence`, "
    "`first_audio`, `first_chunk`, `first_frame`, `total`",
    "place": "number of a session's place, 0 … `session.limit` - 1",
    "direction": "`in` or `out`",
    "component": "`vad`, `asr`, `llm`, `tts`, `avatar`",
    "provider": "a name of the component's chain",
    "to": "a name of the component's chain, or what stands in for it: `audio`, `text`",
    "code": "an error code of the wire; see `backend/errors.py`",
    "process": "`gateway`, `worker-0`, `worker-1` …",
    "worker": "number of a worker's slot",
    "queue": "`microphone`, `sentences`, `sounds`, `outbox`, `workers`, `timeline`, `store`",
    "model": "file or name of a model, as configured",
    "version": "of this software",
    "python": "version of the interpreter",
}

# Fine where the bars are: 0.35 s to the first picture, 0.3 s to silence, 30 ms of lag.
_TURN_S = (0.05, 0.1, 0.15, 0.2, 0.25, 0.35, 0.5, 0.75, 1.0, 1.5, 2.5, 4.0, 6.0, 10.0, 20.0)
_STAGE_S = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.35, 0.6, 1.0, 2.0, 5.0, 10.0)
_WORK_S = (0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.8, 1.5, 3.0, 6.0, 12.0, 25.0)
_STOP_S = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 1.0, 2.0)
_LAG_S = (0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.25, 1.0)
_RATIO = (0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 3.0, 5.0, 8.0, 15.0, 30.0)
_OFFSET_S = (-0.2, -0.1, -0.06, -0.04, -0.02, -0.01, 0.0, 0.01, 0.02, 0.04, 0.06, 0.1, 0.2)

# ---------------------------------------------------------------- the service

READY = Gauge("avatar_chat_ready", "1 while everything configured is loaded", registry=REGISTRY)
BUILD = Info("avatar_chat_build", "What runs: this software and its Python", registry=REGISTRY)
MODEL = Gauge(
    "avatar_chat_model_info",
    "1 for each model, or library of one, that is loaded once for all sessions",
    ["component", "model"],
    registry=REGISTRY,
)

# ---------------------------------------------------------------- who is in

SESSIONS = Gauge("avatar_chat_sessions", "Open sessions by state", ["state"], registry=REGISTRY)
PLACES = Gauge("avatar_chat_places", "Most sessions at once: session.limit", registry=REGISTRY)
ADMISSIONS = Counter(
    "avatar_chat_admissions", "Connections by outcome", ["outcome"], registry=REGISTRY
)
REFUSALS = Counter(
    "avatar_chat_refusals",
    "Connections that were refused, by the code that their client was told",
    ["reason"],
    registry=REGISTRY,
)
SESSIONS_ENDED = Counter(
    "avatar_chat_sessions_ended", "Ended sessions by reason", ["reason"], registry=REGISTRY
)
RESUMES = Counter(
    "avatar_chat_resumes",
    "Clients that came back, by where their conversation was found",
    ["found"],
    registry=REGISTRY,
)
LINES_STALLED = Counter(
    "avatar_chat_lines_stalled", "Lines given up because nothing was taken", registry=REGISTRY
)

# ---------------------------------------------------------------- how it feels

TURN_SECONDS = RecentHistogram(
    "avatar_chat_turn_seconds",
    "Time from the end of the user's turn to each mark of the reply; first_frame is on the screen, "
    "as the client says, and total is when all of it is made",
    ["mark"],
    buckets=_TURN_S,
    registry=REGISTRY,
)
LAST_TURN_SECONDS = Gauge(
    "avatar_chat_last_turn_seconds",
    "The marks of the newest reply of the session in each place",
    ["place", "mark"],
    registry=REGISTRY,
)
TURNS = Counter("avatar_chat_turns", "Replies by how they ended", ["reason"], registry=REGISTRY)
END_OF_TURN_SECONDS = RecentHistogram(
    "avatar_chat_end_of_turn_seconds",
    "Silence after which the user's turn was taken to be over",
    buckets=(0.1, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 1.5, 2.5),
    registry=REGISTRY,
)
INTERRUPTIONS = Counter(
    "avatar_chat_interruptions",
    "Replies that were cut, by what cut them",
    ["reason"],
    registry=REGISTRY,
)
TIME_TO_SILENCE_SECONDS = RecentHistogram(
    "avatar_chat_time_to_silence_seconds",
    "Time from the first sound of the user's voice over the avatar's to the order to fall silent",
    buckets=_STOP_S,
    registry=REGISTRY,
)
INTERRUPT_SECONDS = RecentHistogram(
    "avatar_chat_interrupt_seconds",
    "Time from an interruption to the end of the old reply's work",
    buckets=_STOP_S,
    registry=REGISTRY,
)
UNDERRUNS = Counter(
    "avatar_chat_underruns", "Times that playback ran dry, as clients report it", registry=REGISTRY
)
AV_OFFSET_SECONDS = Histogram(
    "avatar_chat_av_offset_seconds",
    "How much later the drawn lips move than the sound that moves them; negative when earlier",
    buckets=_OFFSET_S,
    registry=REGISTRY,
)

# ---------------------------------------------------------------- the stages

STAGE_SECONDS = RecentHistogram(
    "avatar_chat_stage_first_output_seconds",
    "Time from a stage's input to its first useful output: a verdict on a frame of sound, a "
    "transcript, a token, a sound, a picture, a chunk on the wire",
    ["stage"],
    buckets=_STAGE_S,
    registry=REGISTRY,
)
STAGE_WORK_SECONDS = Histogram(
    "avatar_chat_stage_work_seconds",
    "How long a stage was waited for until its piece was whole: a reply of the model, a sentence "
    "of the voice or of the face",
    ["stage"],
    buckets=_WORK_S,
    registry=REGISTRY,
)
RENDER_RATIO = RecentHistogram(
    "avatar_chat_render_realtime_ratio",
    "Seconds of video per second that its sentence was waited for; below 1 playback starves",
    buckets=_RATIO,
    registry=REGISTRY,
)
VIDEO_SECONDS = Counter("avatar_chat_video_seconds", "Seconds of video sent", registry=REGISTRY)
TOKENS = Counter(
    "avatar_chat_tokens", "Tokens of the language model", ["direction"], registry=REGISTRY
)
COST = Counter(
    "avatar_chat_cost",
    "Cost of the language model in the currency of llm.price_in and llm.price_out",
    registry=REGISTRY,
)

# ---------------------------------------------------------------- what fails

PROVIDER_UP = Gauge(
    "avatar_chat_provider_up",
    "0 while a provider that was tried is out of order and another one stands in for it, until it "
    "works for a visitor again; none for a provider without its settings, such as a key",
    ["component", "provider"],
    registry=REGISTRY,
)
PROVIDER_ERRORS = Counter(
    "avatar_chat_provider_errors",
    "Failures of providers by kind; to be without its settings, such as a key, is none",
    ["component", "provider", "kind"],
    registry=REGISTRY,
)
PROVIDER_CALLS = Counter(
    "avatar_chat_provider_calls",
    "Pieces of work that providers were asked for",
    ["component", "provider"],
    registry=REGISTRY,
)
FALLBACKS = Counter(
    "avatar_chat_fallbacks",
    "Providers that failed and were replaced by the next, and replies of which a part could not be "
    "made; neither a provider without its settings, such as a key, nor one that is back",
    ["component", "to"],
    registry=REGISTRY,
)
ERRORS = Counter(
    "avatar_chat_errors", "Errors sent to clients by code", ["code"], registry=REGISTRY
)

# ---------------------------------------------------------------- queues and wires

QUEUE_ITEMS = Gauge(
    "avatar_chat_queue_items",
    "What waits between two parts of the service, over all sessions",
    ["queue"],
    registry=REGISTRY,
)
OUTBOX_BYTES = Gauge(
    "avatar_chat_outbox_bytes", "Bytes of media that wait for slow clients", registry=REGISTRY
)
SENT_BYTES = Counter("avatar_chat_sent_bytes", "Bytes sent to clients", ["kind"], registry=REGISTRY)
STALE_DROPS = Counter(
    "avatar_chat_stale_drops",
    "Messages of an older generation that were not sent",
    registry=REGISTRY,
)
TIMELINE_LOST = Counter(
    "avatar_chat_timeline_lost_events",
    "Timeline events that the disk did not take: it was too slow, or is full",
    registry=REGISTRY,
)
STORE_UP = Gauge(
    "avatar_chat_store_up",
    "1 while the store of conversations answers",
    ["kind"],
    registry=REGISTRY,
)
STORE_FAILURES = Counter(
    "avatar_chat_store_failures",
    "Calls of the session store that failed",
    ["operation"],
    registry=REGISTRY,
)

# ---------------------------------------------------------------- the machine

LOOP_LAG_SECONDS = RecentHistogram(
    "avatar_chat_event_loop_lag_seconds",
    "How late the event loop runs a timer",
    buckets=_LAG_S,
    registry=REGISTRY,
)
MEMORY_BYTES = Gauge(
    "avatar_chat_resident_memory_bytes",
    "Resident memory by process, with what files lend, such as the loops of the faces",
    ["process"],
    registry=REGISTRY,
)
PRIVATE_MEMORY_BYTES = Gauge(
    "avatar_chat_private_memory_bytes",
    "Resident memory by process that no file lends",
    ["process"],
    registry=REGISTRY,
)
MEMORY_CEILING_BYTES = Gauge(
    "avatar_chat_memory_ceiling_bytes",
    "Private memory of all processes together above which sessions are ended: "
    "session.memory_ceiling_mb",
    registry=REGISTRY,
)
WORKERS = Gauge("avatar_chat_workers", "Worker processes that run", registry=REGISTRY)
WANTED_WORKERS = Gauge(
    "avatar_chat_wanted_workers", "Worker processes that are to run", registry=REGISTRY
)
WORKER_BUSY_SECONDS = Counter(
    "avatar_chat_worker_busy_seconds", "Seconds of work done", ["worker"], registry=REGISTRY
)
WORKER_RESTARTS = Counter(
    "avatar_chat_worker_restarts", "Worker processes that had to be replaced", registry=REGISTRY
)


def begin_at_zero(chains: Mapping[str, Sequence[str]], refusals: Iterable[str]) -> None:
    """Show what can happen before it does: a series that appears with a 1 has not increased.

    chains: providers by component. refusals: codes with which a client may be turned away.
    """
    for outcome in ("accepted", "busy", "full"):
        ADMISSIONS.labels(outcome)
    for code in refusals:
        REFUSALS.labels(code)
    for end in ("completed", "interrupted", "failed"):
        TURNS.labels(end)
    for direction in ("in", "out"):
        TOKENS.labels(direction)
    for component, providers in chains.items():
        for provider in providers:
            PROVIDER_CALLS.labels(component, provider)
            for kind in ("unavailable", "refused", "timeout", "failed", "crashed"):
                PROVIDER_ERRORS.labels(component, provider, kind)
        for stand_in in providers[1:]:
            FALLBACKS.labels(component, stand_in)
    FALLBACKS.labels("avatar", "audio")
    FALLBACKS.labels("tts", "text")
