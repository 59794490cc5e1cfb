"""`avatar-chat doctor`: what really runs here, its version, and what to do about each fallback."""

from __future__ import annotations

import platform
from importlib.metadata import version
from typing import Literal, NamedTuple

from backend.config import Settings
from backend.engine.local import LocalEngine
from backend.errors import AvatarChatError
from backend.handlers.base import BaseHandler, Options
from backend.handlers.fallback import FallbackHandler
from backend.session.stages import StageFactory

_PACKAGES = {
    "silero": "silero-vad",
    "whisper": "faster-whisper",
    "pocketsphinx": "pocketsphinx",
    "openai": "openai",
    "edge": "edge-tts",
    "espeak": "espeakng-loader",
}
_STOP_GAP_ADVICE = {
    ("asr", "pocketsphinx"): "English only and often wrong. Run: avatar-chat models pull",
    ("llm", "builtin"): "A small built-in program. Set AVATAR_CHAT_LLM__BASE_URL or "
    "AVATAR_CHAT_LLM__API_KEY to connect a language model.",
    ("tts", "espeak"): "A robotic voice. Edge-TTS takes over when the network allows it.",
}


class Finding(NamedTuple):
    """One line of the table."""

    component: str
    runs: str
    version: str
    verdict: Literal["ok", "fallback", "broken"]
    advice: str


async def examine(settings: Settings) -> list[Finding]:
    """Load every stage as a session would and report on each; never raises for a broken one."""
    engine = LocalEngine(settings.engine)
    findings = [
        Finding("python", platform.python_implementation(), platform.python_version(), "ok", ""),
        _page(settings),
    ]
    try:
        await engine.start()
        stages = StageFactory(settings, engine).build("doctor")
        await stages.reconfigure(Options())
        for name, handler in stages.by_component().items():
            findings.append(await _examine(name, handler))
        await stages.release()
    except AvatarChatError as error:
        findings.append(Finding("engine", "-", "-", "broken", error.message))
    finally:
        await engine.close()
    return findings


def _page(settings: Settings) -> Finding:
    built = (settings.server.page_dir / "index.html").is_file()
    advice = "" if built else "Run: make page"
    return Finding("page", "chat", "-", "ok" if built else "broken", advice)


async def _examine(component: str, handler: BaseHandler[object, object]) -> Finding:
    try:
        await handler.initialize()
    except AvatarChatError as error:
        return Finding(component, "-", "-", "broken", error.message)
    runs = handler.active
    first = handler.chain[0] if isinstance(handler, FallbackHandler) else runs
    advice = _STOP_GAP_ADVICE.get((component, runs), "")
    if runs != first and isinstance(handler, FallbackHandler):
        why = handler.out_of_order.get(first, "")
        return Finding(component, runs, _version(runs), "fallback", f"{why} {advice}".strip())
    return Finding(component, runs, _version(runs), "ok", advice)


def _version(provider: str) -> str:
    return version(_PACKAGES[provider]) if provider in _PACKAGES else "-"
