"""What a service would make of the environment that a deployment gives it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from backend.config import ENV_PREFIX, Settings, load_settings

SettingsOf = Callable[[Mapping[str, str]], Settings]


@pytest.fixture
def settings_of(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> SettingsOf:
    """The settings under the `AVATAR_CHAT_…` names given and no others; wrong ones raise."""

    def read(env: Mapping[str, str]) -> Settings:
        monkeypatch.chdir(tmp_path)  # no .env, no avatar-chat.yaml
        for name in [name for name in os.environ if name.startswith(ENV_PREFIX)]:
            monkeypatch.delenv(name)
        for name, value in env.items():
            if name.startswith(ENV_PREFIX):
                monkeypatch.setenv(name, value)
        return load_settings()

    return read


def env_file(path: Path, *, uncommented: bool = False) -> dict[str, str]:
    """Lines NAME=value of a file; with `uncommented`, those of `# NAME=value` too."""
    lines = path.read_text().splitlines()
    if uncommented:
        lines = [line.removeprefix("# ").removeprefix("#") for line in lines]
    pairs = [line.split("=", 1) for line in lines if line and not line.startswith("#")]
    return {pair[0]: pair[1] for pair in pairs if len(pair) == 2 and pair[0].isupper()}
