"""Is a segment worth recognising? Recognisers invent words for near-silence."""

from __future__ import annotations

import numpy as np

from backend.config import AsrSettings
from backend.handlers.messages import Pcm, SpeechSegment


def is_worth_hearing(segment: SpeechSegment, settings: AsrSettings) -> bool:
    """Loud enough, and enough of it called speech by the detector."""
    is_speech = segment.speech_ratio >= settings.min_speech_ratio
    return is_speech and rms(segment.pcm) >= settings.min_rms


def rms(pcm: Pcm) -> float:
    """Root mean square, full scale being 1; 0 for no samples."""
    if not pcm.size:
        return 0.0
    return float(np.sqrt(np.mean((pcm.astype(np.float32) / 32768) ** 2)))
