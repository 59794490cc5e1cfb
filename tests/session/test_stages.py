"""Loading the stages of a session, and being cancelled while that fails."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from backend.errors import ProviderUnavailable
from backend.handlers.base import BaseHandler
from backend.session.stages import load_all
from tests.fakes.fixtures import ContextFactory


class _Part(BaseHandler[Any, Any]):
    component = "asr"
    provider = "part"

    def process(self, item: Any) -> Any:
        raise NotImplementedError


class Missing(_Part):
    async def _load(self) -> None:
        raise ProviderUnavailable("It is gone.", component=self.component, provider=self.provider)


class SlowToGo(_Part):
    """Clears up until it is told that it is done."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.clears_up, self.is_clear = asyncio.Event(), asyncio.Event()

    async def _load(self) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            self.clears_up.set()
            await self.is_clear.wait()


async def test_what_cannot_be_loaded_is_told_by_name(make_context: ContextFactory) -> None:
    with pytest.raises(ProviderUnavailable, match="It is gone"):
        await load_all([Missing(make_context())])


async def test_a_load_that_is_cancelled_while_it_fails_is_cancelled(
    make_context: ContextFactory,
) -> None:
    """Else whoever tries it again goes on for ever, and the service never ends."""
    slow = SlowToGo(make_context())
    loading = asyncio.create_task(load_all([Missing(make_context()), slow]))
    await slow.clears_up.wait()
    loading.cancel()
    await asyncio.sleep(0)
    slow.is_clear.set()
    with pytest.raises(asyncio.CancelledError):
        await loading
