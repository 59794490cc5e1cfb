"""The language model fails in every way it can: another one answers, and the user is told."""

from __future__ import annotations

import pytest

from tests.conftest import Serve
from tests.fakes.openai import fake_openai
from tests.ws_client import joined

PATIENCE_S = {"hang": 3.0}
"""Only what never answers has to be waited for; a busy machine takes its time to answer."""


@pytest.mark.parametrize("mode", ["429", "500", "hang", "garbage", "page"])
async def test_it_is_replaced_until_it_works_again(serve: Serve, mode: str) -> None:
    async with (
        fake_openai(mode) as model,
        serve(
            llm={
                "chain": ["openai", "builtin"],
                "base_url": model.base_url,
                "first_token_timeout_s": PATIENCE_S.get(mode, 30.0),
            },
            breaker={"cooldown_s": 0.01},
        ) as base,
        joined(f"ws://{base}/ws/new", output="text") as client,
    ):
        await client.send("text", text="Hello!")
        await client.until("turn_end", reason="completed")
        told = client.of("notice")[0]
        assert (told["from"], told["to"], told["level"]) == ("openai", "builtin", "warning")
        assert told["text"]

        model.mode = "ok"
        await client.send("text", text="Hello again!")
        await client.until("turn_end", reason="completed")
        assert client.of("notice")[-1]["to"] == "openai"
        assert "from the model" in client.of("sentence")[-2]["text"]
