"""How often partial transcripts are made."""

from __future__ import annotations

from backend.config import EndOfTurnSettings
from backend.session.turn_taking.partials import PartialPace


def test_the_interval_holds_for_cheap_recognition() -> None:
    pace = PartialPace(EndOfTurnSettings(partial_interval_ms=800))
    pace.asked(1000)
    assert not pace.is_due(1799, 10.0, 0.8) and pace.is_due(1800, 10.0, 0.8)


def test_dear_recognition_rests_as_long_as_the_load_demands() -> None:
    pace = PartialPace(EndOfTurnSettings(partial_interval_ms=100, partial_load=0.25))
    pace.asked(0)
    pace.took(2.0, 30.0, 100.0)
    assert not pace.is_due(60_000, 105.9, 60.0) and pace.is_due(60_000, 106.0, 60.0)


def test_a_recogniser_that_takes_as_long_for_little_is_asked_for_much_only() -> None:
    pace = PartialPace(EndOfTurnSettings(partial_load=0.5))
    assert pace.is_due(10_000, 0.0, 0.8), "nothing is known of it"
    for sound_s in (20.0, 1.0):
        pace.took(3.0, sound_s, 0.0)
        assert not pace.is_due(30_000, 30.0, 5.9) and pace.is_due(30_000, 30.0, 6.0)


def test_a_recogniser_whose_cost_grows_with_the_sound_is_asked_all_along() -> None:
    pace = PartialPace(EndOfTurnSettings(partial_load=0.5))
    for sound_s in (1.0, 10.0, 1.0):
        pace.took(0.4 * sound_s, sound_s, 0.0)
        assert pace.is_due(30_000, 30.0, 1.0) and pace.is_due(30_000, 30.0, 20.0)


def test_a_recogniser_slower_than_the_load_allows_makes_none() -> None:
    pace = PartialPace(EndOfTurnSettings(partial_load=0.5))
    pace.took(0.6, 1.0, 0.0)
    assert not pace.is_due(30_000, 30.0, 1.0) and not pace.is_due(30_000, 30.0, 20.0)
