"""How often partial transcripts are made."""

from __future__ import annotations

from backend.config import EndOfTurnSettings
from backend.session.turn_taking.partials import PartialPace


def test_the_interval_holds_for_cheap_recognition() -> None:
    pace = PartialPace(EndOfTurnSettings(partial_interval_ms=800))
    pace.asked(1000)
    assert not pace.is_due(1799, 10.0) and pace.is_due(1800, 10.0)


def test_dear_recognition_rests_as_long_as_the_load_demands() -> None:
    pace = PartialPace(EndOfTurnSettings(partial_interval_ms=100, partial_load=0.25))
    pace.asked(0)
    pace.took(2.0, 100.0)
    assert not pace.is_due(60_000, 105.9) and pace.is_due(60_000, 106.0)
