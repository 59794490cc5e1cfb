"""How a route refuses a request: with a status code and `{"error": …}`."""

from __future__ import annotations

from fastapi import Request, Response
from fastapi.responses import JSONResponse


class Refused(Exception):
    """`words` are for people, and say what to do instead where there is anything."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status


def refusal(_: Request, error: Exception) -> Response:
    """How FastAPI answers `Refused`."""
    assert isinstance(error, Refused)
    return JSONResponse({"error": str(error)}, error.status)
