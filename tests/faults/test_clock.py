"""Somebody sets the wall clock: sessions go by a clock of their own, so nobody is cut off."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from bench.service import running_service
from tests.ws_client import joined, returned


@pytest.fixture
def faketime() -> str:
    """The library that turns the wall clock of a process, and leaves its monotonic one alone."""
    if shutil.which("faketime") is None:
        pytest.skip("faketime is not installed")
    shown = subprocess.run(
        ["faketime", "now", "printenv", "LD_PRELOAD"], capture_output=True, text=True, check=True
    )
    return shown.stdout.strip()


@pytest.mark.parametrize("jump", ["+400d", "-400d"])
async def test_a_jump_of_the_clock_ends_no_session(
    faketime: str, tmp_path: Path, jump: str
) -> None:
    clock = tmp_path / "clock"
    clock.write_text("+0d\n")
    env = {
        "LD_PRELOAD": faketime,
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "AVATAR_CHAT_SESSION__WATCH_INTERVAL_S": "0.1",
        "AVATAR_CHAT_TIMELINE__DIR": str(tmp_path / "timelines"),
    }
    with running_service(env) as service:
        async with joined(service.ws_url, output="audio") as client:
            await client.send("say", text="One two three four five six seven. " * 3)
            await client.until("tts_audio_chunk")
            clock.write_text(f"{jump}\n")
            await client.until("turn_end", reason="completed")
            await client.send("text", text="My name is Ada.")
            await client.until("turn_end", reason="completed")
            client.drop()
        async with returned(f"ws://127.0.0.1:{service.port}", client, output="text") as back:
            assert back.ready["resumed"] and back.ready["history"]
            await back.send("text", text="What is my name?")
            await back.until("turn_end", reason="completed")
            assert not client.of("error") and not back.of("error")
        # A session that began after the jump is dated by the clock that was jumped to.
        days = {path.name[:6] for path in (tmp_path / "timelines").iterdir()}
    assert len(days) == 1
