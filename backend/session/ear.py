"""From microphone samples to a transcript: VAD cuts the stream, ASR reads the pieces.

One task per open microphone. While a reply is being made or spoken the microphone is deaf, so the
avatar never answers its own voice; opening the microphone anew interrupts it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing

from backend.errors import NotListening
from backend.handlers.messages import Pcm, SpeechSegment, Transcript
from backend.session.stages import Stages

MAX_BACKLOG_FRAMES = 3000  # a minute of 20 ms frames, while a long utterance is being read


class Ear:
    """Calls `on_transcript` for every utterance and `on_error` for every failure."""

    def __init__(
        self,
        stages: Stages,
        on_transcript: Callable[[Transcript], Awaitable[None]],
        on_error: Callable[[BaseException], None],
        is_deaf: Callable[[], bool],
    ) -> None:
        self._stages = stages
        self._on_transcript = on_transcript
        self._on_error = on_error
        self._is_deaf = is_deaf
        self._frames: asyncio.Queue[Pcm | None] | None = None
        self._task: asyncio.Task[None] | None = None
