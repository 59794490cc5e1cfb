"""The routes of what a page shows while nobody speaks: avatars, their loops and posters."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import structlog
from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import FileResponse

from backend.api.refused import Refused
from backend.api.service import Service, avatar_info, service_of
from backend.avatar.packages.package import POSTER, AvatarPackage
from backend.avatar.packages.shelf import find_avatar
from backend.avatar.packages.stacked_clip import stacked_clip
from backend.avatar.packages.track_cache import TrackCache
from backend.errors import BrokenAvatar, UnknownAvatar
from backend.protocol import AvatarInfo, Clip

router = APIRouter()
log = structlog.get_logger()

# An avatar may be made anew under its name, so a copy is asked about each time.
_HEADERS = {"Cache-Control": "no-cache"}


@router.get("/api/avatars")
def avatars(request: Request) -> list[AvatarInfo]:
    """Every avatar that can be used."""
    return [avatar_info(package) for package in service_of(request).avatars]


@router.get("/avatars/{avatar_id}/{name}", response_class=FileResponse)
async def avatar_file(
    request: Request,
    avatar_id: str,
    name: str,
    alpha: Annotated[
        Literal["stacked"] | None, Query(description="the loop with its matte below")
    ] = None,
) -> Response:
    """The loops and the poster of an avatar; nothing else of its package is served."""
    service = service_of(request)
    package = await run_in_threadpool(_find, service, avatar_id)
    clips: dict[str, Clip] = {f"{clip}.mp4": clip for clip in package.card.clips}
    if name in clips and alpha and package.has_matte:
        path = await _stacked(service, package, clips[name])
        # It is named after what is in it, and its time is that of its last use.
        return await run_in_threadpool(_answer, request, path, "video/mp4", path.stem)
    if alpha or name not in (*clips, POSTER):
        raise Refused(404, "There is no such avatar file. See /api/avatars.")
    kind = "image/jpeg" if name == POSTER else "video/mp4"
    path = package.root / name
    version = await run_in_threadpool(_version, path)
    return await run_in_threadpool(_answer, request, path, kind, version)


async def _stacked(service: Service, package: AvatarPackage, clip: Clip) -> Path:
    settings = service.settings.avatar
    cache = TrackCache(settings.cache_dir, settings.cache_mb * 1_000_000)
    try:
        # One at a time: who asks meanwhile waits here, and holds no thread.
        async with service.making_clips:
            return await run_in_threadpool(stacked_clip, package, clip, cache)
    except BrokenAvatar as error:
        raise Refused(500, error.message) from error
    except OSError as error:
        log.warning("avatar.no_stacked_clip", avatar=package.card.id, problem=str(error))
        raise Refused(503, "It cannot be kept. See the setting avatar.cache_dir.") from error


def _answer(request: Request, path: Path, kind: str, version: str) -> Response:
    """The file, the part of it that was asked for, or that the copy at hand is still good."""
    headers = {**_HEADERS, "ETag": f'"{version}"'}
    known = request.headers.get("if-none-match", "").split(",")
    if headers["ETag"] in (tag.strip() for tag in known):
        return Response(status_code=304, headers=headers)
    return FileResponse(path, media_type=kind, headers=headers, stat_result=path.stat())


def _version(path: Path) -> str:
    found = path.stat()
    return f"{found.st_mtime_ns:x}-{found.st_size:x}"


def _find(service: Service, avatar_id: str) -> AvatarPackage:
    try:
        return find_avatar(service.settings.avatar.dir, avatar_id)
    except (UnknownAvatar, BrokenAvatar):
        raise Refused(404, "There is no such avatar. See /api/avatars.") from None
