"""faster-whisper, int8 on the CPU: one transcript per segment, in the language that was spoken.

CTranslate2 releases the GIL, so a thread is far enough from the event loop; there is one for all
sessions, because two recognitions at once only take turns on the same cores.
"""

from __future__ import annotations

import asyncio
import math
import threading
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from backend.config import AsrSettings
from backend.errors import ProviderError, ProviderUnavailable
from backend.handlers.asr.gate import is_worth_hearing
from backend.handlers.base import BaseHandler
from backend.handlers.messages import Pcm, SpeechSegment, Transcript
from backend.models_store import find_whisper

_MOST_REPETITIVE = 2.4
"""Whisper's own limit on the compression ratio: text above it is a loop, not speech."""


class Whisper:
    """The recogniser, shared by every session."""

    def __init__(self, folder: Path, threads: int) -> None:
        from faster_whisper import WhisperModel  # a second, in the loading thread

        self._model: Any = WhisperModel(
            str(folder),
            device="cpu",
            compute_type="int8",
            cpu_threads=threads,
            local_files_only=True,
        )
        self.executor = ThreadPoolExecutor(1, thread_name_prefix="whisper")

    def recognise(
        self, pcm: Pcm, language: str | None, beam_size: int, stop: threading.Event
    ) -> tuple[str, str, float]:
        """Text, language code and confidence 0…1. `stop` is heeded between parts of the text."""
        if stop.is_set():
            return "", "", 0.0
        segments, info = self._model.transcribe(
            pcm.astype(np.float32) / 32768,
            language=language,
            beam_size=beam_size,
            temperature=(0.0, 0.4),
            condition_on_previous_text=False,
            without_timestamps=True,
        )
        texts, log_probabilities = [], []
        for segment in () if stop.is_set() else segments:  # the first step decodes
            if stop.is_set():
                break
            if segment.compression_ratio <= _MOST_REPETITIVE:
                texts.append(segment.text)
                log_probabilities.append(segment.avg_logprob)
        confidence = math.exp(float(np.mean(log_probabilities))) if log_probabilities else 0.0
        return "".join(texts).strip(), info.language, min(confidence, 1.0)


class WhisperAsr(BaseHandler[SpeechSegment, Transcript]):
    component = "asr"
    provider = "whisper"

    _whisper: Whisper

    async def _load(self) -> None:
        asr = self.context.settings.asr
        folder = await asyncio.to_thread(find_whisper, self.context.settings)
        if folder is None:
            raise ProviderUnavailable(
                self._why_missing(asr), component=self.component, provider=self.provider
            )
        try:
            self._whisper = await self.context.weights.get(
                f"asr.whisper:{folder}", lambda: Whisper(folder, asr.threads)
            )
        except Exception as error:  # whatever the loader makes of a broken folder
            raise ProviderUnavailable(
                f"The Whisper model in {folder.name!r} cannot be loaded. Delete the folder and "
                f"run `avatar-chat models pull {asr.model}`.",
                component=self.component,
                provider=self.provider,
            ) from error

    async def process(self, item: SpeechSegment) -> AsyncIterator[Transcript]:
        """One transcript, or none when there is nothing to hear."""
        await self.initialize()
        asr = self.context.settings.asr
        if not is_worth_hearing(item, asr):
            return
        language = None if asr.language == "auto" else asr.language
        stop = threading.Event()
        try:
            recognise = partial(self._whisper.recognise, item.pcm, language, asr.beam_size, stop)
            text, spoken, confidence = await asyncio.get_running_loop().run_in_executor(
                self._whisper.executor, recognise
            )
        except RuntimeError as error:
            raise ProviderError(
                "Whisper could not recognise this segment.",
                component=self.component,
                provider=self.provider,
            ) from error
        finally:
            stop.set()
        if text:
            yield Transcript(item.stamp, text, spoken, confidence)

    def _why_missing(self, asr: AsrSettings) -> str:
        fetching = " It is fetched in the background as soon as the network allows."
        return (
            f"The Whisper model {asr.model!r} is not here. Run `avatar-chat models pull "
            f"{asr.model}`.{fetching if asr.auto_pull else ''}"
        )
