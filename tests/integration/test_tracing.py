"""One trace per reply, told to a real OTLP receiver, without a word of it."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from typing import Any

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from structlog.testing import capture_logs

from backend import tracing
from backend.config import TracingSettings
from backend.session.timeline.spans import TurnSpans
from backend.tracing import NoTracer, OtlpTracer, open_tracer
from tests.conftest import Serve
from tests.fakes.collector import FakeCollector, fake_collector
from tests.integration.test_listening import microphone, quiet, say, speak
from tests.ws_client import joined

SECRET = "xylophone"


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "100")


def attributes(span: Span) -> dict[str, Any]:
    return {
        one.key: getattr(one.value, one.value.WhichOneof("value") or "") for one in span.attributes
    }


async def until_turns(collector: FakeCollector, count: int) -> list[list[Span]]:
    async with asyncio.timeout(60):
        while sum(span.name == "turn" for span in collector.spans) < count:
            collector.arrived.clear()
            await collector.arrived.wait()
    return list(collector.traces().values())


async def test_every_reply_is_a_trace_with_a_span_for_each_stage(serve: Serve) -> None:
    async with (
        fake_collector() as collector,
        serve(tracing={"otlp_endpoint": collector.endpoint}) as base,
        joined(f"ws://{base}/ws/new") as client,
    ):
        began = time.time()
        await client.send("text", text=f"My {SECRET} sings.")
        await client.until("turn_end", reason="completed")
        async with microphone(client):
            await speak(client, say("Hello, how are you today?"), quiet(1))
            await client.until("turn_end", reason="completed")
        typed, spoken = await until_turns(collector, 2)
    assert collector.services == {"avatar-chat"}
    (root,) = [span for span in typed if span.name == "turn"]
    about = attributes(root)
    assert about["session.id"] == client.ready["session_id"]
    assert (about["turn.generation"], about["turn.kind"]) == (1, "typed")
    assert about["turn.reason"] == "completed" and about["turn.first_chunk_ms"] > 0
    assert {span.name for span in typed} == {"turn", "llm", "tts", "render", "send"}
    assert {span.name for span in spoken} == {span.name for span in typed} | {"vad", "asr"}
    for trace in (typed, spoken):
        check_tree(trace, began)
    sentences = [attributes(s)["tts.sentence_index"] for s in typed if s.name == "tts"]
    assert sentences == list(range(len(sentences)))
    said = "".join(str(span) for span in collector.spans)
    assert SECRET not in said and "Hello" not in said


def check_tree(trace: list[Span], began: float) -> None:
    """One root around everything, at the time at which it was."""
    (root,) = [span for span in trace if not span.parent_span_id]
    assert began <= root.start_time_unix_nano / 1e9 <= root.end_time_unix_nano / 1e9 <= time.time()
    for span in trace:
        if span is not root:
            assert span.parent_span_id == root.span_id
        assert root.start_time_unix_nano <= span.start_time_unix_nano <= span.end_time_unix_nano
        assert span.end_time_unix_nano <= root.end_time_unix_nano
        assert len(span.attributes) <= 16


async def test_a_collector_that_is_away_costs_nobody_a_word(serve: Serve) -> None:
    async with (
        serve(tracing={"otlp_endpoint": "http://127.0.0.1:9"}) as base,
        joined(f"ws://{base}/ws/new", output="text") as client,
    ):
        await client.send("text", text="Hello.")
        await client.until("turn_end", reason="completed")
        stopping = time.monotonic()
    assert time.monotonic() - stopping < 20


async def test_what_still_waits_is_sent_at_the_end(serve: Serve) -> None:
    async with fake_collector() as collector:
        async with (
            serve(tracing={"otlp_endpoint": collector.endpoint}) as base,
            joined(f"ws://{base}/ws/new", output="text") as client,
        ):
            await client.send("text", text="Hello.")
            await client.until("turn_end", reason="completed")
        assert [span.name for span in collector.spans if span.name == "turn"] == ["turn"]


async def test_a_failed_reply_is_an_error() -> None:
    async with fake_collector() as collector:
        tracer = OtlpTracer(collector.endpoint, "avatar-chat", "1")
        tracer.trace("s", 1000.0, TurnSpans(1, 1.0, 1.0, 2.0, "failed", False, {}, ()))
        await asyncio.to_thread(tracer.close)
        (span,) = collector.spans
        assert span.status.code == 2 and span.start_time_unix_nano == 1001 * 10**9


async def test_a_collector_that_hangs_does_not_hold_up_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tracing, "EXPORT_TIMEOUT_S", 20.0)
    monkeypatch.setattr(tracing, "CLOSE_WITHIN_S", 0.1)
    async with fake_collector() as collector:
        collector.hangs = True
        tracer = OtlpTracer(collector.endpoint, "avatar-chat", "1")
        tracer.trace("s", 1000.0, TurnSpans(1, 1.0, 1.0, 2.0, "completed", False, {}, ()))
        async with asyncio.timeout(10):
            await collector.arrived.wait()
        with capture_logs() as logs:
            async with asyncio.timeout(10):
                await asyncio.to_thread(tracer.close)
    assert [line["event"] for line in logs] == ["tracing.closed_early"]


def test_without_an_endpoint_nothing_of_it_is_even_imported() -> None:
    assert isinstance(open_tracer(TracingSettings(), "1"), NoTracer)
    script = "import sys, backend.app; print('opentelemetry.sdk' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"
