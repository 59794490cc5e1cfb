"""The avatar stage: spoken sound to video, drawn by a `Renderer` in a worker process."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from backend.avatar.package import find_avatar
from backend.avatar.renderer import AboutRenderer, Progress, RenderedChunk, Renderer, RenderOptions
from backend.config import AvatarSettings
from backend.engine.base import Actor, Engine
from backend.errors import EngineError, ProviderError
from backend.handlers.base import BaseHandler, Context
from backend.handlers.messages import SAMPLES_PER_FRAME, SpokenAudio, VideoChunk

SLICE_SAMPLES = 8 * SAMPLES_PER_FRAME
"""Sound goes to the worker in pieces of about one batch of its work."""


@dataclass(frozen=True, slots=True)
class Studio:
    """A renderer in a worker, and what it was built for."""

    avatar: Path
    actor: Actor
    about: AboutRenderer

    @classmethod
    async def open(cls, engine: Engine, settings: AvatarSettings, avatar: Path) -> Studio:
        options = RenderOptions(settings.net_threads, settings.crf, settings.audio_kbps)
        actor = await engine.spawn(Renderer, avatar, settings.model, options)
        try:
            return cls(avatar, actor, await actor.call("about"))
        except BaseException:
            await actor.close()
            raise


class LipSyncAvatar(BaseHandler[SpokenAudio, VideoChunk]):
    """One chunk per sentence, after the last run of its sound.

    Nothing needs to be told to an abandoned sentence: its queued work is dropped with the wait, and
    the renderer forgets the rest when it hears the next one.
    """

    component: ClassVar[str] = "avatar"
    provider: ClassVar[str] = "lipsync"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._studio: Studio | None = None
        self._sentence: tuple[int, int] | None = None

    @property
    def active(self) -> str:
        """The net that draws: the stem of its file."""
        return self._studio.about.net if self._studio else self.context.settings.avatar.model.stem

    async def _load(self) -> None:
        """Raises AssetError for a broken package or net file, ProviderError for a dead engine."""
        try:
            await self._settle_in()
        except EngineError as error:
            raise self._failure(error) from error

    async def process(self, item: SpokenAudio) -> AsyncIterator[VideoChunk]:
        """Raises ProviderError when the worker fails; the next sentence gets another one."""
        await self.initialize()
        try:
            chunk = await self._render(item)
        except EngineError as error:
            await self._leave()
            raise self._failure(error) from error
        if chunk is not None:
            yield self._message(item, chunk)

    async def release(self) -> None:
        await self._leave()
        self._ready = False

    async def _render(self, item: SpokenAudio) -> RenderedChunk | None:
        sentence = (item.stamp.generation_id, item.sentence.index)
        if sentence != self._sentence:
            # Only here: an avatar is not exchanged in the middle of a sentence.
            await self._settle_in()
            self._sentence = sentence
        for begin in range(0, max(1, len(item.pcm)), SLICE_SAMPLES):
            piece = item.pcm[begin : begin + SLICE_SAMPLES]
            is_last = item.is_last and begin + SLICE_SAMPLES >= len(item.pcm)
            progress = await self._call("push", sentence, piece, is_last)
            while progress.more:
                progress = await self._call("advance")
        return progress.chunk

    async def _call(self, method: str, *args: Any) -> Progress:
        if self._studio is None:
            raise EngineError("The renderer was lost in the middle of a sentence.")
        progress: Progress = await self._studio.actor.call(method, *args)
        return progress

    async def _settle_in(self) -> None:
        """Have a renderer for the avatar that the options name now."""
        settings, wanted = self.context.settings.avatar, self.context.options.avatar
        package = find_avatar(settings.dir, wanted or settings.default)
        if self._studio is None or self._studio.avatar != package.root:
            await self._leave()
            self._studio = await Studio.open(self.context.engine, settings, package.root)

    async def _leave(self) -> None:
        studio, self._studio = self._studio, None
        if studio is not None:
            await studio.actor.close()

    def _failure(self, error: EngineError) -> ProviderError:
        return ProviderError(error.message, component=self.component, provider=self.provider)

    def _message(self, item: SpokenAudio, chunk: RenderedChunk) -> VideoChunk:
        assert self._studio is not None
        about = self._studio.about
        return VideoChunk(
            stamp=item.stamp,
            sentence=item.sentence,
            part=0,
            is_last=True,
            first_frame=chunk.first_frame,
            data=chunk.data,
            container=chunk.container,
            mime=chunk.mime,
            width=about.width,
            height=about.height,
            fps=about.fps,
            frames=chunk.frames,
        )
