"""The one day that all of this folder looks at."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.monitoring.day import Day, live_through


@pytest.fixture(scope="session")
def day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Day]:
    yield from live_through(tmp_path_factory.mktemp("day"))
