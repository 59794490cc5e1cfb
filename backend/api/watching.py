"""Who may see live sessions and the log: this computer, and whoever has `server.admin_token`."""

from __future__ import annotations

from fastapi import Request

from backend.api.refused import Refused
from backend.api.rights import has_token, is_local, is_of_another_site
from backend.config import Settings

NOT_YOURS = (
    "Sessions and the log are shown on the computer that the service runs on, or to whoever sends "
    "server.admin_token as Authorization: Bearer."
)


def may_watch(request: Request, settings: Settings) -> bool:
    if is_of_another_site(request):
        return False
    return has_token(request, settings.server.admin_token) or is_local(request)


def require_watching(request: Request, settings: Settings) -> None:
    """
    Raises:
        Refused: with 403.
    """
    if not may_watch(request, settings):
        raise Refused(403, NOT_YOURS)
