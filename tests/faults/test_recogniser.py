"""A Whisper model that is damaged on the disk: another recogniser hears, and everybody is told."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from backend.handlers.messages import SAMPLE_RATE
from tests.conftest import Serve
from tests.handlers.speech import silence, speech
from tests.integration.service_status import status
from tests.ws_client import joined


@pytest.fixture
def corrupt(tiny_whisper: Path, tmp_path: Path) -> Path:
    """The front half of the weights is there; the rest are zeros, as after a crash."""
    folder = tmp_path / "corrupt-whisper"
    shutil.copytree(tiny_whisper, folder)
    weights = (folder / "model.bin").read_bytes()
    (folder / "model.bin").write_bytes(weights[: len(weights) // 2])
    return folder


async def test_another_one_hears(serve: Serve, corrupt: Path) -> None:
    asr = {"chain": ["whisper", "pocketsphinx"], "model": str(corrupt)}
    async with serve(asr=asr) as base, joined(f"ws://{base}/ws/new", output="text") as client:
        assert client.ready["providers"]["asr"] == "pocketsphinx"
        (tried,) = [one for one in (await status(base))["tried"] if one["provider"] == "whisper"]
        assert not tried["is_up"] and "Delete the folder" in tried["reason"]
        await client.send("start_listen")
        sound = np.concatenate([silence(0.5), speech("hello how are you"), silence(1)])
        for frame in np.split(sound, range(SAMPLE_RATE // 50, len(sound), SAMPLE_RATE // 50)):
            await client.socket.send(frame.astype("<i2").tobytes())
        assert (await client.until("asr_final"))["text"]
        await client.until("turn_end", reason="completed")
