"""OpenTelemetry traces, sent over OTLP/HTTP: one per reply, a span for each stage's work in it.

Made of a reply's `TurnSpans` when it is over, so nothing is traced along the way and nothing slows
a conversation down. Attributes are names and numbers, never words. The SDK takes 0.3 s and 13 MiB,
so it is imported only where an endpoint is set. It queues a bounded number of spans and sends them
from a thread of its own; what a collector does not take in time is dropped.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from threading import Thread
from typing import Protocol

import structlog

from backend.config import TracingSettings
from backend.session.timeline.spans import Fact, Span, TurnSpans

EXPORT_TIMEOUT_S = 5.0
"""Bound on one request to the collector."""

CLOSE_WITHIN_S = 4.0
"""Bound on sending what waits at the end of the service; what is left then is dropped."""

MOST_SPANS = 300
"""Of one reply; the last chunks of a very long one have none."""

NAMES = {"avatar": "render"}
"""Where the span of a stage is called otherwise."""

log = structlog.get_logger()


class Tracer(Protocol):
    def trace(self, session_id: str, epoch_s: float, turn: TurnSpans) -> None:
        """Send a reply that is over. `epoch_s`: Unix time of the session's second 0."""
        ...

    def close(self) -> None:
        """Send what waits, in bounded time. Blocks."""
        ...


class NoTracer:
    """Where no endpoint is set."""

    def trace(self, session_id: str, epoch_s: float, turn: TurnSpans) -> None: ...

    def close(self) -> None: ...


def open_tracer(settings: TracingSettings, version: str) -> Tracer:
    if settings.otlp_endpoint is None:
        return NoTracer()
    return OtlpTracer(settings.otlp_endpoint, settings.service_name, version)


class OtlpTracer:
    """To the collector at `endpoint`, its base address."""

    def __init__(self, endpoint: str, service_name: str, version: str) -> None:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        about = {"service.name": service_name, "service.version": version}
        self._provider = TracerProvider(resource=Resource.create(about), shutdown_on_exit=False)
        exporter = OTLPSpanExporter(f"{endpoint.rstrip('/')}/v1/traces", timeout=EXPORT_TIMEOUT_S)
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("avatar_chat", version)

    def trace(self, session_id: str, epoch_s: float, turn: TurnSpans) -> None:
        from opentelemetry.context import Context
        from opentelemetry.trace import StatusCode, set_span_in_context

        def nanoseconds(seconds: float) -> int:
            return round((epoch_s + seconds) * 1e9)

        root = self._tracer.start_span(
            "turn",
            context=Context(),
            start_time=nanoseconds(turn.began_s),
            attributes=_about(session_id, turn),
        )
        within = set_span_in_context(root, Context())
        for span in turn.spans[:MOST_SPANS]:
            child = self._tracer.start_span(
                NAMES.get(span.stage, span.stage),
                context=within,
                start_time=nanoseconds(span.began_s),
                attributes=dict(_attributes(span)),
            )
            child.end(nanoseconds(span.ended_s))
        if turn.reason == "failed":
            root.set_status(StatusCode.ERROR)
        root.end(nanoseconds(turn.ended_s))

    def close(self) -> None:
        # The SDK would send the whole queue, request after request, for half a minute. Its threads
        # and this one are daemons: they keep no process from ending.
        closing = Thread(target=self._provider.shutdown, name="tracer-close", daemon=True)
        closing.start()
        closing.join(CLOSE_WITHIN_S)
        if closing.is_alive():
            log.warning("tracing.closed_early", bound_s=CLOSE_WITHIN_S)


def _about(session_id: str, turn: TurnSpans) -> Mapping[str, Fact]:
    return {
        "session.id": session_id,
        "turn.generation": turn.generation,
        "turn.reason": turn.reason,
        "turn.kind": "spoken" if turn.is_spoken else "typed",
        **{f"turn.{mark}_ms": round(at_s * 1000, 1) for mark, at_s in turn.marks.items()},
    }


def _attributes(span: Span) -> Iterator[tuple[str, Fact]]:
    for name, value in span.facts.items():
        yield f"{span.stage}.{name}", value
