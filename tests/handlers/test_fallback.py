"""A chain of providers behaves like one handler that does not fail."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import ClassVar

import pytest

from backend import metrics
from backend.errors import (
    ProviderError,
    ProviderNotConfigured,
    ProviderRefused,
    ProviderTimeout,
    ProviderUnavailable,
)
from backend.handlers import registry
from backend.handlers.base import BaseHandler, Context, Options
from backend.handlers.fallback import FallbackHandler, ProviderChange
from tests.fakes.fixtures import ContextFactory


class Scripted(BaseHandler[str, str]):
    """Does what its script says: `down`, `keyless`, `fail`, `hang`, or words; `!` breaks off.

    `refuse` will not do what it is asked for; `untidy` hangs, and fails to clean up; `stays` fails
    to give back what it holds.
    """

    component = "test"
    script: ClassVar[dict[str, str]] = {}
    log: ClassVar[list[str]] = []
    hanging: ClassVar[asyncio.Event]

    async def _load(self) -> None:
        self.log.append(f"{self.provider} init")
        if self.script[self.provider] == "down":
            raise ProviderUnavailable(
                f"{self.provider} is down.", component="test", provider=self.provider
            )
        if self.script[self.provider] == "keyless":
            raise ProviderNotConfigured("No key.", component="test", provider=self.provider)

    async def process(self, item: str) -> AsyncIterator[str]:
        await self.initialize()
        self.log.append(f"{self.provider} asked")
        script = self.script[self.provider]
        try:
            if script == "fail":
                raise ProviderError("It failed.", component="test", provider=self.provider)
            if script == "refuse":
                raise ProviderRefused("Not this.", component="test", provider=self.provider)
            if script == "defect":
                raise KeyError("a defect")
            if script in ("hang", "untidy"):
                self.hanging.set()
                await asyncio.Event().wait()
            for word in script.split(" "):
                if word == "!":
                    raise ProviderError("It broke.", component="test", provider=self.provider)
                yield word
        finally:
            self.log.append(f"{self.provider} closed")
            if script == "untidy":
                raise ProviderError("It broke.", component="test", provider=self.provider)

    async def release(self) -> None:
        self.log.append(f"{self.provider} released")
        if self.script[self.provider] == "stays":
            raise RuntimeError("No.")


class First(Scripted):
    provider = "first"


class Second(Scripted):
    provider = "second"


class Third(Scripted):
    provider = "third"


class World:
    """A process with two scripted providers and a record of changes."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.changes: list[ProviderChange] = []
        self.log = Scripted.log

    def script(self, first: str, second: str) -> None:
        Scripted.script = {"first": first, "second": second}

    def chain(self, *names: str, first_output_s: float = 5) -> FallbackHandler[str, str]:
        return FallbackHandler(
            self.context,
            "test",
            names or ("first", "second"),
            first_output_s=first_output_s,
            is_useful=lambda word: word != "",
            on_change=self.changes.append,
        )


