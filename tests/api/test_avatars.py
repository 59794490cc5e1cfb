"""What the gateway says to who would make an avatar where that cannot be."""

from __future__ import annotations

from types import SimpleNamespace
from unittest.mock import AsyncMock

import httpx
from fastapi import FastAPI

from backend.api import avatars, refused
from backend.config import Settings
from backend.errors import ServiceLeaving


async def test_a_service_that_leaves_begins_no_avatar() -> None:
    app = FastAPI()
    app.include_router(avatars.router)
    app.add_exception_handler(refused.Refused, refused.refusal)
    manager = SimpleNamespace(closed_for=ServiceLeaving("It moves."))
    atelier = AsyncMock()
    app.state.service = SimpleNamespace(settings=Settings(), manager=manager, atelier=atelier)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
        answer = await http.post("/api/avatars", params={"name": "Anna"}, content=b"a photo")
    assert (answer.status_code, answer.json()) == (503, {"error": "It moves."})
    assert not atelier.take.called
