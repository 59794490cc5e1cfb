"""Fetches the recognition model in the background, so that Whisper takes over by itself."""

from __future__ import annotations

import asyncio

import structlog

from backend.config import Settings
from backend.errors import AvatarChatError
from backend.models_store import fetch, find_whisper

RETRY_S = 600.0

log = structlog.get_logger()


async def keep_pulling(settings: Settings) -> None:
    """Return once the model is here, or at once when it is not wanted; retry while there is no hub.

    A pull that the service's end interrupts goes on where it was at the next start.
    """
    asr = settings.asr
    if not asr.auto_pull or "whisper" not in asr.chain:
        return
    while find_whisper(settings) is None:
        try:
            await fetch(settings, asr.model)
        except AvatarChatError as error:
            log.info("models.pull_failed", model=asr.model, reason=error.message)
            await asyncio.sleep(RETRY_S)
        else:
            log.info("models.pulled", model=asr.model)
            return
