"""A scenario that is wrong says where."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.scenarios.schema import BadScenario, load_scenario

GOOD = """
about: x
do: [{at_s: 0, text: Hello}]
expect: [{see: server.sentence, index: 0}]
"""


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("about: [", "wrong.yaml"),
        (GOOD.replace("about: x", "abuot: x"), "abuot: Extra inputs"),
        (GOOD.replace("at_s: 0, ", ""), "do.0: Value error, needs either at_s or after"),
        (GOOD.replace("text: Hello", "noise: sneeze"), "do.0.noise: Input should be 'cough'"),
        (GOOD.replace("text: Hello", "text: Hello, interrupt: true"), "do.0: .*exactly one of"),
        (GOOD.replace("see: server.sentence, ", ""), "expect.0.see: Field required"),
    ],
)
def test_names_the_file_and_the_field(tmp_path: Path, text: str, where: str) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text(text)
    with pytest.raises(BadScenario, match=where) as caught:
        load_scenario(path)
    assert "wrong.yaml" in str(caught.value)


def test_a_fact_of_any_name_may_be_expected(tmp_path: Path) -> None:
    path = tmp_path / "good.yaml"
    path.write_text(GOOD)
    assert load_scenario(path).expect[0].facts == {"index": 0}
