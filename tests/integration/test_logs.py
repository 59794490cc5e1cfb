"""The log names sessions and generations, and never what was said."""

from __future__ import annotations

import json
from pathlib import Path

from bench.service import running_service
from tests.ws_client import joined

SECRET = "xylophone"


async def test_the_log_never_holds_a_conversation(tmp_path: Path) -> None:
    log = tmp_path / "log"
    env = {"AVATAR_CHAT_LOG__LEVEL": "debug", "AVATAR_CHAT_LOG__FORMAT": "json"}
    with running_service(env, log=log) as service:
        async with joined(service.ws_url, role=f"You love the {SECRET}.") as client:
            await client.send("text", text=f"My name is {SECRET}.")
            await client.until("turn_end", reason="completed")
            await client.send("say", text=f"Every {SECRET} sings.")
            await client.until("turn_end", reason="completed")
            await client.send("text", text="", note=SECRET)
            await client.until("error")
            await client.socket.send(f'{{"type": "{SECRET}"}}')
            await client.until("error")
            session_id = client.messages[0]["session_id"]
    text = log.read_text()
    assert SECRET not in text
    lines = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    ends = [line for line in lines if line["event"] == "turn.end"]
    assert [line["generation_id"] for line in ends] == [1, 2]
    assert {line["session_id"] for line in ends} == {session_id}
