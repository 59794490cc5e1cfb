"""The five stages of one session, as one value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from backend.handlers.base import BaseHandler, Context, Options
from backend.handlers.fallback import FallbackHandler, ProviderChange
from backend.handlers.messages import (
    Pcm,
    Prompt,
    Sentence,
    SpeechSegment,
    SpokenAudio,
    TextDelta,
    Transcript,
    VideoChunk,
)
from backend.handlers.vad.segmenter import VadEvent
from backend.protocol import Providers
