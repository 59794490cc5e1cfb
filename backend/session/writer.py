"""The first stage of a reply: the language model's words, cut into sentences.

A model that breaks off is spoken as far as it came, and an apology follows.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

from backend import metrics
from backend.errors import ProviderTimeout
from backend.handlers.base import closing
from backend.handlers.cancelling import raise_if_cancelled
from backend.handlers.messages import Sentence, TextDelta, Usage
from backend.handlers.text.language import detect_language
from backend.handlers.text.mood import Mood, TagFilter, tagged_mood, without_tags
from backend.handlers.text.speakable import to_sentence
from backend.handlers.text.splitter import SentenceSplitter
from backend.protocol import TextChunk
from backend.session.pipe import Pipe
from backend.session.reply import Reply

_APOLOGIES = {
    "en": "I am sorry, I lost my thread. Please ask me again.",
    "zh": "抱歉，我的思路断了，请再问我一次。",
}


class Writer:
    """Writes one reply into `written`, and closes it."""

    def __init__(self, reply: Reply, written: Pipe[Sentence]) -> None:
        self._reply = reply
        self._written = written
        self._splitter = SentenceSplitter()
        self._tags = TagFilter()
        self._mood: Mood | None = None
        self._typed = ""
        self._has_begun = False

    async def run(self) -> bool:
        """Whether the reply is whole; if not, why was reported."""
        is_whole = True
        try:
            async with closing(self._deltas()) as deltas:
                async for delta in deltas:
                    await self._take(delta)
        except Exception as error:  # whatever a provider raises, what it said so far is spoken
            raise_if_cancelled(error)
            self._reply.report(error)
            is_whole = False
        self._show(self._tags.flush())
        await self._hand_over(self._splitter.flush())
        if not is_whole:
            await self._apologise()
        if not self._reply.request.streaming:
            self._reply.post(TextChunk(chunk=self._typed.strip()))
        await self._written.close()
        return is_whole

    async def _take(self, delta: str) -> None:
        self._reply.measured.mark("first_token")
        self._has_begun = True
        self._show(self._tags.push(delta))
        await self._hand_over(self._splitter.push(delta))

    def _show(self, text: str) -> None:
        self._typed += text
        if text and self._reply.request.streaming:
            self._reply.post(TextChunk(chunk=text))

    async def _apologise(self) -> None:
        language = detect_language(self._typed, self._reply.request.language)
        space = " " if self._typed and not self._typed[-1].isspace() else ""
        await self._take(space + _APOLOGIES.get(language, _APOLOGIES["en"]))
        await self._hand_over(self._splitter.flush())

    async def _deltas(self) -> AsyncIterator[str]:
        request = self._reply.request
        if request.prompt is None:
            yield request.text
            return
        llm, work = self._reply.stages.llm, self._reply.measured.work("llm")
        try:
            async with work.of(llm.process(request.prompt)) as deltas:
                while (delta := await self._next(deltas)) is not None:
                    if delta.usage is not None:
                        self._account(delta.usage)
                    if delta.text:
                        yield delta.text
        finally:
            work.end(llm.active)

    async def _next(self, deltas: AsyncIterator[TextDelta]) -> TextDelta | None:
        """The chain bounds the wait for the first one; this bounds a silence in mid-answer."""
        stages = self._reply.stages
        limit_s = stages.settings.llm.stall_timeout_s if self._has_begun else None
        try:
            async with asyncio.timeout(limit_s):
                return await anext(deltas, None)
        except TimeoutError:
            raise ProviderTimeout(
                "The language model fell silent in the middle of its answer.",
                component="llm",
                provider=stages.llm.active,
            ) from None

    def _account(self, usage: Usage) -> None:
        llm = self._reply.stages.settings.llm
        cost = (usage.tokens_in * llm.price_in + usage.tokens_out * llm.price_out) / 1e6
        self._reply.measured.add("tokens_in", usage.tokens_in)
        self._reply.measured.add("tokens_out", usage.tokens_out)
        self._reply.measured.add("cost", cost)
        metrics.TOKENS.labels("in").inc(usage.tokens_in)
        metrics.TOKENS.labels("out").inc(usage.tokens_out)
        metrics.COST.inc(cost)

    async def _hand_over(self, pieces: list[str]) -> None:
        request = self._reply.request
        for piece in pieces:
            index = self._reply.script.add(without_tags(piece))
            # A mood that was named lasts until another one is.
            self._mood = tagged_mood(piece) or self._mood
            sentence = to_sentence(self._reply.stamp, index, piece, request.language)
            if named := self._mood or request.emotion:
                sentence = replace(sentence, emotion=named)
            self._reply.measured.mark("first_sentence")
            await self._written.put(sentence)
