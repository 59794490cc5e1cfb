"""Edge-TTS: natural voices from a free, unofficial network service.

Its MP3 is decoded while it arrives. The service sometimes stops in the middle of a sentence; the
word marks tell where, and the rest is asked for once more.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

import numpy as np
import structlog

from backend.errors import ProviderError, ProviderTimeout, ProviderUnavailable
from backend.handlers.base import BaseHandler
from backend.handlers.messages import SAMPLE_RATE, Mark, Pcm, Sentence, SpokenAudio
from backend.handlers.reach import knock
from backend.handlers.tts.mp3 import Mp3Decoder

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


@dataclass(slots=True)
class _Progress:
    """How far the voice has come in one sentence. `said` counts characters of its text."""

    said: int = 0
    samples: int = 0
    sent: int = 0
    marks: list[Mark] = field(default_factory=list)


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
            ProviderError: it refused, or gave no sound.
        """
        await self.initialize()
        progress = _Progress()
        if item.spoken.strip():
            for request in range(_MOST_REQUESTS):
                async with aclosing(self._request(item, progress)) as sound:
                    async for pcm in sound:
                        yield self._slice(item, progress, pcm)
                if not _is_truncated(item.spoken[progress.said :]):
                    break
                log.warning(
                    "tts.truncated", session_id=self.context.session_id, request=request + 1
                )
        yield self._slice(item, progress, np.zeros(0, np.int16), is_last=True)

    def _slice(
        self, sentence: Sentence, progress: _Progress, pcm: Pcm, is_last: bool = False
    ) -> SpokenAudio:
        marks = tuple(progress.marks)
        progress.marks.clear()
        stamp = sentence.stamp.now(progress.sent)
        progress.sent += 1
        return SpokenAudio(stamp, sentence, pcm, is_last, marks)

    async def _request(self, sentence: Sentence, progress: _Progress) -> AsyncGenerator[Pcm]:
        """Sound of what is still unsaid. A cut after the first sound ends it like a truncation."""
        begun_at = progress.samples
        offset_ms = begun_at * 1000 / SAMPLE_RATE
        text = sentence.spoken[progress.said :]
        decoder, waiting = Mp3Decoder(), np.zeros(0, np.int16)
        try:
            async with aclosing(self._stream(text, sentence.language)) as messages:
                async for message in messages:
                    if message["type"] == "WordBoundary":
                        _note_word(sentence.spoken, message, offset_ms, progress)
                        continue
                    arrived = await asyncio.to_thread(decoder.push, message["data"])
                    waiting = np.concatenate([waiting, arrived])
                    if waiting.size >= SLICE_SAMPLES:
                        progress.samples += waiting.size
                        yield waiting
                        waiting = np.zeros(0, np.int16)
        except Exception as error:
            if progress.samples == begun_at:
                raise self._explained(error) from error
            log.warning("tts.cut", session_id=self.context.session_id, error=type(error).__name__)
        waiting = np.concatenate([waiting, await asyncio.to_thread(decoder.flush)])
        progress.samples += waiting.size
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
            raise ProviderError(
                f"No Edge voice is set for {language!r}; add it to tts.voices.",
                component=self.component,
                provider=self.provider,
            )
        return voice

    def _explained(self, error: Exception) -> Exception:
        where = {"component": self.component, "provider": self.provider}
        if isinstance(error, ProviderError):
            return error
        if isinstance(error, TimeoutError):
            return ProviderTimeout("The Edge voice fell silent.", **where)
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


def _note_word(text: str, message: Any, offset_ms: float, progress: _Progress) -> None:
    word, start_ms = message["text"], offset_ms + message["offset"] / _TICKS_PER_MS
    end_ms = start_ms + message["duration"] / _TICKS_PER_MS
    progress.marks.append(Mark("word", start_ms, end_ms, word))
    at = text.find(word, progress.said)
    if at >= 0:
        progress.said = at + len(word)


def _is_truncated(unsaid: str) -> bool:
    words = len(_CJK_WORD.findall(unsaid)) + len(_WORD.findall(_CJK_WORD.sub(" ", unsaid)))
    return words >= _TRUNCATED_WORDS
