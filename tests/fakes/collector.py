"""An OpenTelemetry collector: takes OTLP over HTTP, as protobuf, and keeps the spans."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.fakes.server import serving


@dataclass
class FakeCollector:
    endpoint: str = ""
    spans: list[Span] = field(default_factory=list)
    services: set[str] = field(default_factory=set)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    hangs: bool = False

    async def take(self, request: web.Request) -> web.Response:
        if self.hangs:
            self.arrived.set()
            await asyncio.Event().wait()
        assert request.content_type == "application/x-protobuf"
        body = await request.read()
        if request.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        sent = ExportTraceServiceRequest.FromString(body)
        for resource in sent.resource_spans:
            about = {one.key: one.value.string_value for one in resource.resource.attributes}
            self.services.add(about["service.name"])
            for scope in resource.scope_spans:
                self.spans += scope.spans
        self.arrived.set()
        answer = ExportTraceServiceResponse().SerializeToString()
        return web.Response(body=answer, content_type="application/x-protobuf")

    def traces(self) -> Mapping[bytes, list[Span]]:
        found: dict[bytes, list[Span]] = {}
        for span in self.spans:
            found.setdefault(span.trace_id, []).append(span)
        return found


@asynccontextmanager
async def fake_collector() -> AsyncIterator[FakeCollector]:
    """Yields the fake; its `endpoint` is what the service needs."""
    fake = FakeCollector()
    app = web.Application()
    app.router.add_post("/v1/traces", fake.take)
    async with serving(app) as address:
        fake.endpoint = f"http://{address}"
        yield fake
