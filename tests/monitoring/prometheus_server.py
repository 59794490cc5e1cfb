"""A real Prometheus on a free loopback port, with the rules that are shipped."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from bench.service import end, kept_port
from tests.conftest import ROOT

MONITORING = ROOT / "monitoring"
SCRAPE_S = 1


class Prometheus:
    """Scrapes one service each second."""

    def __init__(self, port: int) -> None:
        self.base = f"http://127.0.0.1:{port}"

    def ask(self, path: str, **query: str | float) -> Any:
        """`data` of an answer of the HTTP API.

        Raises:
            AssertionError: Prometheus refused the query, and why.
        """
        url = f"{self.base}/api/v1/{path}?{urllib.parse.urlencode(query)}"
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{query}: {error.read().decode()}") from error

    def now(self, expr: str) -> list[Any]:
        """Series of an instant query that have a number to show."""
        found = self.ask("query", query=expr)["result"]
        return [series for series in found if series["value"][1] != "NaN"]

    def over(self, expr: str, seconds: float) -> list[Any]:
        """Series of a range query that ends now, likewise."""
        end = time.time()
        data = self.ask("query_range", query=expr, start=end - seconds, end=end, step=SCRAPE_S)
        return [
            series
            for series in data["result"]
            if any(value != "NaN" for _, value in series["values"])
        ]

    def is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.base}/-/ready", timeout=2):
                return True
        except OSError:
            return False


@contextmanager
def prometheus_of(target: str, folder: Path) -> Iterator[Prometheus | None]:
    """None where the program is not installed."""
    program = shutil.which("prometheus")
    if program is None:
        yield None
        return
    config = folder / "prometheus.yml"
    config.write_text(yaml.safe_dump(_shipped_config(target)))
    with kept_port() as port:
        options = {
            "config.file": config,
            "storage.tsdb.path": folder / "data",
            "web.listen-address": f"127.0.0.1:{port}",
            "log.level": "error",
        }
        arguments = [f"--{name}={value}" for name, value in options.items()]
        process = subprocess.Popen([program, *arguments])
        try:
            server = Prometheus(port)
            deadline = time.monotonic() + 60
            while not server.is_ready():
                assert process.poll() is None, "prometheus ended"
                assert time.monotonic() < deadline, "prometheus did not get ready"
                time.sleep(0.05)
            yield server
        finally:
            end(process, signal.SIGTERM, within_s=30)


def _shipped_config(target: str) -> dict[str, Any]:
    """The one for a service on this machine, faster, and for a service at `target`."""
    config: dict[str, Any] = yaml.safe_load((MONITORING / "prometheus-local.yml").read_text())
    config["global"] = {"scrape_interval": f"{SCRAPE_S}s", "evaluation_interval": f"{SCRAPE_S}s"}
    config["rule_files"] = [str(MONITORING / pattern) for pattern in config["rule_files"]]
    (job,) = config["scrape_configs"]
    job["static_configs"] = [{"targets": [target]}]
    return config
