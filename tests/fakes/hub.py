"""A model hub: lists a repository's files with digests and serves them, in parts if asked.

`break_after` cuts each connection after so many bytes of a large file, `times` times.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

from tests.fakes.server import serving

LARGE_BYTES = 1000
"""Files from here on are listed with a SHA-256, as the hub does with files in LFS."""


@dataclass
class FakeHub:
    repository: str
    files: Mapping[str, bytes]
    break_after: int = 0
    times: int = 0
    corrupt: frozenset[str] = frozenset()
    page: str = ""
    """What a proxy answers in its place."""
    url: str = ""
    ranges: list[tuple[str, str]] = field(default_factory=list)
    """File and `Range` header of every fetch."""

    async def listing(self, request: web.Request) -> web.Response:
        if self.page:
            return web.Response(text=self.page, content_type="text/html")
        return web.json_response([_entry(name, data) for name, data in self.files.items()])

    async def file(self, request: web.Request) -> web.StreamResponse:
        name, span = request.match_info["name"], request.headers.get("Range", "")
        if name not in self.files:
            raise web.HTTPNotFound
        self.ranges.append((name, span))
        start = int(span.removeprefix("bytes=").rstrip("-")) if span else 0
        data = self.files[name][start:]
        if name in self.corrupt:
            data = bytes(len(data))
        response = web.StreamResponse(status=206 if start else 200)
        response.content_length = len(data)
        await response.prepare(request)
        if self.times and self.break_after and len(data) > self.break_after:
            self.times -= 1
            await response.write(data[: self.break_after])
            await response.drain()
            assert request.transport is not None
            request.transport.close()
            return response
        await response.write(data)
        return response


@asynccontextmanager
async def fake_hub(
    repository: str, files: Mapping[str, bytes], **fields: object
) -> AsyncIterator[FakeHub]:
    """Yields the fake; its `url` is the mirror's address."""
    fake = FakeHub(repository, files, **fields)  # type: ignore[arg-type]  # only its own fields
    app = web.Application()
    app.router.add_get(f"/api/models/{repository}/tree/main", fake.listing)
    app.router.add_get(f"/{repository}/resolve/main/{{name}}", fake.file)
    async with serving(app) as address:
        fake.url = f"http://{address}"
        yield fake


def _entry(name: str, data: bytes) -> dict[str, object]:
    git = hashlib.sha1(f"blob {len(data)}\0".encode() + data, usedforsecurity=False).hexdigest()
    entry: dict[str, object] = {"type": "file", "path": name, "size": len(data), "oid": git}
    if len(data) >= LARGE_BYTES:
        entry["lfs"] = {"oid": hashlib.sha256(data).hexdigest(), "size": len(data)}
    return entry
