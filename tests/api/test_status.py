"""What `/api/status` calls running is what a visitor meets now."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from backend.api.status import Watched
from backend.handlers.health import Breakers
from backend.protocol import Providers

AT_START = Providers(vad="silero", asr="pocketsphinx", llm="openai", tts="espeak", avatar="lipsync")
CHAINS = {"asr": ("whisper", "pocketsphinx"), "llm": ("openai", "builtin"), "tts": ("espeak",)}


def watched(breakers: Breakers, at_start: Providers | None = AT_START) -> Watched:
    service: Any = SimpleNamespace(providers=at_start)
    factory: Any = SimpleNamespace(chains=lambda: CHAINS, health=lambda: breakers.health(0.5))
    nobody_asks: Any = SimpleNamespace()
    return Watched(service, factory, vitals=nobody_asks)


def test_one_that_came_later_and_one_that_failed_since_the_start() -> None:
    breakers = Breakers()
    for component, chain in CHAINS.items():
        for provider in chain:
            breakers.of(component, provider, failures=1, cooldown_s=1)
    breakers.of("llm", "openai", failures=1, cooldown_s=1).failed(0.0, "No answer.")
    now = watched(breakers).providers
    assert now == AT_START.model_copy(update={"asr": "whisper", "llm": "builtin"})


def test_what_nobody_has_tried_since_is_as_it_was_at_the_start() -> None:
    assert watched(Breakers()).providers == AT_START
    assert watched(Breakers(), at_start=None).providers is None
