"""The support bundle: what helps is in it; what is nobody's business is not, wherever it was."""

from __future__ import annotations

import asyncio
import json
import zipfile
from pathlib import Path

import pytest

from backend.config import load_settings
from backend.support import write_bundle
from bench.service import free_port, running_service
from tests.conftest import Serve
from tests.fakes.stranger import answered, everything_goes_by, stranger
from tests.test_cli import avatar_chat
from tests.ws_client import joined

CANARY = "xylophone"
SECRETS = {
    "AVATAR_CHAT_SERVER__ADMIN_TOKEN": f"{CANARY}-admin",
    "AVATAR_CHAT_LLM__API_KEY": f"{CANARY}-key",
    "AVATAR_CHAT_LLM__BASE_URL": f"http://{CANARY}:{CANARY}@127.0.0.1:1/v1?key={CANARY}",
    "AVATAR_CHAT_LLM__SYSTEM_PROMPT": f"You love the {CANARY}.",
    "AVATAR_CHAT_STORE__REDIS_URL": f"redis://:{CANARY}@127.0.0.1:1/0",
    "AVATAR_CHAT_TRACING__OTLP_ENDPOINT": f"http://{CANARY}@127.0.0.1:1",
}


def contents(bundle: Path) -> dict[str, str]:
    with zipfile.ZipFile(bundle) as file:
        assert file.testzip() is None
        return {name: file.read(name).decode() for name in file.namelist()}


async def test_it_holds_what_helps_and_no_canary(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", f"{CANARY}-openai")
    port, log, bundle = free_port(), tmp_path / "service.log", tmp_path / "bundle.zip"
    env = {
        **SECRETS,
        "AVATAR_CHAT_SERVER__PORT": str(port),
        "AVATAR_CHAT_TIMELINE__DIR": str(tmp_path / "timelines"),
        "AVATAR_CHAT_TIMELINE__RECORD": "true",
        "AVATAR_CHAT_LOG__FORMAT": "json",
        "AVATAR_CHAT_LOG__LEVEL": "info",
    }
    with running_service(env, log=log, port=port) as service:
        async with joined(service.ws_url, role=f"A {CANARY}.", record=True) as client:
            await client.send("text", text=f"My name is {CANARY}.")
            await client.until("turn_end", reason="completed")
            await client.socket.send(f'{{"type": "{CANARY}"}}')
            await client.until("error")
            with log.open("a") as lines:  # what something else wrote into the same file
                lines.write(f"Traceback: {CANARY}\n" + json.dumps({"words": CANARY}) + "\n")
            told = avatar_chat("support-bundle", "-o", str(bundle), "--log", str(log), **env)
    assert told.returncode == 0, told.stderr
    files = contents(bundle)
    assert not [name for name, text in files.items() if CANARY in text.lower()]
    assert json.loads(files["versions.json"])["packages"]["fastapi"]
    settings = json.loads(files["settings.json"])
    assert settings["llm"]["api_key"] == "(set)" and settings["llm"]["chain"] == ["builtin"]
    assert settings["llm"]["base_url"] == "http://127.0.0.1:1/v1"
    assert "AVATAR_CHAT_LLM__API_KEY" in settings["set_by_environment"]
    assert {finding["component"] for finding in json.loads(files["doctor.json"])} > {"tts", "llm"}
    assert "nora" in json.loads(files["models.json"])["avatars"]
    assert json.loads(files["status.json"])["counts"]["turns"] == {"completed": 1}
    assert "avatar_chat_turns_total" in files["metrics.txt"]
    for lines in (json.loads(files["log.json"]), json.loads(files["log-file.json"])):
        assert "turn.end" in {line["event"] for line in lines}


def test_a_service_that_does_not_run_is_said_so(tmp_path: Path) -> None:
    bundle = tmp_path / "bundle.zip"
    address = f"http://127.0.0.1:{free_port()}"
    told = avatar_chat("support-bundle", "-o", str(bundle), "--url", address)
    assert told.returncode == 0, told.stderr
    service = json.loads(contents(bundle)["service.json"])
    assert service["address"] == address and service["not_reached"].keys() == {"status.json"}


async def test_who_may_not_watch_gets_all_but_the_log(tmp_path: Path, serve: Serve) -> None:
    bundle = tmp_path / "bundle.zip"
    async with serve() as base:
        port = base.rpartition(":")[2]
        # Another name for this computer: as from elsewhere, and without a token.
        address = f"http://0.0.0.0:{port}"
        await asyncio.to_thread(write_bundle, bundle, load_settings(), [], address, None)
    files = contents(bundle)
    assert "avatar_chat_ready" in files["metrics.txt"] and "log.json" not in files
    assert json.loads(files["status.json"])["live"] is None
    assert json.loads(files["service.json"])["not_reached"] == {"log.json": "Forbidden"}


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"SSH-2.0-OpenSSH_9.2\r\n", id="no HTTP"),
        pytest.param(answered("{", said_bytes=500), id="broken off"),
        pytest.param(answered("<html>Another one</html>"), id="a page"),
        pytest.param(answered('{"lines": ["a", 1]}'), id="another shape"),
        pytest.param(answered("[1, 2]"), id="a list"),
    ],
)
def test_what_answers_may_be_another_service(tmp_path: Path, answer: bytes) -> None:
    bundle = tmp_path / "bundle.zip"
    with stranger(answer) as other:
        write_bundle(bundle, load_settings(), [], other.address, None)
    files = contents(bundle)
    assert json.loads(files["service.json"])["not_reached"]
    assert "status.json" not in files


@pytest.mark.parametrize("sends_on", [False, True])
def test_the_token_goes_to_the_service_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sends_on: bool
) -> None:
    """Neither to a proxy of the environment nor to where the service, or who poses as it, leads."""
    settings = load_settings(server={"admin_token": CANARY})
    with stranger(answered("{}")) as elsewhere:
        moved = f"HTTP/1.0 302 Found\r\nLocation: {elsewhere.address}\r\n\r\n".encode()
        with stranger(moved if sends_on else answered('{"lines": []}')) as service:
            everything_goes_by(elsewhere, monkeypatch)
            write_bundle(tmp_path / "bundle.zip", settings, [], service.address, None)
    assert service.heard and all(CANARY in head for head in service.heard)
    assert bool(elsewhere.heard) is sends_on
    assert not any(CANARY in head for head in elsewhere.heard)


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    told = avatar_chat("support-bundle", "-o", str(tmp_path / "no/bundle.zip"))
    assert told.returncode == 1 and "no/bundle.zip" in told.stderr
    assert "Traceback" not in told.stderr
