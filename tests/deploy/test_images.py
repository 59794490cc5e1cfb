"""The Dockerfile: linted, and each word of it that names something of this repository."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from bench.service import Running, free_port
from tests.conftest import ROOT
from tests.deploy.settings_of import SettingsOf, settings_of

__all__ = ["settings_of"]

DOCKERFILE = ROOT / "Dockerfile"
HADOLINT = Path(sys.executable).parent / "hadolint"


def instructions(word: str) -> list[list[str]]:
    """The arguments of each instruction of a kind, its flags included."""
    text = DOCKERFILE.read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.startswith(f"{word} ")]
    return [shlex.split(line)[1:] for line in lines]


def ignored(path: str) -> bool:
    """Whether `.dockerignore` keeps a path of the repository from the builder."""
    rules = [rule for rule in (ROOT / ".dockerignore").read_text().split("\n") if rule]
    allowed = [rule[1:] for rule in rules if rule.startswith("!")]
    return not any(path == rule or path.startswith(f"{rule}/") for rule in allowed)


def test_hadolint_has_nothing_to_say() -> None:
    found = subprocess.run([HADOLINT, DOCKERFILE], capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout


def test_whatever_is_copied_is_here_and_reaches_the_builder() -> None:
    copies = [words for words in instructions("COPY") if not words[0].startswith("--from")]
    sources = {source for words in copies for source in words[:-1]}
    assert {"backend", "bench", "frontend", "avatars", "models/onnx"} <= sources
    assert [path for path in sources if not (ROOT / path).exists() or ignored(path)] == []


@pytest.mark.parametrize("secret", [".env", "nginx/tls.key", "var/timelines", "shared"])
def test_no_secret_reaches_the_builder(secret: str) -> None:
    assert ignored(secret)


def test_base_images_are_pinned_and_the_last_stage_is_no_roots() -> None:
    bases = [words[0] for words in instructions("FROM")]
    assert all(re.fullmatch(r"[a-z]+:[\w.-]*\d[\w.-]*", base) for base in bases), bases
    assert instructions("USER") == [["10001"]]


def test_what_the_image_sets_are_options_and_write_where_it_may_write(
    settings_of: SettingsOf,
) -> None:
    env = dict(pair.split("=", 1) for words in instructions("ENV") for pair in words)
    settings = settings_of(env)
    (volume,) = instructions("VOLUME")[0]
    written = settings.avatar.cache_dir, settings.asr.models_dir, settings.timeline.dir
    assert all(path is not None and path.is_relative_to(volume) for path in written)
    assert instructions("EXPOSE") == [[str(settings.server.port)]]


def test_the_first_process_is_the_service_itself() -> None:
    assert instructions("ENTRYPOINT") == [["[avatar-chat]"]]  # no shell of Docker's around it
    last = (ROOT / "deploy/docker/avatar-chat").read_text().splitlines()[-1]
    assert last.startswith("exec ") and os.access(ROOT / "deploy/docker/avatar-chat", os.X_OK)


def healthy(port: int) -> bool:
    check = [sys.executable, ROOT / "deploy/docker/healthy.py"]
    env = {**os.environ, "AVATAR_CHAT_SERVER__PORT": str(port)}
    return subprocess.run(check, env=env, capture_output=True, check=False).returncode == 0


def test_the_health_check_is_green_for_a_service_that_is_ready(embedded: Running) -> None:
    assert healthy(embedded.port)


def test_the_health_check_is_red_when_nobody_answers_or_not_yet() -> None:
    class Loading(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_error(503)

        def log_message(self, *args: object) -> None:
            """Quiet."""

    assert not healthy(free_port())
    with HTTPServer(("127.0.0.1", 0), Loading) as server:
        Thread(target=server.handle_request, daemon=True).start()
        assert not healthy(server.server_port)
