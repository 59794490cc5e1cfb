"""A declared chain of providers that behaves like one handler.

The first provider that works here is used. One that fails is replaced by the next as long as
nothing useful was sent; afterwards the error passes on, because half an answer cannot be taken
back. While another one is ready, a provider that was never ready here is looked for in the
background; one that was is left alone until its breaker allows a try, which is the next question.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, TypeVar, cast

import structlog

from backend import clock, metrics
from backend.breaker import CircuitBreaker
from backend.errors import (
    AvatarChatError,
    ProviderError,
    ProviderNotConfigured,
    ProviderRefused,
    ProviderTimeout,
    ProviderUnavailable,
)
from backend.handlers.base import BaseHandler, Context, Options
from backend.handlers.cancelling import raise_if_cancelled
from backend.handlers.registry import create

In = TypeVar("In", contravariant=True)
Out = TypeVar("Out", covariant=True)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ProviderChange:
    """Another provider of the stage is at work now. `reason` is for people.

    is_loss: one that was meant to be asked first is out. Not so when it is back, or when it was
    never told how to be reached.
    """

    component: str
    from_provider: str
    to_provider: str
    reason: str
    is_loss: bool


OnChange = Callable[[ProviderChange], None]


class FallbackHandler(BaseHandler[In, Out]):
    """`chain` names providers of `component`, best first.

    Args:
        first_output_s: limit on the time to a provider's first useful output; none afterwards.
        is_useful: tells an output that counts from one that does not, such as an empty delta.
        on_change: called, on the event loop, when another provider takes over.
    """

    provider = "chain"

    def __init__(
        self,
        context: Context,
        component: str,
        chain: Sequence[str],
        *,
        first_output_s: float,
        is_useful: Callable[[Any], bool] = bool,
        on_change: OnChange = lambda change: None,
    ) -> None:
        super().__init__(context)
        self.component = component
        self.chain = tuple(chain)
        self._handlers = [create(component, name, context) for name in chain]
        self._first_output_s = first_output_s
        self._is_useful = is_useful
        self._on_change = on_change
        self._active = chain[0]
        self._ready_providers: set[str] = set()
        self._refusals: dict[str, str] = {}  # of what is asked now, by provider
        self._probes: dict[str, asyncio.Task[None]] = {}

    @property
    def active(self) -> str:
        """The provider that answered last, or that will be asked next."""
        return self._active

    @property
    def out_of_order(self) -> dict[str, str]:
        """Providers that are not to be used now, and why."""
        return {
            handler.provider: self._breaker(handler).reason
            for handler in self._handlers
            if self._breaker(handler).reason
        }

    async def _load(self) -> None:
        for handler in self._handlers:
            if await self._prepare(handler):
                self._activate(handler)
                return
        raise self._nothing_works()

    async def process(self, item: In) -> AsyncIterator[Out]:
        last_error: Exception | None = None
        self._refusals.clear()
        for handler in self._handlers:
            if not await self._is_usable(handler):
                continue
            is_sent = False
            try:
                async with aclosing(self._run(handler, item)) as outputs:
                    async for output in outputs:
                        is_sent = True
                        yield output
                return
            except Exception as error:
                raise_if_cancelled(error)
                self._note_failure(handler, error)
                if is_sent:
                    raise
                last_error = error
        raise self._nothing_works() from last_error

    async def reconfigure(self, options: Options) -> None:
        await super().reconfigure(options)
        for handler in self._handlers:
            await handler.reconfigure(options)

    async def release(self) -> None:
        """One that fails to give back what it holds keeps no other from it."""
        for probe in self._probes.values():
            probe.cancel()
        await asyncio.gather(*self._probes.values(), return_exceptions=True)
        self._probes.clear()
        for handler in self._handlers:
            try:
                await handler.release()
            except Exception as error:
                log.error(
                    "provider.release_failed",
                    session_id=self.context.session_id,
                    component=self.component,
                    provider=handler.provider,
                    exc_info=error,
                )

    async def _run(self, handler: BaseHandler[In, Out], item: In) -> AsyncGenerator[Out]:
        """Outputs of one provider, from its first useful one on, which must come in time."""
        metrics.PROVIDER_CALLS.labels(self.component, handler.provider).inc()
        stream = cast("AsyncGenerator[Out]", handler.process(item))
        async with aclosing(stream):
            held = await self._until_useful(handler, stream)
            self._breaker(handler).succeeded()
            self._activate(handler)
            for output in held:
                yield output
            async for output in stream:
                yield output

    async def _until_useful(
        self, handler: BaseHandler[In, Out], stream: AsyncGenerator[Out]
    ) -> list[Out]:
        held: list[Out] = []
        try:
            async with asyncio.timeout(self._first_output_s):
                async for output in stream:
                    held.append(output)
                    if self._is_useful(output):
                        break
        except TimeoutError as error:
            raise ProviderTimeout(
                f"{handler.provider} gave nothing within {self._first_output_s:g} s.",
                component=self.component,
                provider=handler.provider,
            ) from error
        return held

    async def _is_usable(self, handler: BaseHandler[In, Out]) -> bool:
        if handler.provider in self._ready_providers:
            return self._may_try(handler)
        if self._is_another_ready_after(handler):
            self._look_again(handler)
            return False
        return await self._prepare(handler)

    def _is_another_ready_after(self, handler: BaseHandler[In, Out]) -> bool:
        later = self._handlers[self._handlers.index(handler) + 1 :]
        return any(other.provider in self._ready_providers for other in later)

    def _look_again(self, handler: BaseHandler[In, Out]) -> None:
        running = self._probes.get(handler.provider)
        if running is None or running.done():
            self._probes[handler.provider] = asyncio.create_task(self._probe(handler))

    async def _probe(self, handler: BaseHandler[In, Out]) -> None:
        await self._prepare(handler)

    async def _prepare(self, handler: BaseHandler[In, Out]) -> bool:
        """Initialise the provider unless it is known to be out."""
        if not self._may_try(handler):
            return False
        try:
            await handler.initialize()
        except Exception as error:
            self._note_failure(handler, error)
            return False
        self._breaker(handler).succeeded()
        self._ready_providers.add(handler.provider)
        return True

    def _may_try(self, handler: BaseHandler[In, Out]) -> bool:
        """The last resort always: whatever it did to others, the alternative is nothing."""
        is_last_resort = handler is self._handlers[-1]
        return self._breaker(handler).acquire(clock.now()) or is_last_resort

    def _breaker(self, handler: BaseHandler[In, Out]) -> CircuitBreaker:
        options = self.context.settings.breaker
        return self.context.breakers.of(
            self.component,
            handler.provider,
            failures=options.failures,
            cooldown_s=options.cooldown_s,
        )

    def _note_failure(self, handler: BaseHandler[In, Out], error: Exception) -> None:
        now_s, breaker = clock.now(), self._breaker(handler)
        if isinstance(error, AvatarChatError):
            reason, trace = error.message, None
        else:  # a defect of ours: what it says goes to the log, not to people
            reason, trace = f"{handler.provider} failed unexpectedly.", error
        if isinstance(error, ProviderNotConfigured):  # no failure, but a choice
            self.context.breakers.set_aside(self.component, handler.provider)
        else:
            metrics.PROVIDER_ERRORS.labels(self.component, handler.provider, _kind(error)).inc()
        if isinstance(error, ProviderRefused):  # others may ask for what it does
            self._refusals[handler.provider] = reason
            report, event = log.warning, "provider.refused"
        elif isinstance(error, ProviderUnavailable):  # often by choice, such as no key set
            breaker.trip(now_s, reason)
            report, event = log.info, "provider.unavailable"
        else:
            breaker.failed(now_s, reason)
            report, event = log.warning, "provider.failed"
        report(
            event,
            session_id=self.context.session_id,
            component=self.component,
            provider=handler.provider,
            error=type(error).__name__,
            reason=reason,
            exc_info=trace,
        )

    def _activate(self, handler: BaseHandler[In, Out]) -> None:
        if handler.provider == self._active:
            return
        before, self._active = self._active, handler.provider
        reasons = self._refusals | self.out_of_order
        reason = reasons.get(before, f"{handler.provider} works again.")
        is_loss = self._is_loss(before, handler.provider)
        self._on_change(ProviderChange(self.component, before, handler.provider, reason, is_loss))

    def _is_loss(self, before: str, now: str) -> bool:
        """Further down the chain, past one that the settings name and tell how to reach."""
        passed = self.chain[self.chain.index(before) : self.chain.index(now)]
        breakers = self.context.breakers
        return any(breakers.is_configured(self.component, provider) for provider in passed)

    def _nothing_works(self) -> ProviderError:
        reasons = (self._refusals | self.out_of_order).values()
        message = " ".join(reasons) or "No provider is ready."
        return ProviderError(message, component=self.component, provider=self._active)


def _kind(error: Exception) -> str:
    match error:
        case ProviderUnavailable():
            return "unavailable"
        case ProviderRefused():
            return "refused"
        case ProviderTimeout():
            return "timeout"
        case AvatarChatError():
            return "failed"
    return "crashed"
