"""The five stages of one session as one value, and the factory that builds them alike."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog

from backend import clock
from backend.avatar.packages.package import AvatarPackage
from backend.avatar.packages.shelf import find_avatar
from backend.config import Settings
from backend.engine.base import Engine
from backend.handlers.avatar.lip_watch import LipWatch
from backend.handlers.avatar.lipsync import LipSyncAvatar
from backend.handlers.base import BaseHandler, Context, Options, Weights
from backend.handlers.chains import (
    AsrChain,
    LlmChain,
    TtsChain,
    asr_chain,
    llm_chain,
    tts_chain,
)
from backend.handlers.fallback import OnChange
from backend.handlers.health import Breakers, ProviderHealth
from backend.handlers.vad.silero import SileroVad
from backend.protocol import Providers

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Stages:
    """Handlers of one session. Everything they share lies behind them."""

    vad: SileroVad
    asr: AsrChain
    llm: LlmChain
    tts: TtsChain
    avatar: LipSyncAvatar
    settings: Settings

    def by_component(self) -> dict[str, BaseHandler[Any, Any]]:
        return {
            "vad": self.vad,
            "asr": self.asr,
            "llm": self.llm,
            "tts": self.tts,
            "avatar": self.avatar,
        }

    async def initialize(self, options: Options) -> None:
        """Load what is not loaded yet, all at once.

        Raises:
            AvatarChatError: a stage has nothing that works.
        """
        await self.reconfigure(options)
        await load_all(self.by_component().values())

    def check(self, options: Options) -> None:
        """Refuse what cannot be granted.

        Raises:
            UnknownAvatar: there is no such avatar. BrokenAvatar: it cannot be used.
        """
        self.package(options)

    def package(self, options: Options) -> AvatarPackage:
        avatar = self.settings.avatar
        return find_avatar(avatar.dir, options.avatar or avatar.default)

    async def reconfigure(self, options: Options) -> None:
        for handler in self.by_component().values():
            await handler.reconfigure(options)

    async def release(self) -> None:
        """Give everything back; one that fails to do so keeps no other from it."""
        for component, handler in self.by_component().items():
            try:
                await handler.release()
            except Exception as error:
                log.error("stage.release_failed", component=component, exc_info=error)

    def providers(self) -> Providers:
        """What really runs."""
        return Providers(**{name: handler.active for name, handler in self.by_component().items()})


class StageFactory:
    """Builds the stages of every session over shared weights, breakers and workers."""

    def __init__(self, settings: Settings, engine: Engine) -> None:
        self._settings = settings
        self._engine = engine
        self._weights = Weights()
        self._breakers = Breakers()
        self.lip_watch = LipWatch(engine, settings.avatar)

    def build(self, session_id: str, on_change: OnChange = lambda change: None) -> Stages:
        """Fresh handlers for one session; nothing is loaded yet."""
        settings = self._settings
        context = Context(
            session_id, settings, self._engine, self._weights, breakers=self._breakers
        )

        return Stages(
            vad=SileroVad(context),
            asr=asr_chain(context, on_change),
            llm=llm_chain(context, on_change),
            tts=tts_chain(context, on_change),
            avatar=LipSyncAvatar(context, self.lip_watch),
            settings=settings,
        )

    def health(self) -> list[ProviderHealth]:
        """Of every provider that any session has tried."""
        return self._breakers.health(clock.now())

    def chains(self) -> dict[str, tuple[str, ...]]:
        """Providers by component, as configured, best first."""
        settings = self._settings
        return {"asr": settings.asr.chain, "llm": settings.llm.chain, "tts": settings.tts.chain}

    def models(self) -> list[tuple[str, str]]:
        """Component and name of what was loaded once for all sessions."""
        keys = [key.partition(".") for key in self._weights.loaded()]
        return sorted(
            (component, ":".join(Path(part).name for part in name.split(":", 1)))
            for component, _, name in keys
        )

    async def warm_up(self) -> Providers:
        """Load everything once, as the first session would, and keep the weights.

        Raises:
            AvatarChatError: what cannot be loaded, and why.
        """
        stages = self.build("warm-up")
        workers: int = self._engine.status()["workers"]
        faces = [LipSyncAvatar(stages.avatar.context) for _ in range(workers - 1)]
        try:
            # Each face lands on a worker of its own, and warms it.
            await load_all([*stages.by_component().values(), *faces])
            return stages.providers()
        finally:
            await stages.release()
            for face in faces:
                await face.release()


async def load_all(handlers: Iterable[BaseHandler[Any, Any]]) -> None:
    """Load side by side; when one cannot be loaded, the others are not loaded to the end.

    Not a task group: one that is cancelled while it fails forgets the cancellation (Python 3.11 and
    3.12), and who tries a load again until the service ends would do so for ever.

    Raises:
        AvatarChatError: the first that could not be loaded.
    """
    loads = [asyncio.create_task(handler.initialize()) for handler in handlers]
    try:
        await asyncio.gather(*loads)
    finally:
        for load in loads:
            load.cancel()
        await asyncio.gather(*loads, return_exceptions=True)
