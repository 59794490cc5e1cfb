"""What is measured of one ear, from what it tells: recognition, the end of a turn, silence."""

from __future__ import annotations

from backend import metrics
from backend.handlers.vad.segmenter import FRAME_MS, SpeechMaybe
from backend.session.turn_taking.decisions import (
    BargedIn,
    EarEvent,
    PlaybackPaused,
    RecognitionDone,
    TurnCommitted,
)


class EarMetrics:
    """Takes the events of one session, in order."""

    def __init__(self) -> None:
        self._voice_at_ms: float | None = None

    def observed(self, event: EarEvent) -> None:
        match event:
            case SpeechMaybe():
                self._voice_at_ms = event.at_ms - FRAME_MS
            case PlaybackPaused() | BargedIn():
                self._fell_silent(event.at_ms)
            case RecognitionDone():
                metrics.STAGE_SECONDS.labels("asr").observe(event.cost_ms / 1000)
                metrics.STAGE_WORK_SECONDS.labels("asr").observe(event.cost_ms / 1000)
            case TurnCommitted():
                metrics.END_OF_TURN_SECONDS.observe(event.silence_ms / 1000)

    def _fell_silent(self, at_ms: float) -> None:
        """The first order counts; an interruption may follow upon a pause."""
        if self._voice_at_ms is not None:
            metrics.TIME_TO_SILENCE_SECONDS.observe((at_ms - self._voice_at_ms) / 1000)
            self._voice_at_ms = None
