"""Alerts fire when they should, keep quiet when they should, and lead to what to do about them."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from backend.metrics_docs import defined, exposed_name
from tests.conftest import ROOT
from tests.monitoring.prometheus_server import MONITORING

HERE = Path(__file__).parent
RUNBOOK = "docs/operations.md"


def rules(name: str) -> list[dict[str, Any]]:
    groups = yaml.safe_load((MONITORING / "rules" / name).read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


ALERTS = pytest.mark.parametrize("alert", rules("alerts.yml"), ids=lambda alert: alert["alert"])


def run(program: str, *arguments: str | Path) -> None:
    found = shutil.which(program)
    if found is None:
        pytest.skip(f"{program} is not installed")
    done = subprocess.run([found, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_rules_do_what_their_tests_say() -> None:
    run("promtool", "test", "rules", HERE / "rules_test.yml")


@pytest.mark.parametrize("config", ["prometheus.yml", "prometheus-local.yml"])
def test_prometheus_takes_its_configuration(config: str) -> None:
    run("promtool", "check", "config", MONITORING / config)


def test_alertmanager_takes_its_configuration() -> None:
    run("amtool", "check-config", MONITORING / "alertmanager.yml")


@ALERTS
def test_an_alert_is_tested_and_says_what_to_do(alert: dict[str, Any]) -> None:
    name, about = alert["alert"], alert["annotations"]
    assert f'alertname="{name}"' in (HERE / "rules_test.yml").read_text()
    assert about["summary"] and about["description"]
    assert about["runbook"] == f"{RUNBOOK}#{name.lower()}"
    assert alert["labels"]["severity"] in ("info", "warning", "critical")
    (entry,) = re.findall(rf"(?ms)^### {name}\n(.+?)(?=^##)", (ROOT / RUNBOOK).read_text() + "##")
    assert len(entry.split()) > 25 and "`" in entry, "what it means, what users feel, what to do"


def test_no_runbook_entry_is_left_without_its_alert() -> None:
    entries = re.findall(r"(?m)^### (AvatarChat\w+)$", (ROOT / RUNBOOK).read_text())
    assert sorted(entries) == sorted(alert["alert"] for alert in rules("alerts.yml"))


def test_rules_and_boards_ask_for_series_that_exist() -> None:
    known = {exposed_name(metric) for metric in defined()}
    known |= {f"{name}_bucket" for name in known}
    texts = [path.read_text() for path in MONITORING.rglob("*.*") if path.is_file()]
    asked = set(re.findall(r"\bavatar_chat_\w+\b(?!:)", "".join(texts)))
    assert asked <= known
    recorded = {rule["record"] for rule in rules("recording.yml")}
    assert set(re.findall(r"\bavatar_chat:[\w:]+", "".join(texts))) == recorded


def test_no_file_names_an_address_elsewhere() -> None:
    for path in MONITORING.rglob("*.*"):
        if path.is_file():
            hosts = re.findall(r"https?://([\w.-]+)", path.read_text())
            assert set(hosts) <= {"localhost", "prometheus"}, path
