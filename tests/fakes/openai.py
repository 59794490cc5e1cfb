"""An OpenAI-compatible chat endpoint that streams a scripted reply.

Modes: `ok`; `slow` (waits for `gate` before the first word); `hang` (never answers); `cut` (the
connection breaks after `cut_after` words); `uncounted` (does not know what the answer has cost);
`garbage` (events that are no JSON); `page` (a web page in the place of an answer); `reasoning`
(takes neither `temperature` nor `max_tokens`); or an HTTP status such as `401`, `429`, `500`.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.fakes.server import serving


@dataclass
class FakeOpenAi:
    mode: str = "ok"
    reply: str = "Hello from the model. I can hear you well."
    cut_after: int = 3
    base_url: str = ""
    requests: list[dict[str, Any]] = field(default_factory=list)
    """The JSON bodies."""
    keys: list[str] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    hung_up: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when a client leaves before its answer is complete."""

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(await request.json())
        self.keys.append(request.headers.get("Authorization", ""))
        if self.mode.isdigit():
            return web.json_response({"error": {"message": "no"}}, status=int(self.mode))
        for option in ("max_tokens", "temperature"):
            if self.mode == "reasoning" and option in self.requests[-1]:
                return web.json_response({"error": {"message": "no", "param": option}}, status=400)
        if self.mode == "page":
            return web.Response(text="<html>Please log in.</html>", content_type="text/html")
        try:
            return await self._stream(request)
        except (asyncio.CancelledError, ConnectionResetError):
            self.hung_up.set()
            raise

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        if self.mode in ("slow", "hang"):
            await self.gate.wait()
        if self.mode == "garbage":
            await response.write(b'data: {"id": \xff\xfe, broken\n\n')
            return response
        for index, word in enumerate(re.findall(r"\S+\s*", self.reply)):
            if self.mode == "cut" and index == self.cut_after:
                assert request.transport is not None
                request.transport.abort()
                return response
            if self.mode == "gated" and index == self.cut_after:
                await self.gate.wait()
            await response.write(_event({"content": word}))
        await response.write(_event({}, finish_reason="stop"))
        asked = self.requests[-1]
        if asked.get("stream_options", {}).get("include_usage"):
            tokens = None if self.mode == "uncounted" else len(asked["messages"])
            await response.write(_usage(prompt_tokens=tokens, completion_tokens=9))
        await response.write(b"data: [DONE]\n\n")
        return response


@asynccontextmanager
async def fake_openai(mode: str = "ok", **fields: Any) -> AsyncIterator[FakeOpenAi]:
    """Yields the fake; its `base_url` is what the client needs."""
    fake = FakeOpenAi(mode, **fields)
    app = web.Application()
    app.router.add_post("/v1/chat/completions", fake.answer)
    async with serving(app) as address:
        fake.base_url = f"http://{address}/v1"
        yield fake


def _event(delta: dict[str, str], finish_reason: str | None = None) -> bytes:
    chunk = {
        "id": "chat-1",
        "object": "chat.completion.chunk",
        "created": 0,
        "model": "scripted",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish_reason}],
    }
    return f"data: {json.dumps(chunk)}\n\n".encode()


def _usage(**tokens: int | None) -> bytes:
    chunk = {
        "id": "chat-1",
        "object": "chat.completion.chunk",
        "created": 0,
        "model": "scripted",
        "choices": [],
        "usage": tokens | {"total_tokens": sum(filter(None, tokens.values()))},
    }
    return f"data: {json.dumps(chunk)}\n\n".encode()
