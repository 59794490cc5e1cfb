"""The last stage of a reply: sound to what the client plays, in order, not too far ahead of it.

A sentence whose picture fails goes on as sound alone, over the idle face; the next one is drawn
again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import numpy as np

from backend import clock, metrics
from backend.errors import AssetError
from backend.handlers.messages import SAMPLE_RATE, Pcm, Sentence, SpokenAudio, VideoChunk
from backend.protocol import ServerMessage
from backend.session.media import audio_message, video_message
from backend.session.pipe import Pipe
from backend.session.reply import Reply
from backend.session.turn_metrics import Work

JOIN_LEAD_S = 0.15
"""From the decision to the picture on the page: a first chunk, its way, its decoding. The page
evens out what this misses."""


class Screen:
    """Shows what comes through `spoken`. `on_first` is called when the first media is queued."""

    def __init__(self, reply: Reply, on_first: Callable[[], None]) -> None:
        self._reply = reply
        self._on_first = on_first
        self._settings = reply.stages.settings.session
        self._moved = asyncio.Event()
        self._chunk_seq = 0
        self._sentence: Sentence | None = None
        self._parts = 0
        self._sounds: list[Pcm] = []
        self._shown_samples = 0
        self._is_blind = False
        self._work: Work | None = None
        self._drawn_s = 0.0

    async def run(self, spoken: Pipe[SpokenAudio]) -> None:
        try:
            async for sound in spoken:
                if sound.sentence is not self._sentence:
                    self._begin(sound.sentence)
                await self._wait_for_playback()
                self._sounds.append(sound.pcm)
                if not self._is_blind:
                    await self._draw(sound)
                if self._is_blind:
                    await self._sound(sound)
        finally:
            self._account()

    def playback_moved(self) -> None:
        """The ledger has changed: what waits for it looks again."""
        self._moved.set()

    # ------------------------------------------------------------------ sentence by sentence

    def _begin(self, sentence: Sentence) -> None:
        self._account()
        self._sentence = sentence
        self._parts = 0
        self._sounds = []
        self._shown_samples = 0
        self._is_blind = self._reply.request.output == "audio"
        self._join_idle()

    def _join_idle(self) -> None:
        """Where the page shows a loop, speech begins with the frame that it will show."""
        idle, now = self._reply.idle_loop(), clock.now()
        if idle is None or idle.at_s <= self._reply.playout.ends_s:
            return
        avatar = self._reply.stages.avatar
        try:
            frame = idle.frame(now + JOIN_LEAD_S, avatar.fps, avatar.loop_frames)
        except AssetError:
            return  # the avatar is gone: drawing the sentence reports it, and its sound is good
        avatar.begin_at(frame, idle.clip)

    async def _wait_for_playback(self) -> None:
        """What might be interrupted is not made: stay only `ahead_s` ahead."""
        while (early_s := self._early_s()) > 0:
            self._moved.clear()
            try:
                # Not `wait_for`: on Python 3.11 it can swallow the cancellation of an interrupt.
                async with asyncio.timeout(early_s):
                    await self._moved.wait()
            except TimeoutError:
                continue

    def _early_s(self) -> float:
        playout = self._reply.playout
        early_s = playout.ahead_s(clock.now()) - self._settings.ahead_s
        return float("inf") if playout.is_paused and early_s > 0 else early_s

    # ------------------------------------------------------------------ picture

    async def _draw(self, sound: SpokenAudio) -> None:
        if self._work is None:
            self._work = self._reply.measured.work("avatar", sound.sentence.index)
        avatar = self._reply.stages.avatar
        avatar.expect(self._reply.script.goes_on_after(sound.sentence.index))
        try:
            async with self._work.of(avatar.process(sound)) as chunks:
                async for chunk in chunks:
                    await self._send_video(chunk)
        except Exception as error:  # whatever the renderer dies of, its sound is still good
            self._reply.lost("avatar", error, "audio")
            self._is_blind = True

    async def _send_video(self, chunk: VideoChunk) -> None:
        sounds_ms = chunk.duration_ms - chunk.pause_ms
        self._shown_samples += round(sounds_ms * SAMPLE_RATE / 1000)
        self._drawn_s += chunk.duration_ms / 1000
        meta = video_message(chunk, self._chunk_seq)
        if await self._send(meta, chunk.data, chunk.duration_ms, chunk.pause_ms):
            metrics.VIDEO_SECONDS.inc(chunk.duration_ms / 1000)

    # ------------------------------------------------------------------ sound alone

    async def _sound(self, sound: SpokenAudio) -> None:
        """What is not yet shown of the sentence; whole sentences if the client wants those."""
        is_whole = self._reply.request.chunking == "sentence"
        pcm = np.concatenate(self._sounds)[self._shown_samples :]
        if not pcm.size or (is_whole and not sound.is_last):
            return
        meta, data = audio_message(sound, pcm, self._parts, self._chunk_seq)
        self._shown_samples += pcm.size
        await self._send(meta, data, meta.duration_ms)

    # ------------------------------------------------------------------ book-keeping

    def _account(self) -> None:
        """The sentence so far has its picture: what that took, against how long it lasts."""
        work, self._work = self._work, None
        drawn_s, self._drawn_s = self._drawn_s, 0.0
        if work is not None:
            work.end(self._reply.stages.avatar.active)
            if drawn_s and work.busy_s:
                metrics.RENDER_RATIO.observe(drawn_s / work.busy_s)

    async def _send(
        self, meta: ServerMessage, data: bytes, duration_ms: float, pause_ms: float = 0.0
    ) -> bool:
        reply = self._reply
        assert self._sentence is not None
        if not await reply.outbox.post_media(meta, data, reply.stamp.generation_id):
            return False
        reply.playout.sent(self._sentence.index, duration_ms, clock.now(), pause_ms)
        if self._chunk_seq == 0:
            reply.measured.mark("first_chunk")
            self._on_first()
        self._chunk_seq += 1
        self._parts += 1
        return True
