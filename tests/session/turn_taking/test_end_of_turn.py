"""How long a silence must be."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from backend.config import EndOfTurnSettings
from backend.session.turn_taking.completeness import Completeness
from backend.session.turn_taking.end_of_turn import EndOfTurn, Step

SETTINGS = EndOfTurnSettings(speculate_ms=200, floor_ms=300, default_ms=500, ceiling_ms=1500)
WAITS = {
    Completeness.FINISHED: 300,
    Completeness.UNKNOWN: 500,
    Completeness.BROKEN_OFF: 1500,
}


def steps(end: EndOfTurn, *times_ms: float) -> list[Step]:
    return [end.tick(now_ms) for now_ms in times_ms]


def test_nobody_is_done_who_has_not_fallen_silent() -> None:
    end = EndOfTurn(SETTINGS)
    assert steps(end, 0, 10_000) == [Step.WAIT, Step.WAIT]


@pytest.mark.parametrize("verdict", Completeness)
def test_the_transcript_sets_the_wait(verdict: Completeness) -> None:
    end = EndOfTurn(SETTINGS)
    end.fell_silent(1000)
    assert steps(end, 1199, 1200, 1201) == [Step.WAIT, Step.SPECULATE, Step.WAIT]
    end.judged(verdict)
    assert steps(end, 1000 + WAITS[verdict] - 1) == [Step.WAIT]
    assert steps(end, 1000 + WAITS[verdict]) == [Step.COMMIT]
    assert end.wait_ms == WAITS[verdict]


def test_a_late_transcript_commits_at_once() -> None:
    end = EndOfTurn(SETTINGS)
    end.fell_silent(0)
    assert steps(end, 200, 800) == [Step.SPECULATE, Step.WAIT]
    end.judged(Completeness.UNKNOWN)
    assert steps(end, 800) == [Step.COMMIT]


def test_without_a_transcript_the_ceiling_holds() -> None:
    end = EndOfTurn(SETTINGS)
    end.fell_silent(0)
    assert steps(end, 200, 1499, 1500) == [Step.SPECULATE, Step.WAIT, Step.COMMIT]


def test_speech_takes_the_verdict_back() -> None:
    end = EndOfTurn(SETTINGS)
    end.fell_silent(0)
    end.judged(Completeness.FINISHED)
    end.goes_on(1)
    assert steps(end, 5000) == [Step.WAIT]
    end.fell_silent(6000)
    assert steps(end, 6200, 6300) == [Step.SPECULATE, Step.WAIT]


@given(
    st.lists(
        st.one_of(
            st.just("speaks"), st.just("silent"), st.sampled_from(Completeness), st.integers(1, 400)
        )
    )
)
def test_a_commit_is_never_early_nor_later_than_the_ceiling(
    story: list[str | Completeness | int],
) -> None:
    end, now, silent_since = EndOfTurn(SETTINGS), 0, None
    speculated = False
    for event in story:
        if event == "speaks":
            end.goes_on(1)
            silent_since = None
        elif event == "silent":
            end.fell_silent(now)
            silent_since, speculated = now, False
        elif isinstance(event, Completeness):
            end.judged(event)
        elif isinstance(event, int):
            now += event
            step = end.tick(now)
            silence = 0 if silent_since is None else now - silent_since
            assert (step is Step.COMMIT) >= (silence >= SETTINGS.ceiling_ms)
            assert step is not Step.COMMIT or silence >= SETTINGS.floor_ms
            if step is Step.SPECULATE:
                assert not speculated and silence >= SETTINGS.speculate_ms
                speculated = True


def test_waits_out_of_order_are_refused() -> None:
    with pytest.raises(ValidationError, match="speculate_ms ≤ floor_ms"):
        EndOfTurnSettings(floor_ms=600)


def silence_that_ends(end: EndOfTurn, verdict: Completeness) -> int:
    end.fell_silent(0)
    end.judged(verdict)
    return end.wait_ms


def test_who_pauses_and_goes_on_is_given_more_time() -> None:
    end = EndOfTurn(SETTINGS)
    for _ in range(6):
        end.fell_silent(0)
        end.goes_on(450)
    assert silence_that_ends(end, Completeness.UNKNOWN) == pytest.approx(450 * 1.3, rel=0.05)
    assert silence_that_ends(end, Completeness.FINISHED) == pytest.approx(450 * 1.1, rel=0.05)


def test_who_was_cut_off_is_given_more_time() -> None:
    end = EndOfTurn(SETTINGS)
    for _ in range(6):
        end.fell_silent(0)
        end.ends()
        end.begins(800)
    assert silence_that_ends(end, Completeness.UNKNOWN) > 900
    assert silence_that_ends(end, Completeness.FINISHED) == 500
    assert silence_that_ends(end, Completeness.BROKEN_OFF) == 1500


def test_who_comes_back_later_was_not_cut_off() -> None:
    end = EndOfTurn(SETTINGS)
    end.fell_silent(0)
    end.ends()
    end.begins(1501)
    assert silence_that_ends(end, Completeness.UNKNOWN) == 500


def test_haste_is_learned_again() -> None:
    end = EndOfTurn(SETTINGS)
    for pause_ms in [900] * 6 + [200] * 40:
        end.fell_silent(0)
        end.goes_on(pause_ms)
    assert silence_that_ends(end, Completeness.FINISHED) == 300


@given(pauses=st.lists(st.floats(0, 5000)), verdict=st.sampled_from(Completeness))
def test_the_wait_stays_within_its_bounds(pauses: list[float], verdict: Completeness) -> None:
    end = EndOfTurn(SETTINGS)
    for pause_ms in pauses:
        end.fell_silent(0)
        end.goes_on(pause_ms)
    wait_ms = silence_that_ends(end, verdict)
    bounds = {
        Completeness.FINISHED: (300, 500),
        Completeness.UNKNOWN: (500, 1500),
        Completeness.BROKEN_OFF: (1500, 1500),
    }
    least_ms, most_ms = bounds[verdict]
    assert least_ms <= wait_ms <= most_ms
