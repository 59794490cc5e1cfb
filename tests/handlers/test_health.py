"""Which providers are up."""

from __future__ import annotations

from backend.handlers.health import Breakers


def test_breakers_are_one_per_provider() -> None:
    breakers = Breakers()
    edge = breakers.of("tts", "edge", failures=1, cooldown_s=1)
    assert breakers.of("tts", "edge", failures=9, cooldown_s=9) is edge
    assert breakers.of("tts", "espeak", failures=1, cooldown_s=1) is not edge
