"""What the gateway says where there is no place for a newcomer."""

from __future__ import annotations

from types import SimpleNamespace

import httpx
import pytest
from fastapi import FastAPI

from backend.api import refused, rest
from backend.errors import ServiceLeaving, SessionError


@pytest.mark.parametrize(
    ("closed_for", "is_full", "words"),
    [
        (ServiceLeaving("It moves."), False, "It moves."),
        (None, True, "All places are taken. Please try again in a moment."),
    ],
)
async def test_a_session_that_cannot_be_is_refused_as_everywhere(
    closed_for: SessionError | None, is_full: bool, words: str
) -> None:
    app = FastAPI()
    app.include_router(rest.router)
    app.add_exception_handler(refused.Refused, refused.refusal)
    manager = SimpleNamespace(closed_for=closed_for, is_full=lambda: is_full)
    app.state.service = SimpleNamespace(manager=manager)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
        answer = await http.post("/api/session/create")
    assert (answer.status_code, answer.json()) == (503, {"error": words})
