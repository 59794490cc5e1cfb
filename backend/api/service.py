"""What the gateway's routes share: the parts of the running service and how ready they are."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from starlette.requests import HTTPConnection

from backend import __version__, metrics
from backend.api.channel import Channels
from backend.avatar.create.atelier import Atelier
from backend.avatar.packages.package import IDLE, POSTER, AvatarPackage
from backend.avatar.packages.shelf import list_avatars
from backend.config import Settings
from backend.engine.base import Engine
from backend.protocol import AvatarInfo, Providers, SessionReady
from backend.session.departure import Departure
from backend.session.manager import SessionManager
from backend.session.session import Session
from backend.session.store.keeper import RecordKeeper

CAPABILITIES = (
    "video",
    "audio",
    "text",
    "mp4",
    "fmp4",
    "progressive",
    "viseme_timeline",
    "say",
    "context_update",
    "barge_in",
    "resume",
    "http",
)


@dataclass(slots=True)
class Readiness:
    """What still stands between the service and its users; empty means ready."""

    pending: dict[str, str] = field(default_factory=lambda: {"service": "starting"})

    @property
    def ready(self) -> bool:
        return not self.pending


@dataclass(slots=True)
class Service:
    """The running service. `providers` names what ran when it was loaded, by component."""

    settings: Settings
    engine: Engine
    manager: SessionManager
    keeper: RecordKeeper
    atelier: Atelier
    channels: Channels = field(default_factory=Channels)
    readiness: Readiness = field(default_factory=Readiness)
    making_clips: asyncio.Lock = field(default_factory=asyncio.Lock)
    providers: Providers | None = None
    version: str = __version__

    @property
    def avatars(self) -> Sequence[AvatarPackage]:
        """Those that are there now: people make and delete them while it runs."""
        return list_avatars(self.settings.avatar.dir)

    async def leave(self) -> None:
        """Not ready any more, nobody new, and every client sent on; then the process may end."""
        self.readiness.pending["service"] = "leaving"
        metrics.READY.set(0)
        await Departure(self.manager, self.keeper).run(self.settings.session.leave_s)

    def greeting(self, session: Session, resumed: bool) -> SessionReady:
        """The first message of a connection."""
        avatar = avatar_info(session.stages.package(session.choices.options))
        return SessionReady(
            resume_token=session.resume_token,
            avatar=avatar,
            providers=session.stages.providers(),
            capabilities=(*CAPABILITIES, *_capabilities_of(avatar)),
            resumed=resumed,
            history=session.history.items() or None,
            answered=session.answered,
        )


def service_of(connection: HTTPConnection) -> Service:
    """The one that got this request, or holds this socket."""
    service: Service = connection.app.state.service
    return service


def avatar_info(package: AvatarPackage) -> AvatarInfo:
    card = package.card
    base = f"/avatars/{card.id}"
    return AvatarInfo(
        id=card.id,
        name=card.name,
        width=card.width,
        height=card.height,
        fps=card.fps,
        idle_url=f"{base}/{IDLE}",
        poster_url=f"{base}/{POSTER}",
        look=card.look,
        clips={clip: f"{base}/{package.clip(clip).name}" for clip in card.clips},
        moods=("calm", *card.feelings) if card.feelings else (),
        alpha=package.has_matte,
        deletable=card.made_of is not None,
    )


def _capabilities_of(avatar: AvatarInfo) -> list[str]:
    """What not every avatar can do."""
    can = {"moods": bool(avatar.moods), "alpha": avatar.alpha}
    return [name for name, is_so in can.items() if is_so]
