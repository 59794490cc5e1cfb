"""Every panel's query runs in a real Prometheus that has watched a real service."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.monitoring.day import Day
from tests.monitoring.prometheus_server import MONITORING, Prometheus

pytestmark = pytest.mark.timeout(400)  # whoever comes first waits for the whole day

GRAFANA = MONITORING / "grafana"
FILES = sorted((GRAFANA / "dashboards").glob("*.json"))
BOARDS: dict[str, Any] = {path.stem: json.loads(path.read_text()) for path in FILES}
PANELS = [
    pytest.param(panel, id=f"{name}: {panel['title']}")
    for name, board in BOARDS.items()
    for panel in board["panels"]
    if panel["type"] != "row"
]
VARIABLES = [
    pytest.param(one["query"]["query"], id=f"{name}: {one['name']}")
    for name, board in BOARDS.items()
    for one in board["templating"]["list"]
]
CHOSEN = {"$__rate_interval": "1m", "$instance": ".+", "$place": "0"}


@pytest.fixture
def prometheus(day: Day) -> Prometheus:
    if day.prometheus is None:
        pytest.skip("prometheus is not installed")
    return day.prometheus


def test_there_is_a_board_for_the_service_one_session_and_what_is_left() -> None:
    assert list(BOARDS) == ["capacity", "service", "turn"]


@pytest.mark.parametrize("panel", PANELS)
def test_a_panel_shows_something(panel: dict[str, Any], day: Day, prometheus: Prometheus) -> None:
    """Or it may be empty, and then it says what that means."""
    found = []
    for target in panel["targets"]:
        expr = _with_choices(target["expr"])
        found += (
            prometheus.now(expr) if "instant" in target else prometheus.over(expr, day.lasted_s)
        )
    assert found or panel["fieldConfig"]["defaults"].get("noValue")


def test_what_a_day_of_conversations_fills_is_not_empty(day: Day, prometheus: Prometheus) -> None:
    """But for what is measured once a minute: its rate needs two, and a day may be too short."""
    empty = {
        param.values[0]["title"]
        for param in PANELS
        if not any(
            prometheus.over(_with_choices(target["expr"]), day.lasted_s)
            for target in param.values[0]["targets"]
        )
    }
    assert empty <= {"Lips against voice"}


@pytest.mark.parametrize("query", VARIABLES)
def test_a_variable_has_something_to_choose_from(query: str, prometheus: Prometheus) -> None:
    match = re.fullmatch(r"label_values\((.+), (\w+)\)", query)
    assert match is not None
    series, label = match.groups()
    assert prometheus.ask(f"label/{label}/values", **{"match[]": _with_choices(series)})


def test_every_rule_is_healthy(prometheus: Prometheus) -> None:
    rules = [rule for group in prometheus.ask("rules")["groups"] for rule in group["rules"]]
    assert {rule["name"]: rule["lastError"] for rule in rules if rule.get("lastError")} == {}
    assert {rule["health"] for rule in rules} == {"ok"}


def test_a_provider_that_is_out_of_order_is_about_to_be_told(prometheus: Prometheus) -> None:
    waiting = {one["labels"]["alertname"] for one in prometheus.ask("alerts")["alerts"]}
    assert "AvatarChatFallbackActive" in waiting
    assert not waiting & {"AvatarChatDown", "AvatarChatNotReady", "AvatarChatRedisDown"}


@pytest.mark.parametrize("board", BOARDS.values(), ids=list(BOARDS))
def test_panels_explain_themselves_and_lie_side_by_side(board: dict[str, Any]) -> None:
    assert board["uid"] == f"avatar-chat-{_name_of(board)}" and board["tags"] == ["avatar-chat"]
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
    cells: set[tuple[int, int]] = set()
    for panel in board["panels"]:
        assert panel["type"] == "row" or panel["description"]
        at = panel["gridPos"]
        mine = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert not mine & cells and at["x"] + at["w"] <= 24, panel["title"]
        cells |= mine


def test_grafana_finds_its_data_and_its_boards() -> None:
    (source,) = _provisioned("datasources/prometheus.yml")["datasources"]
    (provider,) = _provisioned("dashboards/avatar-chat.yml")["providers"]
    assert source["type"] == "prometheus" and provider["options"]["path"]
    used = set(re.findall(r'"uid": "([^"]+)"', "".join(path.read_text() for path in FILES)))
    assert used == {source["uid"], *(board["uid"] for board in BOARDS.values())}


def _provisioned(path: str) -> dict[str, Any]:
    config: dict[str, Any] = yaml.safe_load((GRAFANA / "provisioning" / Path(path)).read_text())
    return config


def _name_of(board: dict[str, Any]) -> str:
    return next(name for name, one in BOARDS.items() if one is board)


def _with_choices(expr: str) -> str:
    for variable, value in CHOSEN.items():
        expr = expr.replace(variable, value)
    return expr
