"""The engine of a replay keeps the promises that a replay needs of an engine."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Any

import pytest

from backend import virtual_time
from backend.errors import EngineError, ModelFileError
from backend.replay.engine import ThreadEngine


class Calls:
    def __init__(self, first: str) -> None:
        self.made = [first]

    def note(self, what: str, takes_s: float = 0.0) -> str:
        time.sleep(takes_s)
        self.made.append(what)
        return threading.current_thread().name

    def fail(self) -> None:
        raise ModelFileError("Broken.")

    def all(self) -> list[str]:
        return self.made


def with_actor(use: Any) -> None:
    async def main() -> None:
        engine = ThreadEngine()
        await engine.start()
        actor = await engine.spawn(Calls, "born")
        assert engine.status() == {"kind": "thread", "workers": 1, "actors": 1}
        try:
            await use(actor)
        finally:
            await actor.close()
            await engine.close()

    virtual_time.run(main())


def test_calls_run_in_order_on_one_thread() -> None:
    async def use(actor: Any) -> None:
        names = await asyncio.gather(*(actor.call("note", str(number)) for number in range(5)))
        assert len(set(names)) == 1
        assert names[0] != threading.current_thread().name
        assert await actor.call("all") == ["born", "0", "1", "2", "3", "4"]

    with_actor(use)


def test_a_cancelled_wait_drops_a_call_that_has_not_begun() -> None:
    async def use(actor: Any) -> None:
        running = asyncio.create_task(actor.call("note", "running", 0.1))
        waiting = asyncio.create_task(actor.call("note", "waiting"))
        await asyncio.sleep(0.01)
        waiting.cancel()
        await asyncio.gather(running, waiting, return_exceptions=True)
        assert await actor.call("all") == ["born", "running"]

    with_actor(use)


def test_errors_come_as_they_are_and_a_closed_actor_says_so() -> None:
    async def use(actor: Any) -> None:
        with pytest.raises(ModelFileError):
            await actor.call("fail")
        await actor.close()
        with pytest.raises(EngineError, match="closed"):
            await actor.call("all")

    with_actor(use)
