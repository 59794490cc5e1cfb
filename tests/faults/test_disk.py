"""The disk is full: nothing can be kept, and the conversation does not notice."""

from __future__ import annotations

import resource
from pathlib import Path

import psutil

from bench.service import Running, running_service
from tests.integration.service_status import status
from tests.ws_client import joined


def fill_the_disk_of(service: Running) -> None:
    """From now on no file of it grows. Reading goes on, and so do pipes and sockets."""
    process = psutil.Process(service.process.pid)
    for one in (process, *process.children(recursive=True)):
        one.rlimit(resource.RLIMIT_FSIZE, (0, 0))


async def test_conversations_go_on_and_the_operator_is_told(tmp_path: Path) -> None:
    timelines, loops = tmp_path / "timelines", tmp_path / "loops"
    env = {
        "AVATAR_CHAT_TIMELINE__DIR": str(timelines),
        "AVATAR_CHAT_AVATAR__CACHE_DIR": str(loops),
        "AVATAR_CHAT_AVATAR__DEFAULT": "nora",
    }
    with running_service(env) as service:
        async with joined(service.ws_url) as before:
            await before.send("say", text="There is room.")
            await before.until("turn_end", reason="completed")
            kept = {path: path.stat().st_size for path in loops.iterdir()}
            fill_the_disk_of(service)
            await before.send("say", text="There is none any more.")
            await before.until("turn_end", reason="completed")
            assert before.media[-1][0]["type"] == "video_chunk_meta"
        # Neither the timeline of a newcomer nor the loops of another face can be written.
        async with joined(service.ws_url, avatar="marcus") as after:
            assert after.ready["avatar"]["id"] == "marcus"
            await after.send("text", text="Hello!")
            await after.until("turn_end", reason="completed")
            assert after.media[-1][0]["type"] == "video_chunk_meta"
            assert not after.of("error")
        troubles = (await status(f"127.0.0.1:{service.port}"))["troubles"]
        assert "timeline.not_written" in {line["event"] for line in troubles}
        whole = {path: path.stat().st_size for path in loops.iterdir() if path.stat().st_size}
        assert whole == {path: size for path, size in kept.items() if size}
