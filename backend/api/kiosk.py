"""What a screen in a lobby asks the service for: its settings, and the images that go with them."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse
from pydantic import BaseModel, Field

from backend.api.refused import Refused
from backend.api.service import service_of
from backend.config import KIOSK_BACKGROUNDS, KioskSettings
from backend.opening_hours import minute_of_day, open_week

router = APIRouter()

_HEADERS = {"Cache-Control": "no-cache"}


class Kiosk(BaseModel):
    """The settings `kiosk.*`, as the page takes them."""

    avatar: str | None = Field(description="id; none: the service's own choice")
    languages: tuple[str, ...]
    invitations: dict[str, str]
    greetings: dict[str, str]
    hours: tuple[str, ...] = Field(description="as they were written; none: always open")
    open_week: list[tuple[int, int]] = Field(description="spans of minutes since Monday 00:00")
    silence_ms: float
    farewell_ms: float
    voice: bool
    camera: bool
    keyboard: bool
    background: str | None = Field(description="name; none: the image at `background_url`")
    background_url: str | None
    logo_url: str | None
    restart_minute: int | None = Field(description="of the day; none: never")


@router.get("/api/kiosk")
def kiosk(request: Request) -> Kiosk:
    """How the page with `?kiosk=1` is to be."""
    settings = _settings(request)
    is_named = settings.background in KIOSK_BACKGROUNDS
    return Kiosk(
        avatar=settings.avatar or None,
        languages=settings.languages,
        invitations=settings.invitations,
        greetings=settings.greetings,
        hours=settings.hours,
        open_week=open_week(settings.hours),
        silence_ms=settings.silence_s * 1000,
        farewell_ms=settings.farewell_s * 1000,
        voice=settings.voice,
        camera=settings.camera,
        keyboard=settings.keyboard,
        background=settings.background if is_named else None,
        background_url=None if is_named else "/api/kiosk/background",
        logo_url="/api/kiosk/logo" if settings.logo else None,
        restart_minute=minute_of_day(settings.restart_at) if settings.restart_at else None,
    )


@router.get("/api/kiosk/background", response_class=FileResponse)
def background(request: Request) -> FileResponse:
    settings = _settings(request)
    is_named = settings.background in KIOSK_BACKGROUNDS
    return _image(None if is_named else Path(settings.background))


@router.get("/api/kiosk/logo", response_class=FileResponse)
def logo(request: Request) -> FileResponse:
    return _image(_settings(request).logo)


def _image(path: Path | None) -> FileResponse:
    if path is None or not path.is_file():
        raise Refused(404, "There is no such image. See the settings kiosk.background, kiosk.logo.")
    return FileResponse(path, headers=_HEADERS)


def _settings(request: Request) -> KioskSettings:
    return service_of(request).settings.kiosk
