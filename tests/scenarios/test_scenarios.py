"""Every scenario file beside this one, played and held against what it expects."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.scenarios.runner import check, play
from tests.scenarios.schema import load_scenario

FILES = sorted(Path(__file__).parent.glob("*.yaml"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_goes_as_it_should(file: Path) -> None:
    scenario = load_scenario(file)
    check(scenario, play(scenario))
