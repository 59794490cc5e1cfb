"""Edge-TTS: natural voices from a free, unofficial network service.

Its MP3 is decoded while it arrives. The service sometimes stops in the middle of a sentence; the
word marks tell where, and the rest is asked for once more. What the words' phonemes are and when
each is heard, `pronunciation` finds out; no sound waits for that to begin.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from importlib import import_module
from typing import Any

import numpy as np
import structlog

from backend.errors import (
    ProviderError,
    ProviderRefused,
    ProviderTimeout,
    ProviderUnavailable,
)
from backend.handlers.base import BaseHandler
from backend.handlers.messages import SAMPLE_RATE, Pcm, Sentence, SpokenAudio
from backend.handlers.reach import knock
from backend.handlers.tts.mp3 import Mp3Decoder
from backend.handlers.tts.progress import Progress
from backend.handlers.tts.pronunciation import Pronunciation

KNOCK_TIMEOUT_S = 1.5
SLICE_SAMPLES = SAMPLE_RATE // 5
_RECEIVE_TIMEOUT_S = 10
_TICKS_PER_MS = 10_000
_MOST_REQUESTS = 2
_TRUNCATED_WORDS = 3
"""As many words without sound are a truncation; fewer may be spelling that the service changed."""
_WORD = re.compile(r"[^\W_]+")
_CJK_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")

log = structlog.get_logger(__name__)


class EdgeTts(BaseHandler[Sentence, SpokenAudio]):
    component = "tts"
    provider = "edge"

    _library: Any

    async def _load(self) -> None:
        self._library = await self.context.weights.get(
            "tts.edge", lambda: import_module("edge_tts.communicate")
        )
        try:
            await knock(self._library.WSS_URL, KNOCK_TIMEOUT_S)
        except (OSError, TimeoutError) as error:
            raise ProviderUnavailable(
                "The Edge voice cannot be reached. Check the network.",
                component=self.component,
                provider=self.provider,
            ) from error

    async def process(self, item: Sentence) -> AsyncIterator[SpokenAudio]:
        """Slices of about 200 ms as they arrive, with word marks.

        Raises:
            ProviderTimeout: the service fell silent.
            ProviderRefused: it does not know the session's voice, or the voice not the language.
            ProviderError: it refuses everybody, or gave no sound.
        """
        await self.initialize()
        progress = Progress()
        if not item.spoken.strip():
            yield await self._slice(item, progress, np.zeros(0, np.int16), is_last=True)
            return
        try:
            async with aclosing(self._sound(item, progress)) as sound:
                async for pcm in sound:
                    yield await self._slice(item, progress, pcm)
            yield await self._slice(item, progress, np.zeros(0, np.int16), is_last=True)
        finally:
            if progress.pronouncing is not None:
                progress.pronouncing.cancel()

    async def _sound(self, sentence: Sentence, progress: Progress) -> AsyncGenerator[Pcm]:
        """Of the whole sentence, in as many requests as that takes."""
        for request in range(_MOST_REQUESTS):
            async with aclosing(self._request(sentence, progress)) as sound:
                async for pcm in sound:
                    yield pcm
            if not _is_truncated(sentence.spoken[progress.said :]):
                break
            log.warning("tts.truncated", session_id=self.context.session_id, request=request + 1)

    async def _slice(
        self, sentence: Sentence, progress: Progress, pcm: Pcm, is_last: bool = False
    ) -> SpokenAudio:
        pronouncing = progress.pronouncing
        if progress.words and pronouncing is not None and (is_last or pronouncing.done()):
            pronunciation = await pronouncing
            if pronunciation is not None:
                await asyncio.to_thread(progress.note_phonemes, pronunciation, is_last=is_last)
        marks = tuple(sorted(progress.marks, key=lambda mark: mark.start_ms))
        progress.marks.clear()
        return SpokenAudio(sentence.stamp, sentence, pcm, is_last, marks)

    async def _request(self, sentence: Sentence, progress: Progress) -> AsyncGenerator[Pcm]:
        """Sound of what is still unsaid. A cut after the first sound ends it like a truncation."""
        begun_at, offset_ms = progress.pcm.size, progress.sound_ms
        text = sentence.spoken[progress.said :]
        decoder, waiting = Mp3Decoder(), np.zeros(0, np.int16)
        try:
            async with aclosing(self._stream(text, sentence.language)) as messages:
                async for message in messages:
                    if message["type"] == "WordBoundary":
                        start_ms = offset_ms + message["offset"] / _TICKS_PER_MS
                        end_ms = start_ms + message["duration"] / _TICKS_PER_MS
                        progress.note_word(sentence.spoken, message["text"], start_ms, end_ms)
                        progress.pronouncing = progress.pronouncing or asyncio.create_task(
                            asyncio.to_thread(_pronounced, sentence)
                        )
                        continue
                    arrived = await asyncio.to_thread(decoder.push, message["data"])
                    waiting = np.concatenate([waiting, arrived])
                    if waiting.size >= SLICE_SAMPLES:
                        progress.pcm = np.concatenate([progress.pcm, waiting])
                        yield waiting
                        waiting = np.zeros(0, np.int16)
        except Exception as error:
            if progress.pcm.size == begun_at:
                raise self._explained(error, sentence) from error
            log.warning("tts.cut", session_id=self.context.session_id, error=type(error).__name__)
        waiting = np.concatenate([waiting, await asyncio.to_thread(decoder.flush)])
        progress.pcm = np.concatenate([progress.pcm, waiting])
        if waiting.size:
            yield waiting

    async def _stream(self, text: str, language: str) -> AsyncGenerator[Any]:
        """The service's messages. The connection is ours, so that closing it is certain."""
        tts = self.context.settings.tts
        connector = _connector()
        try:
            communicate = self._library.Communicate(
                text,
                self._voice(language),
                rate=f"{tts.rate_percent:+d}%",
                pitch=f"{tts.pitch_hz:+d}Hz",
                boundary="WordBoundary",
                connector=connector,
                connect_timeout=max(1, round(tts.first_audio_timeout_s)),
                receive_timeout=_RECEIVE_TIMEOUT_S,
            )
            async with aclosing(communicate.stream()) as messages:
                async for message in messages:
                    yield message
        finally:
            await connector.close_for_good()

    def _voice(self, language: str) -> str:
        """The session's voice if it is an Edge voice that speaks the language, else ours."""
        voices = self.context.settings.tts.voices
        chosen = self.context.options.voice or ""
        speaks = chosen.startswith(f"{language}-") or "Multilingual" in chosen
        if chosen.endswith("Neural") and speaks:
            return chosen
        voice = voices.get(language) or voices.get("en")
        if voice is None:
            raise ProviderRefused(
                f"No Edge voice is set for {language!r}; add it to tts.voices.",
                component=self.component,
                provider=self.provider,
            )
        return voice

    def _is_known(self, voice: str, sentence: Sentence) -> bool:
        """To say such things: one of the settings, in its language, and there is a word to say."""
        has_words = _WORD.search(sentence.spoken) is not None
        return has_words and voice == self.context.settings.tts.voices.get(sentence.language)

    def _explained(self, error: Exception, sentence: Sentence) -> Exception:
        where = {"component": self.component, "provider": self.provider}
        if isinstance(error, ProviderError):
            return error
        if isinstance(error, TimeoutError):
            return ProviderTimeout("The Edge voice fell silent.", **where)
        if isinstance(error, (ValueError, self._library.NoAudioReceived)):
            voice = self._voice(sentence.language)
            if not self._is_known(voice, sentence):
                return ProviderRefused(f"The Edge voice {voice} cannot say this.", **where)
        status = getattr(error, "status", None)
        if status == 403:
            return ProviderError("The Edge voice refuses requests at the moment.", **where)
        return ProviderError(f"The Edge voice failed ({type(error).__name__}).", **where)


def _connector() -> Any:
    """A connector that outlives the library's own sessions: it opens another after a refusal."""
    import aiohttp  # loaded long ago by the library

    class Connector(aiohttp.TCPConnector):
        async def close(self, *, abort_ssl: bool = False) -> None: ...

        async def close_for_good(self) -> None:
            await super().close()

    return Connector()


def _pronounced(sentence: Sentence) -> Pronunciation | None:
    """None where espeak-ng cannot help: the sound then moves the mouth alone."""
    try:
        return Pronunciation(sentence.spoken, sentence.language)
    except (ValueError, OSError) as error:
        log.warning("tts.not_pronounced", language=sentence.language, error=str(error))
        return None


def _is_truncated(unsaid: str) -> bool:
    words = len(_CJK_WORD.findall(unsaid)) + len(_WORD.findall(_CJK_WORD.sub(" ", unsaid)))
    return words >= _TRUNCATED_WORDS
