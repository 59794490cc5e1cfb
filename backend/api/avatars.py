"""The routes that make and delete avatars. How one is made is the business of `avatar.create`."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.requests import ClientDisconnect

from backend.api.refused import Refused
from backend.api.rights import require_creation
from backend.api.service import service_of
from backend.avatar.create import refusals as r
from backend.avatar.create.atelier import MOST_NAME_CHARS
from backend.avatar.create.job import Job, Progress
from backend.avatar.create.progress import Step
from backend.avatar.packages.package import AvatarPackage
from backend.avatar.packages.removal import remove
from backend.avatar.packages.shelf import find_folder
from backend.avatar.packages.track_cache import TrackCache
from backend.errors import AvatarNotCreated, BrokenAvatar, UnknownAvatar

router = APIRouter()

MAX_WAIT_S = 25.0  # below the patience of common proxies

_STATUS: dict[type[AvatarNotCreated], int] = {
    r.NotAllowed: 403,
    r.CreationOff: 403,
    r.CreationBusy: 409,
    r.TooLarge: 413,
    r.Unreadable: 415,
    r.NoFinder: 503,
    r.TooSlow: 408,
}


class Creation(BaseModel):
    """Whether who asks may make avatars here."""

    allowed: bool
    code: str | None = Field(None, description="why not, for programs")
    error: str | None = Field(None, description="why not")
    max_mb: int
    max_name_chars: int = MOST_NAME_CHARS


class Started(BaseModel):
    job: str
    steps: tuple[Step, ...] = Field(description="in their order")


def refusal(_: Request, error: Exception) -> Response:
    """How FastAPI answers `AvatarNotCreated`."""
    assert isinstance(error, AvatarNotCreated)
    status = _STATUS.get(type(error), 422)
    return JSONResponse({"error": error.message, "code": error.code}, status)


@router.get("/api/avatars/creation")
def creation(request: Request) -> Creation:
    service = service_of(request)
    max_mb = service.settings.avatar.creation_max_mb
    try:
        require_creation(request, service.settings)
        service.atelier.require_finder()
    except AvatarNotCreated as error:
        return Creation(allowed=False, code=error.code, error=error.message, max_mb=max_mb)
    return Creation(allowed=True, max_mb=max_mb)


@router.post("/api/avatars", status_code=202)
async def create(
    request: Request, name: Annotated[str, Query(description="what the page calls it")]
) -> Started:
    """The body is a photo or a video, as it is. Only of people who agree to it."""
    service = service_of(request)
    require_creation(request, service.settings)
    leaving = service.manager.closed_for
    if leaving is not None:  # what is begun now would not come to its end
        raise Refused(503, leaving.message)
    try:
        job = await service.atelier.take(name, request.stream())
    except ClientDisconnect:
        raise Refused(400, "The upload broke off.") from None
    return Started(job=job.id, steps=job.steps)


@router.get("/api/avatar-jobs/{job_id}")
async def progress(
    request: Request,
    job_id: str,
    after: Annotated[int, Query(description="`number` of what you know")] = -1,
    wait_s: Annotated[float, Query(ge=0, description="how long to wait for news")] = 20.0,
) -> Progress:
    """How far it is, as soon as that is news."""
    return await _job(request, job_id).after(after, min(wait_s, MAX_WAIT_S))


@router.delete("/api/avatar-jobs/{job_id}", status_code=204)
async def cancel(request: Request, job_id: str) -> None:
    """What is done stays done."""
    if not _job(request, job_id).is_over:
        await service_of(request).atelier.cancel()


@router.delete("/api/avatars/{avatar_id}", status_code=204)
async def delete(request: Request, avatar_id: str) -> None:
    """Only what was made of somebody's photo or video can be deleted."""
    service = service_of(request)
    require_creation(request, service.settings)
    try:
        package = AvatarPackage.load(find_folder(service.settings.avatar.dir, avatar_id))
    except (UnknownAvatar, BrokenAvatar) as error:
        raise Refused(404, error.message) from None
    if package.card.made_of is None:
        raise Refused(403, "This avatar came with the service. Its folder can be removed by hand.")
    cache = TrackCache(service.settings.avatar.cache_dir)
    await run_in_threadpool(remove, package.root, cache)


def _job(request: Request, job_id: str) -> Job:
    """Whoever knows its id is the one who began it."""
    job = service_of(request).atelier.find(job_id)
    if job is None:
        raise Refused(404, "There is no such job. Only the last one is remembered.")
    return job
