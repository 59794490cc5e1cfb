"""The units, the example settings and the policy are what their programs take."""

from __future__ import annotations

import json
import os
import runpy
import shutil
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.kiosk.lobby import screen

FOLDER = ROOT / "deploy/kiosk"
INSTALLED = "/opt/avatar-chat/deploy/kiosk"


def test_systemd_understands_the_units(tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd-analyze is not installed")
    units = []
    for unit in FOLDER.glob("*.service"):
        text = unit.read_text()
        assert INSTALLED in text
        units.append(tmp_path / unit.name)
        units[-1].write_text(text.replace(INSTALLED, str(FOLDER)))
    assert len(units) == 2
    verified = subprocess.run(
        [analyze, "--user", "verify", "--man=no", *map(str, units)],
        env={**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    about_ours = [line for line in verified.stderr.splitlines() if "avatar-chat" in line]
    assert verified.returncode == 0 and not about_ours, verified.stderr


def test_the_example_settings_are_those_that_are_read() -> None:
    lines = (FOLDER / "kiosk.env.example").read_text().splitlines()
    names = {line.lstrip("#").partition("=")[0] for line in lines if "=" in line}
    program = (FOLDER / "kiosk.py").read_text()
    assert "KIOSK_URL" in names
    assert all(name in program for name in names if name.startswith("KIOSK_"))


def test_the_policy_lets_the_page_have_what_it_needs() -> None:
    policy = json.loads((FOLDER / "policy.json").read_text())
    for name in ("URLAllowlist", "AudioCaptureAllowedUrls", "AutoplayAllowlist"):
        assert "http://localhost:8000" in policy[name]
    assert any(address.endswith("/waiting.html") for address in policy["URLAllowlist"])


def test_the_screen_is_prepared() -> None:
    with screen() as display:
        subprocess.run(
            [sys.executable, str(FOLDER / "kiosk.py"), "screen"],
            env={**os.environ, "DISPLAY": display, "KIOSK_ROTATE": "normal"},
            check=True,
        )
        seen = subprocess.run(
            ["xset", "-display", display, "q"], check=True, capture_output=True, text=True
        )
    assert "timeout:  0" in seen.stdout and "prefer blanking:  no" in seen.stdout


def test_a_page_that_loads_anew_has_as_long_as_one_that_starts() -> None:
    kiosk = runpy.run_path(str(FOLDER / "kiosk.py"))
    patience_s = {
        stage: kiosk["patience_after"](json.dumps({"stage": stage, "phase": "ready"}))
        for stage in ("attract", "visit", "restarting")
    }
    hung_s, first_beat_s = kiosk["HUNG_S"], kiosk["FIRST_BEAT_S"]
    assert patience_s == {"attract": hung_s, "visit": hung_s, "restarting": first_beat_s}


class LatePipe:
    """A browser that answers before it shows its page."""

    def __init__(self) -> None:
        self._comes = ["browser", "page"]

    async def call(self, method: str, **params: Any) -> Any:
        answers = {
            "Target.getTargets": {"targetInfos": []},
            "Target.attachToTarget": {"sessionId": f"of the {params.get('targetId')}"},
        }
        return answers.get(method, {})

    async def receive(self) -> dict[str, Any]:
        kind = self._comes.pop(0)
        info = {"type": kind, "targetId": kind}
        return {"method": "Target.targetCreated", "params": {"targetInfo": info}}


async def test_a_browser_that_is_slow_to_show_its_page_is_waited_for() -> None:
    kiosk = runpy.run_path(str(FOLDER / "kiosk.py"))
    assert await kiosk["attached"](LatePipe()) == "of the page"


def test_whatever_is_in_the_services_place_is_said_and_waited_out() -> None:
    kiosk = runpy.run_path(str(FOLDER / "kiosk.py"))
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        url = f"http://127.0.0.1:{stranger.getsockname()[1]}/?kiosk=1"

        def greet() -> None:
            line, _ = stranger.accept()
            with line:
                line.recv(4096)
                line.sendall(b"SSH-2.0-something\r\n")

        host = threading.Thread(target=greet)
        host.start()
        assert "SSH-2.0" in kiosk["obstacle"](url)
        host.join()
    assert "refused" in kiosk["obstacle"](url)


def test_an_address_that_no_page_is_at_is_refused_at_once() -> None:
    ended = subprocess.run(
        [sys.executable, str(FOLDER / "kiosk.py")],
        env={**os.environ, "KIOSK_BROWSER": "/bin/true", "KIOSK_URL": "localhost:8000/?kiosk=1"},
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 1 and "http://" in ended.stderr


def test_without_a_browser_it_says_so() -> None:
    ended = subprocess.run(
        [sys.executable, str(FOLDER / "kiosk.py")],
        env={"PATH": "/nowhere"},
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 1 and "KIOSK_BROWSER" in ended.stderr
