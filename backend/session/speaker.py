"""The second stage of a reply: sentences to sound, in order. What has no sound is only read."""

from __future__ import annotations

import numpy as np

from backend.handlers.messages import Sentence, SpokenAudio
from backend.protocol import SentenceMessage
from backend.session.media import viseme_message
from backend.session.pipe import Pipe
from backend.session.reply import Reply


class Speaker:
    """Speaks what comes through `written` into `spoken`, and closes it."""

    def __init__(self, reply: Reply, written: Pipe[Sentence], spoken: Pipe[SpokenAudio]) -> None:
        self._reply = reply
        self._written = written
        self._spoken = spoken

    async def run(self) -> None:
        async for sentence in self._written:
            announce(self._reply, sentence)
            if sentence.spoken:
                await self._speak(sentence)
        await self._spoken.close()

    async def _speak(self, sentence: Sentence) -> None:
        """One sentence, whole or as far as its voice comes: its slot is closed either way."""
        is_open = False
        tts, work = self._reply.stages.tts, self._reply.measured.work("tts", sentence.index)
        try:
            async with work.of(tts.process(sentence)) as sounds:
                async for sound in sounds:
                    await self._hand_over(sound)
                    is_open = not sound.is_last
        except Exception as error:  # any voice may break in any way; the next sentence goes on
            self._reply.lost("tts", error, "text")
            if is_open:
                await self._spoken.put(_end_of(sentence))
        finally:
            work.end(tts.active)

    async def _hand_over(self, sound: SpokenAudio) -> None:
        self._reply.measured.mark("first_audio")
        self._reply.script.sounded(sound)
        if visemes := viseme_message(sound):
            self._reply.post(visemes)
        await self._spoken.put(sound)


def announce(reply: Reply, sentence: Sentence) -> None:
    reply.post(SentenceMessage(index=sentence.index, text=sentence.text, emotion=sentence.emotion))


def _end_of(sentence: Sentence) -> SpokenAudio:
    return SpokenAudio(sentence.stamp, sentence, np.zeros(0, np.int16), is_last=True)
