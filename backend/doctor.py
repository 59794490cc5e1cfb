"""`avatar-chat doctor`: what really runs here, its version, and what to do about each fallback."""

from __future__ import annotations

import platform
from importlib.metadata import version
from pathlib import Path
from typing import Literal, NamedTuple

from backend.config import Settings, StoreSettings
from backend.engine.local import LocalEngine
from backend.errors import AvatarChatError, StoreError
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
_STOP_GAPS = {
    "pocketsphinx": "A stop-gap: English only, and often wrong.",
    "builtin": "A stop-gap: a small program, not a language model.",
    "espeak": "A stop-gap: it sounds like a robot.",
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
        _page("chat", settings.server.page_dir),
        _page("monitor", settings.monitor.page_dir),
        await _store(settings.store),
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


def _page(name: str, page_dir: Path) -> Finding:
    built = (page_dir / "index.html").is_file()
    advice = "" if built else "Run: make page"
    return Finding("page", name, "-", "ok" if built else "broken", advice)


async def _store(settings: StoreSettings) -> Finding:
    """Where conversations wait when their backend leaves."""
    if settings.kind == "memory":
        return Finding("store", "memory", "-", "ok", "")
    from backend.session.store.redis import RedisStore  # half a second, with all that it brings

    store = RedisStore(settings)
    try:
        await store.check()
        await store.close()
    except StoreError as error:
        return Finding("store", "redis", version("redis"), "broken", error.message)
    return Finding("store", "redis", version("redis"), "ok", "")


async def _examine(component: str, handler: BaseHandler[object, object]) -> Finding:
    try:
        await handler.initialize()
    except AvatarChatError as error:
        return Finding(component, "-", "-", "broken", error.message)
    runs = handler.active
    note = _STOP_GAPS.get(runs, "")
    if isinstance(handler, FallbackHandler) and runs != handler.chain[0]:
        why = handler.out_of_order.get(handler.chain[0], "")
        return Finding(component, runs, _version(runs), "fallback", f"{note} {why}".strip())
    return Finding(component, runs, _version(runs), "ok", note)


def _version(provider: str) -> str:
    return version(_PACKAGES[provider]) if provider in _PACKAGES else "-"
