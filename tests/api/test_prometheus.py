"""What is made of a Prometheus's answers."""

from __future__ import annotations

import pytest

from backend.api.prometheus import total_growth


@pytest.mark.parametrize(
    ("counters", "growth"),
    [
        pytest.param([[2, 2, 5]], [0, 0, 3], id="only what grew meanwhile"),
        pytest.param([[None, 2, None, 5]], [None, 0, None, 3], id="over a gap"),
        pytest.param([[4, 6, 1, 2]], [0, 2, 1, 1], id="a restart begins at nothing"),
        pytest.param([[1, 2, 3], [None, 0, 5]], [0, 1, 6], id="of all backends"),
        pytest.param([], [None, None], id="nobody was there"),
    ],
)
def test_how_much_counters_grew(
    counters: list[list[float | None]], growth: list[float | None]
) -> None:
    assert total_growth(counters, len(growth)) == growth
