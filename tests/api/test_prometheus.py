"""What is made of a Prometheus's answers."""

from __future__ import annotations

import pytest

from backend.api.prometheus import Counter, Prometheus, total_growth
from tests.fakes.stranger import answered, everything_goes_by, stranger

LONG_AGO, IN_BETWEEN = 0.0, 1015.0


@pytest.mark.parametrize(
    ("counters", "growth"),
    [
        pytest.param([([2, 2, 5], LONG_AGO)], [0, 0, 3], id="only what grew meanwhile"),
        pytest.param([([None, 2, None, 5], LONG_AGO)], [None, 0, None, 3], id="over a gap"),
        pytest.param([([None, None, 2, 5], IN_BETWEEN)], [None, None, 2, 3], id="a new backend"),
        pytest.param([([4, 6, 1, 2], IN_BETWEEN)], [0, 2, 1, 1], id="a restart begins at nothing"),
        pytest.param(
            [([1, 2, 3], LONG_AGO), ([None, 0, 5], LONG_AGO)], [0, 1, 6], id="of all backends"
        ),
        pytest.param([], [None, None], id="nobody was there"),
    ],
)
def test_how_much_counters_grew(
    counters: list[tuple[list[float | None], float]], growth: list[float | None]
) -> None:
    times = [1000 + 10 * step for step in range(len(growth))]
    assert total_growth([Counter(*one) for one in counters], times) == growth


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"SSH-2.0-OpenSSH_9.2\r\n", id="no HTTP"),
        pytest.param(answered('{"status":', said_bytes=500), id="broken off"),
        pytest.param(answered("<html></html>"), id="a page"),
    ],
)
def test_what_answers_and_is_no_prometheus_is_a_failure_like_any_other(answer: bytes) -> None:
    with stranger(answer) as other, pytest.raises((OSError, ValueError)):
        Prometheus(other.address).firing()


def test_no_proxy_stands_between(monkeypatch: pytest.MonkeyPatch) -> None:
    told = answered('{"status": "success", "data": {"result": []}}')
    with stranger(told) as prometheus, stranger(b"") as proxy:
        everything_goes_by(proxy, monkeypatch)
        assert Prometheus(prometheus.address).firing() == []
    assert prometheus.heard and not proxy.heard
