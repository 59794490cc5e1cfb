"""The avatar stage: spoken sound to video, drawn by a `Renderer` in a worker process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backend import clock
from backend.avatar.lips.articulation_marks import Uttered
from backend.avatar.packages.card import AvatarCard
from backend.avatar.packages.package import AvatarPackage
from backend.avatar.packages.shelf import find_avatar
from backend.avatar.packages.track_cache import TrackCache
from backend.avatar.pictures.codecs import FPS
from backend.avatar.renderer import (
    AboutRenderer,
    Line,
    Progress,
    RenderedChunk,
    Renderer,
    RenderOptions,
)
from backend.config import AvatarSettings
from backend.engine.base import Actor, Engine
from backend.errors import EngineError, ProviderError, ProviderTimeout, WorkerDied
from backend.handlers.avatar.lip_watch import LipWatch, Sample
from backend.handlers.avatar.plan import ReplyPlan
from backend.handlers.base import BaseHandler, Context, closing
from backend.handlers.messages import Mark, SpokenAudio, VideoChunk
from backend.protocol import Clip


@dataclass(frozen=True, slots=True)
class Studio:
    """A renderer in a worker, and what it was built for: a folder as it was then."""

    avatar: Path
    changed_ns: int
    actor: Actor
    about: AboutRenderer

    @classmethod
    async def open(cls, engine: Engine, settings: AvatarSettings, package: AvatarPackage) -> Studio:
        avatar, changed_ns = package.root, package.changed_ns()
        options = RenderOptions(
            settings.net_threads,
            settings.crf,
            settings.audio_kbps,
            settings.drawn_by,
            settings.head_motion,
            TrackCache(settings.cache_dir, settings.cache_mb * 1_000_000),
        )
        actor = await engine.spawn(Renderer, avatar, settings.model, options)
        try:
            return cls(avatar, changed_ns, actor, await actor.call("about"))
        except BaseException:
            await actor.close()
            raise

    def is_for(self, package: AvatarPackage) -> bool:
        """Not for one that was made anew under the same id."""
        return self.avatar == package.root and self.changed_ns == package.changed_ns()


class LipSyncAvatar(BaseHandler[SpokenAudio, VideoChunk]):
    """Chunks of a reply, as long as its `ReplyPlan` says; none spans two sentences.

    Nothing needs to be told to an abandoned sentence: its queued work is dropped with the wait, and
    the renderer forgets the rest when it hears the next one. `watch` may ask for what was shown.
    """

    component = "avatar"
    provider = "lipsync"

    def __init__(self, context: Context, watch: LipWatch | None = None) -> None:
        super().__init__(context)
        self._watch = watch
        self._sample: Sample | None = None
        self._studio: Studio | None = None
        self._plan = ReplyPlan("sentence")
        self._line: Line | None = None
        self._part = 0
        self._frame = 0
        self._shown: Clip | None = None
        self._goes_on = False
        self._has_picture = False

    @property
    def active(self) -> str:
        """The net that draws: the stem of its file."""
        return self._studio.about.net if self._studio else self.context.settings.avatar.model.stem

    @property
    def fps(self) -> int:
        """Of the avatar that the options name now; raises as `find_avatar` where it is not drawn
        yet."""
        studio = self._studio_of_options()
        return studio.about.fps if studio else self._package().card.fps

    @property
    def loop_frames(self) -> int:
        """Length of its idle loop; raises as `fps`."""
        studio = self._studio_of_options()
        return studio.about.loop_frames if studio else self._package().card.frames

    def begin_at(self, frame: int, shown: Clip) -> None:
        """Let the next sentence begin at this frame of the loops; `shown` is the one on show."""
        self._frame, self._shown = frame, shown

    def expect(self, goes_on: bool) -> None:
        """Whether another sentence is known to follow what comes next; with the last one the face
        comes to rest."""
        self._goes_on = goes_on

    async def _load(self) -> None:
        """Raises AssetError for a broken package or net file, ProviderError for a dead engine."""
        try:
            await self._settle_in()
        except EngineError as error:
            raise self._failure(error) from error

    async def process(self, item: SpokenAudio) -> AsyncIterator[VideoChunk]:
        """Raises ProviderError when the worker fails, ProviderTimeout when a sentence has no
        picture in time; the next sentence gets another renderer."""
        await self.initialize()
        try:
            async with closing(self._render(item)) as chunks:
                async for chunk in chunks:
                    message = self._message(item, chunk)
                    yield message
                    self._let_see(message)
        except ProviderTimeout:
            await self._leave()
            raise
        except EngineError as error:
            await self._leave()
            raise self._failure(error) from error

    async def release(self) -> None:
        await self._leave()
        self._ready = False

    async def _render(self, item: SpokenAudio) -> AsyncIterator[RenderedChunk]:
        progress = await self._hand_over(item)
        while True:
            if progress.chunk is not None:
                yield progress.chunk
            if not progress.more:
                return
            progress = await self._call("advance", self._chunk_frames)

    async def _hand_over(self, item: SpokenAudio) -> Progress:
        """Until a sentence has a picture, the answer to its sound is waited for so long only."""
        is_new = self._turn_to(item)
        limit_s = self.context.settings.avatar.timeout_s
        try:
            async with asyncio.timeout(None if self._has_picture else limit_s):
                progress = await (self._begin(item) if is_new else self._push(item))
        except TimeoutError as error:
            raise ProviderTimeout(
                f"There was no picture within {limit_s:g} s.",
                component=self.component,
                provider=self.provider,
            ) from error
        self._has_picture = progress.frames > 0
        return progress

    def _turn_to(self, item: SpokenAudio) -> bool:
        """Take note of which sentence is spoken; whether it is another one than before."""
        reply, sentence = item.stamp.generation_id, item.sentence.index
        video, line = self.context.options.video, self._line
        if line is not None and (line.reply, line.sentence) == (reply, sentence):
            return False
        package = self._package()
        if line is None or line.reply != reply:
            self._plan = ReplyPlan(video.chunking)
            self._sample = self._watch.sample(package.root) if self._watch else None
        self._line = Line(
            reply,
            sentence,
            self._frame,
            video.container,
            self._plan.frames_sent,
            mood=_drawn_mood(package.card, item.sentence.emotion),
            shown="idle" if self._shown and self._shown not in package.card.clips else self._shown,
            alpha=video.alpha and package.has_matte,
        )
        self._shown = None
        self._part, self._has_picture = 0, False
        return True

    async def _begin(self, item: SpokenAudio) -> Progress:
        """The first sound of a sentence."""
        # Only here: an avatar is not exchanged in the middle of a sentence.
        await self._settle_in()
        try:
            return await self._push(item)
        except WorkerDied:  # perhaps long ago, and nothing of this sentence is lost with it
            await self._leave()
            await self._settle_in()
            return await self._push(item)

    async def _push(self, item: SpokenAudio) -> Progress:
        return await self._call(
            "push",
            self._line,
            item.pcm,
            item.is_last,
            self._chunk_frames,
            self._goes_on,
            _uttered(item.marks),
        )

    async def _call(self, method: str, *args: Any) -> Progress:
        if self._studio is None:
            raise EngineError("The renderer was lost in the middle of a sentence.")
        progress: Progress = await self._studio.actor.call(method, *args)
        return progress

    @property
    def _chunk_frames(self) -> int | None:
        return self._plan.chunk_frames(clock.now())

    @property
    def _wanted(self) -> str:
        """Avatar id; empty for the first of the shelf."""
        return self.context.options.avatar or self.context.settings.avatar.default

    def _package(self) -> AvatarPackage:
        return find_avatar(self.context.settings.avatar.dir, self._wanted)

    def _studio_of_options(self) -> Studio | None:
        """The studio, where it was not built for an avatar that is shown no more."""
        studio = self._studio
        return studio if studio and studio.about.avatar == self._wanted else None

    async def _settle_in(self) -> None:
        """Have a renderer for the avatar that the options name now."""
        package = self._package()
        if self._studio is None or not self._studio.is_for(package):
            await self._leave()
            self._studio = await Studio.open(
                self.context.engine, self.context.settings.avatar, package
            )

    async def _leave(self) -> None:
        studio, self._studio = self._studio, None
        if studio is not None:
            await studio.actor.close()

    def _let_see(self, shown: VideoChunk) -> None:
        if self._watch is not None and self._sample is not None:
            self._sample.add(shown)
            if self._sample.is_enough:
                self._watch.offer(self._sample)
                self._sample = None

    def _failure(self, error: EngineError) -> ProviderError:
        return ProviderError(error.message, component=self.component, provider=self.provider)

    def _message(self, item: SpokenAudio, chunk: RenderedChunk) -> VideoChunk:
        assert self._line is not None
        message = VideoChunk(
            stamp=item.stamp,
            sentence=item.sentence,
            part=self._part,
            is_last=chunk.is_last,
            first_frame=chunk.first_frame,
            data=chunk.data,
            container=chunk.container,
            mime=chunk.mime,
            width=chunk.width,
            height=chunk.height,
            fps=FPS,
            frames=chunk.frames,
            pause_frames=chunk.pause_frames,
            start_ms=self._plan.start_ms,
            mood=self._line.mood,
        )
        self._part += 1
        self._frame = chunk.first_frame + chunk.frames
        self._plan.sent(chunk.frames, clock.now())
        return message


def _uttered(marks: Sequence[Mark]) -> tuple[Uttered, ...]:
    """What the voice says about its sound, as far as it moves the mouth."""
    return tuple(
        Uttered(mark.start_ms / 1000, mark.end_ms / 1000, mark.value)
        for mark in marks
        if mark.kind == "phoneme"
    )


def _drawn_mood(card: AvatarCard, mood: str | None) -> str | None:
    """What this avatar shows for a mood; None from one that always looks the same."""
    if not card.feelings:
        return None
    return mood if mood in card.feelings else "calm"
