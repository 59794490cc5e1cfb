"""Every Prometheus series of the service, in one flat list. Units are in the names."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

REGISTRY = CollectorRegistry()

_FAST_S = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.35, 0.6, 1.0, 2.0, 5.0)
_SLOW_S = (0.05, 0.1, 0.2, 0.35, 0.6, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 20.0)

SESSIONS = Gauge("avatar_chat_sessions", "Open sessions by state", ["state"], registry=REGISTRY)
ADMISSIONS = Counter(
    "avatar_chat_admissions", "Connections by outcome", ["outcome"], registry=REGISTRY
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
OUTBOX_MESSAGES = Gauge(
    "avatar_chat_outbox_messages", "Messages that wait for slow clients", registry=REGISTRY
)
OUTBOX_BYTES = Gauge(
    "avatar_chat_outbox_bytes", "Bytes of media that wait for slow clients", registry=REGISTRY
)
STORE_FAILURES = Counter(
    "avatar_chat_store_failures",
    "Calls of the session store that failed",
    ["operation"],
    registry=REGISTRY,
)
STORE_WAITING = Gauge(
    "avatar_chat_store_waiting", "Conversations not saved yet", registry=REGISTRY
)
TURNS = Counter("avatar_chat_turns", "Replies by how they ended", ["reason"], registry=REGISTRY)
STAGE_SECONDS = Histogram(
    "avatar_chat_stage_first_output_seconds",
    "Time from a stage's input to its first useful output",
    ["stage"],
    buckets=_FAST_S,
    registry=REGISTRY,
)
TURN_SECONDS = Histogram(
    "avatar_chat_turn_seconds",
    "Time from the end of the user's turn to each mark of the reply: first_partial and final "
    "transcript, first_token, first_sentence, first_audio, first_chunk, first_frame (shown), total",
    ["mark"],
    buckets=_SLOW_S,
    registry=REGISTRY,
)
INTERRUPT_SECONDS = Histogram(
    "avatar_chat_interrupt_seconds",
    "Time from an interruption to the end of the old reply's work",
    buckets=_FAST_S,
    registry=REGISTRY,
)
VIDEO_SECONDS = Counter("avatar_chat_video_seconds", "Seconds of video sent", registry=REGISTRY)
SENT_BYTES = Counter("avatar_chat_sent_bytes", "Bytes sent to clients", ["kind"], registry=REGISTRY)
STALE_DROPS = Counter(
    "avatar_chat_stale_drops",
    "Messages of an older generation that were not sent",
    registry=REGISTRY,
)
TOKENS = Counter(
    "avatar_chat_tokens", "Tokens of the language model", ["direction"], registry=REGISTRY
)
COST = Counter(
    "avatar_chat_cost",
    "Cost of the language model in the currency of llm.price_in and llm.price_out",
    registry=REGISTRY,
)
FALLBACKS = Counter(
    "avatar_chat_fallbacks", "Provider replacements", ["component", "to"], registry=REGISTRY
)
ERRORS = Counter(
    "avatar_chat_errors", "Errors sent to clients by code", ["code"], registry=REGISTRY
)
UNDERRUNS = Counter(
    "avatar_chat_underruns", "Playback underruns reported by clients", registry=REGISTRY
)
TIMELINE_LOST = Counter(
    "avatar_chat_timeline_lost_events",
    "Timeline events that the disk was too slow for",
    registry=REGISTRY,
)
LOOP_LAG_SECONDS = Histogram(
    "avatar_chat_event_loop_lag_seconds",
    "How late the event loop runs a timer",
    buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.25, 1.0),
    registry=REGISTRY,
)
MEMORY_BYTES = Gauge(
    "avatar_chat_resident_memory_bytes",
    "Resident memory by process role",
    ["role"],
    registry=REGISTRY,
)
WORKER_BUSY_SECONDS = Gauge(
    "avatar_chat_worker_busy_seconds",
    "Seconds of work done since start",
    ["worker"],
    registry=REGISTRY,
)
WORKER_RESTARTS = Gauge(
    "avatar_chat_worker_restarts", "Worker processes that had to be replaced", registry=REGISTRY
)
READY = Gauge("avatar_chat_ready", "1 while everything configured is loaded", registry=REGISTRY)
