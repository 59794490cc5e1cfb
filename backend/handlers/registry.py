"""Names of the chains' providers and where they live. Nothing is imported before it is asked for.

Some providers pull in libraries that take seconds to import, so the table holds addresses
(`module:Class`), not classes.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from backend.errors import ConfigError
from backend.handlers.base import BaseHandler, Context

_ADDRESSES: dict[tuple[str, str], str] = {
    ("asr", "whisper"): "backend.handlers.asr.whisper:WhisperAsr",
    ("asr", "pocketsphinx"): "backend.handlers.asr.pocketsphinx:PocketsphinxAsr",
    ("llm", "openai"): "backend.handlers.llm.openai:OpenAiLlm",
    ("llm", "builtin"): "backend.handlers.llm.builtin:BuiltinLlm",
    ("tts", "edge"): "backend.handlers.tts.edge:EdgeTts",
    ("tts", "espeak"): "backend.handlers.tts.espeak:EspeakTts",
}


def register(component: str, provider: str, address: str) -> None:
    """Add or replace a provider; `address` is `package.module:Class`."""
    _ADDRESSES[component, provider] = address


def providers(component: str) -> tuple[str, ...]:
    """Every provider known for a stage, in the order of registration."""
    return tuple(name for stage, name in _ADDRESSES if stage == component)


def create(component: str, provider: str, context: Context) -> BaseHandler[Any, Any]:
    """A fresh handler for one session; nothing is loaded yet.

    Raises:
        ConfigError: no such provider.
    """
    address = _ADDRESSES.get((component, provider))
    if address is None:
        known = ", ".join(providers(component)) or "none"
        raise ConfigError(f"{component}: there is no provider {provider!r}. Known: {known}.")
    module, _, name = address.partition(":")
    handler: BaseHandler[Any, Any] = getattr(import_module(module), name)(context)
    return handler
