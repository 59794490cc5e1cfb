"""The command line, as a person meets it: a process, its words and its exit code."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import av

from bench.service import EMBEDDED
from tests.conftest import ROOT
from tests.fakes.hub import fake_hub


def avatar_chat(*args: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "backend", *args],
        env={**os.environ, **EMBEDDED, "COLUMNS": "200", **env},
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )


def test_say_writes_a_clip(tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    told = avatar_chat("say", "Good morning.", "-o", str(clip))
    assert told.returncode == 0 and "espeak" in told.stderr
    with av.open(str(clip)) as container:
        assert {stream.type for stream in container.streams} == {"video", "audio"}
        assert container.duration > 500_000


def test_say_explains_what_it_cannot_do(tmp_path: Path) -> None:
    for args, words in (
        (("**", "-o", str(tmp_path / "x.mp4")), "nothing to say"),
        (("Hi", "-o", str(tmp_path / "no/x.mp4")), "cannot be written"),
        (("Hi", "-o", str(tmp_path / "x.mp4"), "--avatar", "nobody"), "no avatar 'nobody'"),
        (("Hi", "-o", str(tmp_path / "[/a]/x.mp4")), "[/a]/x.mp4"),  # words, not markup
    ):
        told = avatar_chat("say", *args)
        assert told.returncode == 1 and words in told.stderr and "Traceback" not in told.stderr


def test_doctor_names_what_really_runs() -> None:
    told = avatar_chat("doctor", "--json", AVATAR_CHAT_LLM__CHAIN='["openai", "builtin"]')
    findings = {finding["component"]: finding for finding in json.loads(told.stdout)}
    assert findings["tts"]["runs"] == "espeak" and findings["tts"]["verdict"] == "ok"
    assert findings["llm"]["verdict"] == "fallback"
    assert "AVATAR_CHAT_LLM__BASE_URL" in findings["llm"]["advice"]
    assert {"vad", "asr", "avatar", "page"} <= set(findings)


def test_doctor_cuts_no_name_of_a_setting_in_a_narrow_window() -> None:
    told = avatar_chat("doctor", AVATAR_CHAT_LLM__CHAIN='["openai", "builtin"]', COLUMNS="80")
    rows = [line.split("│") for line in told.stdout.splitlines() if line.count("│") == 6]
    assert "AVATAR_CHAT_LLM__BASE_URL" in "".join(row[5].strip() for row in rows)


def test_doctor_asks_the_store_and_tells_no_password() -> None:
    url = "redis://:hush-hush@127.0.0.1:9/0"
    told = avatar_chat(
        "doctor", "--json", AVATAR_CHAT_STORE__KIND="redis", AVATAR_CHAT_STORE__REDIS_URL=url
    )
    (store,) = (one for one in json.loads(told.stdout) if one["component"] == "store")
    assert told.returncode == 1 and (store["runs"], store["verdict"]) == ("redis", "broken")
    assert "127.0.0.1:9" in store["advice"] and "hush" not in told.stdout


def test_doctor_reports_a_broken_part_and_fails(tmp_path: Path) -> None:
    told = avatar_chat("doctor", AVATAR_CHAT_AVATAR__MODEL=str(tmp_path / "gone.onnx"))
    assert told.returncode == 1 and "broken" in told.stdout and "gone.onnx" in told.stdout


def test_a_used_port_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        told = avatar_chat("run", "--port", str(port))
    assert told.returncode == 1 and f"server.port = {port}" in told.stderr
    assert "--port" in told.stderr


def test_a_wrong_setting_stops_the_start() -> None:
    told = avatar_chat("run", AVATAR_CHAT_LOG__LEVEL="loud")
    assert told.returncode == 1 and "log.level" in told.stderr and "'loud'" in told.stderr


def test_models_are_listed() -> None:
    told = avatar_chat("models", "list")
    assert "small" in told.stdout and "MIT" in told.stdout


async def test_pull_shows_its_progress_and_explains_an_unwritable_folder(tmp_path: Path) -> None:
    repository = "Systran/faster-whisper-tiny"
    files = dict.fromkeys(("model.bin", "config.json", "tokenizer.json", "vocabulary.txt"), b"{}")
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    async with fake_hub(repository, files) as hub:

        async def pull(folder: Path) -> subprocess.CompletedProcess[str]:
            env = {
                "AVATAR_CHAT_ASR__MODELS_DIR": str(folder),
                "AVATAR_CHAT_MODELS__MIRROR": hub.url,
            }
            return await asyncio.to_thread(avatar_chat, "models", "pull", "tiny", **env)

        good = await pull(tmp_path / "models")
        bad = await pull(blocked / "models")
    assert good.returncode == 0 and "model.bin" in good.stderr and "is ready" in good.stderr
    assert bad.returncode == 1 and "cannot be saved" in bad.stderr
    assert "Traceback" not in bad.stderr


def test_an_unknown_bench_names_the_known() -> None:
    told = avatar_chat("bench", "juggling")
    assert told.returncode == 1 and "latency" in told.stderr


def test_avatars_are_listed_with_what_draws_them(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "avatars/nora", tmp_path / "nora")
    broken = Path(shutil.copytree(tmp_path / "nora", tmp_path / "torn"))
    (broken / "mask.png").unlink()
    told = avatar_chat("avatar", "list", AVATAR_CHAT_AVATAR__DIR=str(tmp_path))
    assert told.returncode == 0
    assert "nora" in told.stdout and "mouth" in told.stdout
    assert "torn/avatar.json: its id is 'nora'" in told.stderr


def test_an_avatar_is_previewed_and_deleted(tmp_path: Path) -> None:
    folder, clip = tmp_path / "avatars", tmp_path / "nora.mp4"
    shutil.copytree(ROOT / "avatars/nora", folder / "nora")
    here = {"AVATAR_CHAT_AVATAR__DIR": str(folder), "AVATAR_CHAT_AVATAR__DRAWN_BY": "warp"}
    told = avatar_chat("avatar", "preview", "nora", "-o", str(clip), "--text", "Hello.", **here)
    assert told.returncode == 0, told.stderr
    with av.open(str(clip)) as container:
        assert {stream.type for stream in container.streams} == {"video", "audio"}
    for name, words in (("nobody", "Installed: nora"), ("../avatars", "There is no avatar")):
        told = avatar_chat("avatar", "delete", name, "--yes", **here)
        assert told.returncode == 1 and words in told.stderr and "Traceback" not in told.stderr
    assert avatar_chat("avatar", "delete", "nora", "--yes", **here).returncode == 0
    assert list(folder.iterdir()) == []


def test_creating_an_avatar_explains_what_is_missing(tmp_path: Path) -> None:
    here = {"AVATAR_CHAT_AVATAR__DIR": str(tmp_path)}
    finder = {"AVATAR_CHAT_AVATAR__FINDER_PYTHON": str(tmp_path / "python")}
    poster = str(ROOT / "avatars/nora/poster.jpg")
    for args, words in (
        ((poster, "--name", "Anna"), "make face-finder"),
        ((poster, "--name", "小雅"), "--id"),
        ((str(tmp_path / "gone.jpg"), "--name", "Anna"), "no file"),
    ):
        told = avatar_chat("avatar", "create", *args, **here, **finder)
        assert told.returncode == 1 and words in told.stderr and "Traceback" not in told.stderr
    assert list(tmp_path.iterdir()) == []
