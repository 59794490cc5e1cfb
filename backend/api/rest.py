"""Health, readiness, metrics, the id of a session to come, and what stands where a page is
missing."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel, Field

from backend import metrics
from backend.api.refused import Refused
from backend.api.service import Service, service_of
from backend.session.manager import new_session_id

router = APIRouter()


def readiness(service: Service) -> Ready:
    failure = service.keeper.health().failure
    return Ready(
        ready=service.readiness.ready,
        pending=service.readiness.pending,
        warnings={"store": failure} if failure else None,
    )


class Health(BaseModel):
    status: str
    version: str


class Ready(BaseModel):
    ready: bool
    pending: dict[str, str] = Field(description="what is not loaded yet, and why")
    warnings: dict[str, str] | None = Field(
        None, description="what fails without keeping anybody from talking; absent when all is well"
    )


class CreatedSession(BaseModel):
    session_id: str
    ws_url: str


@router.get("/health")
def health(request: Request) -> Health:
    """The process answers."""
    return Health(status="ok", version=service_of(request).version)


@router.get("/readyz", responses={503: {"model": Ready}}, response_model_exclude_none=True)
def readyz(request: Request, response: Response) -> Ready:
    """Green when everything configured is really loaded.

    A store that cannot be reached is a warning: conversations go on without it, and to take every
    backend that shares it out of service would end them.
    """
    ready = readiness(service_of(request))
    response.status_code = 200 if ready.ready else 503
    return ready


@router.get("/metrics", response_class=Response)
def prometheus() -> Response:
    return Response(generate_latest(metrics.REGISTRY), media_type=CONTENT_TYPE_LATEST)


@router.post("/api/session/create", status_code=201)
def create_session(request: Request) -> CreatedSession:
    """An id and the address to connect to. The place is taken when the socket opens."""
    service = service_of(request)
    if service.manager.closed_for is not None:
        raise Refused(503, service.manager.closed_for.message)
    if service.manager.is_full():
        raise Refused(503, "All places are taken. Please try again in a moment.")
    session_id = new_session_id()
    scheme = "wss" if request.url.scheme == "https" else "ws"
    return CreatedSession(
        session_id=session_id, ws_url=f"{scheme}://{request.url.netloc}/ws/{session_id}"
    )


def not_built(page_dir: Path) -> JSONResponse:
    """What is said in the place of a page that has not been built."""
    return JSONResponse(
        {"error": f"The page is not built: {page_dir} is missing. Run `make page`."}, 503
    )
