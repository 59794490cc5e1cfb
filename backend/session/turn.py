"""One reply: text → sentences → sound → picture, overlapped and in order.

A turn is one `TaskGroup`. To interrupt it, cancel the task that runs it: every stage's generator
is closed on the way out, so the model's stream, the voice's socket and the worker's batch end too.
What is sent, and whether it may still be sent, is the outbox's business.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace

from backend import clock, metrics
from backend.handlers.base import closing
from backend.handlers.messages import Prompt, Sentence, SpokenAudio, Stamp, VideoChunk
from backend.handlers.text.speakable import to_sentence
from backend.handlers.text.splitter import SentenceSplitter
from backend.protocol import Output, SentenceMessage, ServerMessage, TextChunk
from backend.session.media import audio_message, video_message, viseme_message
from backend.session.outbox import Outbox
from backend.session.pipe import Pipe
from backend.session.playout import Playout
from backend.session.stages import Stages


@dataclass(frozen=True, slots=True)
class Request:
    """What to answer. Without a `prompt` the avatar says `text` itself.

    `asked_at` is the monotonic second at which the user's turn was complete.
    """

    text: str
    output: Output
    language: str
    asked_at: float
    prompt: Prompt | None = None
    streaming: bool = True
    emotion: str | None = None


class Turn:
    """Runs one `Request`. `on_speaking` is called once, when the first media is queued."""

    def __init__(
        self,
        request: Request,
        stages: Stages,
        outbox: Outbox,
        stamp: Stamp,
        queue_size: int,
        on_speaking: Callable[[], None],
    ) -> None:
        self.request = request
        self.stamp = stamp
        self.playout = Playout()
        self.metrics_ms: dict[str, float] = {}
        self._stages = stages
        self._outbox = outbox
        self._queue_size = queue_size
        self._on_speaking = on_speaking
        self._pieces: list[str] = []
        self._chunk_seq = 0
        self._ended = asyncio.Event()

    async def run(self) -> None:
        """Make and send the whole reply, then wait until its sound is over.

        Raises:
            ExceptionGroup: the first stage that failed; the others have been stopped.
        """
        written: Pipe[Sentence] = Pipe(self._queue_size)
        spoken: Pipe[SpokenAudio] = Pipe(self._queue_size)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._write(written))
            if self.request.output == "text":
                group.create_task(self._show(written))
            else:
                group.create_task(self._speak(written, spoken))
                play = self._draw if self.request.output == "video" else self._sound
                group.create_task(play(spoken))
        self._time("total")
        await self._wait_for_silence()

    def text(self) -> str:
        """The whole reply so far, as it was written."""
        return "".join(self._pieces).strip()

    def heard_text(self, now: float) -> str:
        """The part of the reply that has begun to sound (all of it when nothing is played)."""
        if self.request.output == "text":
            return self.text()
        return "".join(self._pieces[: self.playout.heard_sentences(now)]).strip()

    def reported(self, chunk_seq: int, event: str, now: float) -> None:
        """The client's word on one of this reply's chunks."""
        self.playout.reported(chunk_seq, event, now)
        self._ended.set()

    # ------------------------------------------------------------------ stages

    async def _write(self, written: Pipe[Sentence]) -> None:
        splitter = SentenceSplitter()
        async with closing(self._deltas()) as deltas:
            async for delta in deltas:
                self._time("first_token")
                if self.request.streaming:
                    self._post(TextChunk(chunk=delta))
                for piece in splitter.push(delta):
                    await self._hand_over(piece, written)
        for piece in splitter.flush():
            await self._hand_over(piece, written)
        if not self.request.streaming:
            self._post(TextChunk(chunk=self.text()))
        await written.close()

    async def _deltas(self) -> AsyncIterator[str]:
        if self.request.prompt is None:
            yield self.request.text
            return
        started = clock.now()
        async with closing(self._stages.llm.process(self.request.prompt)) as deltas:
            async for delta in deltas:
                started = self._observe("llm", started)
                yield delta.text

    async def _hand_over(self, piece: str, written: Pipe[Sentence]) -> None:
        sentence = to_sentence(self.stamp, len(self._pieces), piece, self.request.language)
        if self.request.emotion and not sentence.emotion:
            sentence = replace(sentence, emotion=self.request.emotion)
        self._pieces.append(piece)
        self._time("first_sentence")
        await written.put(sentence)

    def _announce(self, sentence: Sentence) -> None:
        self._post(
            SentenceMessage(index=sentence.index, text=sentence.text, emotion=sentence.emotion)
        )

    async def _show(self, written: Pipe[Sentence]) -> None:
        async for sentence in written:
            self._announce(sentence)

    async def _speak(self, written: Pipe[Sentence], spoken: Pipe[SpokenAudio]) -> None:
        async for sentence in written:
            self._announce(sentence)
            if sentence.spoken:
                await self._synthesise(sentence, spoken)
        await spoken.close()

    async def _synthesise(self, sentence: Sentence, spoken: Pipe[SpokenAudio]) -> None:
        started = clock.now()
        async with closing(self._stages.tts.process(sentence)) as sounds:
            async for sound in sounds:
                started = self._observe("tts", started)
                self._time("first_audio")
                if visemes := viseme_message(sound):
                    self._post(visemes)
                await spoken.put(sound)

    async def _draw(self, spoken: Pipe[SpokenAudio]) -> None:
        async for sound in spoken:
            started = clock.now()
            async with closing(self._stages.avatar.process(sound)) as chunks:
                async for chunk in chunks:
                    started = self._observe("avatar", started)
                    await self._send_video(chunk)

    async def _send_video(self, chunk: VideoChunk) -> None:
        meta = video_message(chunk, self._chunk_seq)
        if not await self._outbox.post_media(meta, chunk.data, self.stamp.generation_id):
            return
        metrics.VIDEO_SECONDS.inc(chunk.duration_ms / 1000)
        self._sent(chunk.sentence.index, chunk.duration_ms)

    async def _sound(self, spoken: Pipe[SpokenAudio]) -> None:
        runs: list[SpokenAudio] = []
        async for sound in spoken:
            runs.append(sound)
            if sound.is_last:
                meta, data = audio_message(runs, self._chunk_seq)
                if await self._outbox.post_media(meta, data, self.stamp.generation_id):
                    self._sent(sound.sentence.index, meta.duration_ms)
                runs = []

    # ------------------------------------------------------------------ book-keeping

    def _sent(self, sentence_index: int, duration_ms: float) -> None:
        now = clock.now()
        self.playout.sent(sentence_index, duration_ms, now)
        if self._chunk_seq == 0:
            self._time("first_chunk")
            metrics.FIRST_CHUNK_SECONDS.observe(now - self.request.asked_at)
            self._on_speaking()
        self._chunk_seq += 1

    async def _wait_for_silence(self) -> None:
        """The end of a turn is the end of its sound; the wait for the client is bounded."""
        while (left := self.playout.remaining_s(clock.now())) > 0:
            self._ended.clear()
            try:
                # Not `wait_for`: on Python 3.11 it can swallow the cancellation of an interrupt.
                async with asyncio.timeout(left):
                    await self._ended.wait()
            except TimeoutError:
                return

    def _post(self, message: ServerMessage) -> None:
        self._outbox.post(message, self.stamp.generation_id)

    def _time(self, name: str) -> None:
        """Milliseconds since the user's turn, first occurrence only."""
        elapsed_ms = (clock.now() - self.request.asked_at) * 1000
        self.metrics_ms.setdefault(f"{name}_ms", round(elapsed_ms, 1))

    def _observe(self, stage: str, started: float) -> float:
        """First output of one input: observe once, then never again (`inf`)."""
        if started != float("inf"):
            metrics.STAGE_SECONDS.labels(stage).observe(clock.now() - started)
        return float("inf")
