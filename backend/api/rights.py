"""Who may talk, and who may make and delete avatars over the network."""

from __future__ import annotations

import ipaddress
import secrets
from urllib.parse import urlsplit

from fastapi import Request
from pydantic import SecretStr
from starlette.requests import HTTPConnection

from backend.avatar.create.refusals import CreationOff, NotAllowed
from backend.config import ServerSettings, Settings

_FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip")
"""A proxy sits on this computer, whoever is behind it."""

ELSEWHERE = (
    "Avatars can be made and deleted on the computer that the service runs on, or with its access "
    "token (server.token; on the page: #token=… at the end of the address)."
)
WITHOUT_TOKEN = (
    "Avatars can be made and deleted only with the access token of the service (server.token; on "
    "the page: #token=… at the end of the address)."
)


STRANGERS_PAGE = (
    "A page of another site may not talk to this service. Name that site in server.origins "
    "(AVATAR_CHAT_SERVER__ORIGINS), or give the service a token (server.token)."
)


def may_talk(connection: HTTPConnection, server: ServerSettings) -> bool:
    """Any page that its user opens could else talk here in his name, and spend his model's quota: a
    browser lets it, and says only whose page it is. Programs that are no browser say nothing."""
    if server.token or not is_of_another_site(connection):
        return True
    return "*" in server.origins or connection.headers["origin"] in server.origins


def require_creation(request: Request, settings: Settings) -> None:
    """Raises CreationOff, NotAllowed."""
    creation = settings.avatar.creation
    if creation == "off":
        raise CreationOff("This service makes no avatars over the network (avatar.creation).")
    if is_of_another_site(request):
        raise NotAllowed("Another site may not ask for this.")
    if has_token(request, settings.server.token):
        return
    if creation == "token":
        raise NotAllowed(WITHOUT_TOKEN)
    if not is_local(request):
        raise NotAllowed(ELSEWHERE)


def has_token(request: Request, wanted: SecretStr | None) -> bool:
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if not wanted or scheme.lower() != "bearer":  # an empty one is none, too
        return False
    return secrets.compare_digest(wanted.get_secret_value().encode(), given.strip().encode())


def is_of_another_site(request: HTTPConnection) -> bool:
    """A page of elsewhere, open in a browser on this computer, is not the person before it."""
    origin = request.headers.get("origin")
    return origin is not None and urlsplit(origin).netloc != request.headers.get("host")


def is_local(request: Request) -> bool:
    """From this computer, and meant for it: a name that leads here for now is not enough."""
    if any(name in request.headers for name in _FORWARDED):
        return False
    here = request.client is not None and _is_loopback(request.client.host)
    return here and _is_loopback(request.url.hostname or "")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
