"""The voice service is down, slow or cut short: every word is said, and the user told by whom."""

from __future__ import annotations

import pytest

from tests.conftest import Serve
from tests.fakes.fixtures import EdgeFactory
from tests.ws_client import joined

WORDS = "One two three four five six seven eight nine ten eleven twelve."
TTS = {"chain": ["edge", "espeak"], "first_audio_timeout_s": 30.0}
IMPATIENT = {**TTS, "first_audio_timeout_s": 3.0}
"""Where nothing comes; a busy machine takes its time to speak."""


def heard_ms(media: list[tuple[dict[str, float], bytes]]) -> float:
    return sum(meta["duration_ms"] for meta, _ in media)


@pytest.mark.parametrize("mode", ["forbidden", "silent", "slow"])
async def test_down_or_slow_another_voice_speaks_until_it_is_back(
    serve: Serve, edge: EdgeFactory, mode: str
) -> None:
    tts = TTS if mode == "forbidden" else IMPATIENT
    async with (
        edge() as voice,
        serve(tts=tts, breaker={"cooldown_s": 0.01}) as base,
        joined(f"ws://{base}/ws/new", output="audio") as client,
    ):
        voice.mode = mode
        await client.send("say", text=WORDS)
        await client.until("turn_end", reason="completed")
        told = client.of("notice")[0]
        assert (told["from"], told["to"]) == ("edge", "espeak") and told["text"]
        assert heard_ms(client.media) > 3000

        voice.mode = "ok"
        await client.send("say", text=WORDS)
        await client.until("turn_end", reason="completed")
        assert client.of("notice")[-1]["to"] == "edge"


@pytest.mark.parametrize("mode", ["truncating", "cutting"])
async def test_what_it_leaves_out_is_said_all_the_same(
    serve: Serve, edge: EdgeFactory, mode: str
) -> None:
    async with (
        edge(mode) as voice,
        serve(tts=TTS) as base,
        joined(f"ws://{base}/ws/new", output="audio") as client,
    ):
        await client.send("say", text=WORDS)
        await client.until("turn_end", reason="completed")
        cut_short_ms = heard_ms(client.media)
        assert len(voice.texts) == 2 and WORDS.endswith(voice.texts[1])
        await client.send("say", text=WORDS)  # the fake cuts only its first answer short
        await client.until("turn_end", reason="completed")
        whole_ms = heard_ms(client.media) - cut_short_ms
        assert cut_short_ms == pytest.approx(whole_ms, rel=0.25)
        assert not client.of("error")
