"""When a failing provider is left alone."""

from __future__ import annotations

import pytest

from backend.breaker import LONGEST_COOLDOWN, BreakerState, CircuitBreaker


@pytest.fixture
def breaker() -> CircuitBreaker:
    return CircuitBreaker(failures=2, cooldown_s=10)


def test_a_new_breaker_lets_everything_through(breaker: CircuitBreaker) -> None:
    assert breaker.state(0) is BreakerState.CLOSED
    assert breaker.acquire(0) and breaker.acquire(0)


def test_failures_in_a_row_open_it(breaker: CircuitBreaker) -> None:
    breaker.failed(0, "first")
    assert breaker.acquire(0)
    breaker.failed(1, "second")
    assert breaker.state(1) is BreakerState.OPEN
    assert not breaker.acquire(10.9)
    assert breaker.reason == "second"


def test_a_success_between_failures_starts_the_count_anew(breaker: CircuitBreaker) -> None:
    breaker.failed(0, "first")
    breaker.succeeded()
    breaker.failed(1, "second")
    assert breaker.state(1) is BreakerState.CLOSED


def test_after_the_cooldown_one_trial_is_let_through(breaker: CircuitBreaker) -> None:
    breaker.trip(0, "no network")
    assert breaker.state(10) is BreakerState.HALF_OPEN
    assert breaker.acquire(10)
    assert not breaker.acquire(10), "one trial at a time"
    assert breaker.acquire(20), "a trial that was never reported blocks nobody for ever"


def test_a_good_trial_closes_it(breaker: CircuitBreaker) -> None:
    breaker.trip(0, "no network")
    assert breaker.acquire(10)
    breaker.succeeded()
    assert breaker.state(10) is BreakerState.CLOSED and breaker.reason == ""


def test_each_bad_trial_doubles_the_rest_up_to_a_bound(breaker: CircuitBreaker) -> None:
    breaker.trip(0, "no network")
    now_s, rests = 10.0, []
    for _ in range(5):
        assert breaker.acquire(now_s)
        breaker.failed(now_s, "still none")
        rest_s = next(s for s in range(1000) if breaker.state(now_s + s) is BreakerState.HALF_OPEN)
        rests.append(rest_s)
        now_s += rest_s
    assert rests == [20, 40, 40, 40, 40]
    assert rests[-1] == 10 * LONGEST_COOLDOWN


@pytest.mark.parametrize("says_so", [False, True], ids=["fails", "cannot work"])
def test_many_who_asked_before_it_opened_count_as_one_outage(
    breaker: CircuitBreaker, says_so: bool
) -> None:
    assert all(breaker.acquire(0) for _ in range(10))
    for _ in range(10):
        (breaker.trip if says_so else breaker.failed)(1, "a hiccup")
    assert not breaker.acquire(10.9) and breaker.acquire(11)
    breaker.failed(11, "the trial")
    assert breaker.state(30.9) is BreakerState.OPEN and breaker.acquire(31)