@pytest.fixture
def world(make_context: ContextFactory, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(registry, "_ADDRESSES", dict(registry._ADDRESSES))
    registry.register("test", "first", f"{__name__}:First")
    registry.register("test", "second", f"{__name__}:Second")
    Scripted.log.clear()
    Scripted.hanging = asyncio.Event()
    return World(make_context(breaker={"failures": 2, "cooldown_s": 1000}))


async def collect(handler: BaseHandler[str, str]) -> list[str]:
    return [word async for word in handler.process("hello")]


async def test_the_first_that_works_answers(world: World) -> None:
    world.script("a b", "c")
    chain = world.chain()
    await chain.initialize()
    assert await collect(chain) == ["a", "b"]
    assert chain.active == "first" and world.changes == []
    assert "second init" not in world.log


async def test_one_that_cannot_work_here_is_replaced_at_the_start(world: World) -> None:
    world.script("down", "c")
    chain = world.chain()
    await chain.initialize()
    assert chain.active == "second"
    assert chain.out_of_order == {"first": "first is down."}
    (change,) = world.changes
    assert change == ProviderChange("test", "first", "second", "first is down.", is_loss=True)
    assert await collect(chain) == ["c"]


async def test_an_outage_is_paid_for_once(world: World) -> None:
    world.script("down", "c")
    chain = world.chain()
    for _ in range(5):
        assert await collect(chain) == ["c"]
    assert world.log.count("first init") == 1


async def test_and_once_per_process_not_per_session(world: World) -> None:
    world.script("down", "c")
    for _ in range(3):
        await collect(world.chain())
    assert world.log.count("first init") == 1


@pytest.mark.parametrize("script", ["fail", "defect", " !"])
async def test_a_failure_before_anything_useful_was_sent_goes_unseen(
    world: World, script: str
) -> None:
    world.script(script, "c d")
    chain = world.chain()
    assert await collect(chain) == ["c", "d"]
    assert [change.to_provider for change in world.changes] == ["second"]


async def test_what_a_defect_says_is_not_told_to_people(world: World) -> None:
    world.script("defect", "c")
    await collect(world.chain())
    assert world.changes[0].reason == "first failed unexpectedly."


async def test_silence_is_replaced_in_time(world: World) -> None:
    world.script("hang", "c")
    chain = world.chain(first_output_s=0.02)
    assert await collect(chain) == ["c"]
    assert "0.02 s" in world.changes[0].reason
    assert "first closed" in world.log


async def test_after_output_an_error_passes_on(world: World) -> None:
    world.script("a !", "c")
    chain, words = world.chain(), []
    with pytest.raises(ProviderError, match="It broke"):
        async for word in chain.process("hello"):
            words.append(word)
    assert words == ["a"] and "second asked" not in world.log


async def test_enough_failures_open_the_breaker(world: World) -> None:
    world.script("fail", "c")
    chain = world.chain()
    for _ in range(4):
        assert await collect(chain) == ["c"]
    assert world.log.count("first asked") == 2
    assert len(world.changes) == 1


async def test_what_one_session_may_not_ask_is_no_reason_to_keep_others_from_asking(
    world: World,
) -> None:
    world.script("refuse", "c")
    chain = world.chain()
    for _ in range(4):
        assert await collect(chain) == ["c"]
    assert world.log.count("first asked") == 4
    assert [change.reason for change in world.changes] == ["Not this."]
    world.script("a", "c")
    assert await collect(world.chain()) == ["a"]
    assert await collect(chain) == ["a"]
    assert world.changes[-1].reason == "first works again."
    world.script("refuse", "refuse")
    with pytest.raises(ProviderError, match=r"Not this\. Not this\."):
        await collect(chain)


async def test_the_last_resort_is_asked_even_after_failures(world: World) -> None:
    world.script("down", "fail")
    chain = world.chain()
    for _ in range(3):
        with pytest.raises(ProviderError, match=r"first is down\. It failed\."):
            await collect(chain)
    world.script("down", "c")
    assert await collect(chain) == ["c"]


async def test_and_for_a_session_that_begins_after_the_failures_of_another(world: World) -> None:
    world.script("down", "fail")
    chain = world.chain()
    for _ in range(2):
        with pytest.raises(ProviderError):
            await collect(chain)
    world.script("down", "c")
    newcomer = world.chain()
    await newcomer.initialize()
    assert await collect(newcomer) == ["c"]


async def test_all_down_is_an_error_with_every_reason(world: World) -> None:
    world.script("down", "down")
    with pytest.raises(ProviderError, match=r"first is down\. second is down\."):
        await world.chain().initialize()


async def test_a_single_silent_provider_is_a_timeout_beneath(world: World) -> None:
    world.script("hang", "c")
    with pytest.raises(ProviderError) as caught:
        await collect(world.chain("first", first_output_s=0.02))
    assert isinstance(caught.value.__cause__, ProviderTimeout)


async def test_a_provider_that_comes_back_takes_over_without_being_waited_for(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    now_s = 0.0
    monkeypatch.setattr("backend.handlers.fallback.clock.now", lambda: now_s)
    world.script("down", "c")
    chain = world.chain()
    await chain.initialize()
    now_s = 1001
    world.script("a", "c")
    assert await collect(chain) == ["c"], "the ready one answers while the other is looked at"
    await asyncio.gather(*chain._probes.values())
    assert await collect(chain) == ["a"]
    assert [change.to_provider for change in world.changes] == ["second", "first"]
    assert world.changes[-1].reason == "first works again."
    assert [change.is_loss for change in world.changes] == [True, False]


async def test_one_without_its_settings_is_no_failure_and_what_stands_in_no_loss(
    world: World,
) -> None:
    def failures() -> float | None:
        labels = {"component": "test", "provider": "first", "kind": "unavailable"}
        return metrics.REGISTRY.get_sample_value("avatar_chat_provider_errors_total", labels)

    before = failures()
    world.script("keyless", "c")
    for _ in range(2):
        assert await collect(world.chain()) == ["c"]
    assert [change.is_loss for change in world.changes] == [False, False]
    assert failures() == before


async def test_past_one_without_its_settings_a_failure_is_a_loss_all_the_same(
    world: World,
) -> None:
    registry.register("test", "third", f"{__name__}:Third")
    Scripted.script = {"first": "keyless", "second": "down", "third": "c"}
    assert await collect(world.chain("first", "second", "third")) == ["c"]
    (change,) = world.changes
    assert change.to_provider == "third" and change.is_loss


async def test_closing_reaches_the_provider(world: World) -> None:
    world.script("a b c", "d")
    stream = world.chain().process("hello")
    assert await anext(stream) == "a"
    await stream.aclose()  # type: ignore[attr-defined]  # `process` is a generator
    assert world.log[-1] == "first closed"


@pytest.mark.parametrize("script", ["hang", "untidy"])
async def test_cancelling_reaches_a_silent_provider(world: World, script: str) -> None:
    world.script(script, "d")
    task = asyncio.create_task(collect(world.chain()))
    await Scripted.hanging.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert world.log[-1] == "first closed" and "second asked" not in world.log


async def test_options_reach_every_provider(world: World) -> None:
    world.script("a", "b")
    chain = world.chain()
    await chain.reconfigure(Options(voice="en-us+f3"))
    assert {handler.context.options.voice for handler in chain._handlers} == {"en-us+f3"}
    await chain.release()


async def test_one_that_will_not_go_keeps_no_other(world: World) -> None:
    world.script("stays", "b")
    await world.chain().release()
    assert world.log == ["first released", "second released"]
