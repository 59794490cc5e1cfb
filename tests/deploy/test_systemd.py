"""The units: verified, their exposure measured, and their names held against what they name."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from backend.serve import CLOSE_WITHIN_S
from tests.conftest import ROOT
from tests.deploy.settings_of import SettingsOf, env_file, settings_of

__all__ = ["settings_of"]

SYSTEMD = ROOT / "deploy/systemd"
BACKEND = SYSTEMD / "avatar-chat@.service"
UNITS = ("avatar-chat@.service", "avatar-chat-front-door.service", "avatar-chat.target")
MOST_EXPOSURE = 20
"""In tenths; systemd calls up to 2.4 safe enough, and 9.6 is a service without a guard."""


@pytest.fixture
def analyze() -> str:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd is not installed")
    return program


def text(unit: Path, section: str, name: str) -> list[str]:
    """All values of an option of a unit, in order."""
    part = unit.read_text().partition(f"[{section}]\n")[2].partition("\n[")[0]
    return re.findall(rf"^{name}=(.*)$", part, re.M)


@pytest.fixture
def units(tmp_path: Path) -> Path:
    """The units as they would be installed, with the programs of this machine."""
    programs = {
        "/opt/avatar-chat/.venv/bin/avatar-chat": sys.executable,
        "/usr/sbin/nginx": sys.executable,
    }
    for name in UNITS:
        unit = (SYSTEMD / name).read_text()
        for program, here in programs.items():
            unit = unit.replace(program, here)
        (tmp_path / name).write_text(unit)
    for port in ports():
        shutil.copy(tmp_path / BACKEND.name, tmp_path / f"avatar-chat@{port}.service")
    return tmp_path


def ports() -> list[str]:
    """Of the backends that the target starts."""
    (wanted,) = text(SYSTEMD / "avatar-chat.target", "Unit", "Wants")
    return re.findall(r"avatar-chat@(\d+)\.service", wanted)


def test_systemd_has_nothing_to_say(analyze: str, units: Path) -> None:
    verify = [analyze, "verify", "--man=no", *units.iterdir()]
    found = subprocess.run(verify, capture_output=True, text=True, check=False)
    ours = [line for line in found.stderr.splitlines() if "avatar-chat" in line]
    assert found.returncode == 0 and ours == [], found.stderr


@pytest.mark.parametrize("name", ["avatar-chat@.service", "avatar-chat-front-door.service"])
def test_services_are_guarded(analyze: str, units: Path, name: str) -> None:
    look = [analyze, "security", "--offline=true", f"--threshold={MOST_EXPOSURE}", units / name]
    found = subprocess.run(look, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout


def test_the_front_door_leads_to_the_backends_that_the_target_starts() -> None:
    upstream = re.findall(
        r"^server 127\.0\.0\.1:(\d+)", (SYSTEMD / "backends.conf").read_text(), re.M
    )
    assert upstream == ports() and len(upstream) == 2
    (start,) = text(BACKEND, "Service", "ExecStart")
    assert start.endswith("avatar-chat run --port %i")


def test_a_reload_takes_a_new_key_and_refuses_what_nginx_does_not_take() -> None:
    door = SYSTEMD / "avatar-chat-front-door.service"
    placed, checked, reloaded = text(door, "Service", "ExecReload")
    assert placed.startswith("+") and placed.endswith("systemd-tmpfiles --create avatar-chat.conf")
    assert "nginx -t " in checked and "nginx -s reload " in reloaded
    assert text(door, "Service", "ExecStartPre") == [placed, checked]
    modes = (SYSTEMD / "tmpfiles.conf").read_text().splitlines()
    assert "z /etc/avatar-chat/nginx/tls.key 0640 root www-data -" in modes


def test_the_documents_name_units_that_there_are() -> None:
    known = {f"avatar-chat@{port}" for port in ports()} | {Path(unit).stem for unit in UNITS}
    known |= {"avatar-chat.target"}
    commands = [
        command
        for page in ("deploy", "operations")
        for command in re.findall(
            r"(?:systemctl|journalctl) ([^`\n]+)", (ROOT / f"docs/{page}.md").read_text()
        )
    ]
    named = {word for command in commands for word in re.findall(r"avatar-chat[\w@.-]*", command)}
    assert {"avatar-chat@8001", "avatar-chat-front-door"} <= named <= known - {"avatar-chat"}


def test_the_installer_places_every_file_of_nginx() -> None:
    installer = (SYSTEMD / "install.sh").read_text()
    placed = " ".join(re.findall(r"^for file in (.*); do$", installer, re.M)).split()
    assert {*placed, "backends"} == {path.stem for path in (ROOT / "nginx").glob("*.conf")}
    subprocess.run(["sh", "-n", SYSTEMD / "install.sh"], check=True)


def test_the_settings_hold_and_suit_the_unit(settings_of: SettingsOf) -> None:
    given = dict(pair.split("=", 1) for pair in text(BACKEND, "Service", "Environment"))
    env = {name: value.replace("%i", "8001") for name, value in given.items()}
    settings = settings_of(env | env_file(SYSTEMD / "avatar-chat.env.example", uncommented=True))
    (stop_s,) = text(BACKEND, "Service", "TimeoutStopSec")
    assert int(stop_s) > settings.session.leave_s + CLOSE_WITHIN_S
    assert text(BACKEND, "Service", "KillMode") == ["mixed"]  # workers are ended by the service
    (memory,) = text(BACKEND, "Service", "MemoryMax")
    assert int(memory.removesuffix("G")) * 1024 > settings.session.memory_ceiling_mb
    for path, kept in (
        (settings.timeline.dir, "/var/lib"),
        (settings.asr.models_dir, "/var/lib/avatar-chat"),
        (settings.avatar.cache_dir, "/var/cache"),
    ):
        assert path is not None and path.is_relative_to(kept)
    assert settings.store.kind == "redis"
