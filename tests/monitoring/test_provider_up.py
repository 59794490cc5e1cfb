"""Which providers raise an alarm."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from backend import metrics
from backend.api.vitals import Vitals
from backend.config import Settings
from backend.handlers.health import Breakers
from backend.session.store.keeper import StoreHealth


def test_a_provider_without_its_settings_has_no_series() -> None:
    breakers = Breakers()
    for provider in ("kept_out", "keyless"):
        breaker = breakers.of("llm", provider, failures=1, cooldown_s=1)
        breaker.trip(0.0, "It cannot be used here.")
    breakers.set_aside("llm", "keyless")
    service: Any = SimpleNamespace(
        version="1",
        settings=Settings(),
        keeper=SimpleNamespace(health=lambda: StoreHealth("memory", 0, "")),
    )
    factory: Any = SimpleNamespace(chains=dict, models=list, health=lambda: breakers.health(0.5))
    Vitals(service, factory)._look_at_parts()

    def up(provider: str) -> float | None:
        labels = {"component": "llm", "provider": provider}
        return metrics.REGISTRY.get_sample_value("avatar_chat_provider_up", labels)

    assert up("kept_out") == 0 and up("keyless") is None
