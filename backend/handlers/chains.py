"""The chain of each stage as the settings declare it: which providers, how long to wait."""

from __future__ import annotations

from backend.handlers.base import Context
from backend.handlers.fallback import FallbackHandler, OnChange
from backend.handlers.messages import (
    Prompt,
    Sentence,
    SpeechSegment,
    SpokenAudio,
    TextDelta,
    Transcript,
)

AsrChain = FallbackHandler[SpeechSegment, Transcript]
LlmChain = FallbackHandler[Prompt, TextDelta]
TtsChain = FallbackHandler[Sentence, SpokenAudio]


def asr_chain(context: Context, on_change: OnChange) -> AsrChain:
    """Speech to text. A segment without words gives no transcript, which is no failure."""
    asr = context.settings.asr
    return FallbackHandler(
        context, "asr", asr.chain, first_output_s=asr.timeout_s, on_change=on_change
    )


def llm_chain(context: Context, on_change: OnChange) -> LlmChain:
    """Prompt to reply text; the first delta that is not blank counts as an answer."""
    llm = context.settings.llm
    return FallbackHandler(
        context,
        "llm",
        llm.chain,
        first_output_s=llm.first_token_timeout_s,
        is_useful=lambda delta: bool(delta.text.strip()),
        on_change=on_change,
    )


def tts_chain(context: Context, on_change: OnChange) -> TtsChain:
    """Sentence to sound; the first samples count."""
    tts = context.settings.tts
    return FallbackHandler(
        context,
        "tts",
        tts.chain,
        first_output_s=tts.first_audio_timeout_s,
        is_useful=lambda audio: bool(audio.pcm.size),
        on_change=on_change,
    )
