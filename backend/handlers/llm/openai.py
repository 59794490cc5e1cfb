"""Any OpenAI-compatible endpoint, streamed. Closing the generator closes the HTTP stream."""

from __future__ import annotations

import asyncio
import codecs
import os
from collections.abc import AsyncIterator
from itertools import groupby
from typing import TYPE_CHECKING, Any

from backend.errors import (
    ProviderError,
    ProviderNotConfigured,
    ProviderRefused,
    ProviderTimeout,
    ProviderUnavailable,
)
from backend.handlers.base import BaseHandler
from backend.handlers.messages import Prompt, TextDelta, Usage
from backend.handlers.reach import knock

if TYPE_CHECKING:
    from openai import AsyncOpenAI

KNOCK_TIMEOUT_S = 2.0
_KEY_OPTION = "AVATAR_CHAT_LLM__API_KEY"
_REFUSED = (
    "The language model refused this question. It may be too long or not allowed there, or a "
    "setting under AVATAR_CHAT_LLM__ does not fit the model."
)
_ADVICE = {
    **dict.fromkeys((400, 413, 422), _REFUSED),
    401: f"The language model refused the key. Check {_KEY_OPTION}.",
    403: f"The language model refused access. Check {_KEY_OPTION} and the account behind it.",
    404: "The language model was not found. Check AVATAR_CHAT_LLM__MODEL and "
    "AVATAR_CHAT_LLM__BASE_URL.",
    429: "The language model is over its limit. Wait a little, or check the account's quota.",
}
_KINDS: dict[int, type[ProviderError]] = {
    **dict.fromkeys((400, 413, 422), ProviderRefused),
    **dict.fromkeys((401, 403, 404), ProviderUnavailable),
}


class OpenAiLlm(BaseHandler[Prompt, TextDelta]):
    component = "llm"
    provider = "openai"

    _client: AsyncOpenAI | None = None
    _options: dict[str, float]
    """Those of the settings, as far as the model takes them."""

    async def _load(self) -> None:
        llm = self.context.settings.llm
        key = llm.api_key.get_secret_value() if llm.api_key else os.environ.get("OPENAI_API_KEY")
        if not key and not llm.base_url:
            raise ProviderNotConfigured(
                f"No language model is connected. Set {_KEY_OPTION}, or AVATAR_CHAT_LLM__BASE_URL.",
                component=self.component,
                provider=self.provider,
            )
        self._options = {"temperature": llm.temperature, "max_tokens": llm.max_tokens}
        self._client = await asyncio.to_thread(_connect, llm.base_url, key or "none")
        try:
            await knock(str(self._client.base_url), KNOCK_TIMEOUT_S)
        except (OSError, TimeoutError) as error:
            raise self._unavailable(
                "The language model cannot be reached. Check the network and "
                "AVATAR_CHAT_LLM__BASE_URL."
            ) from error

    async def process(self, item: Prompt) -> AsyncIterator[TextDelta]:
        """Stream the reply.

        Raises:
            ProviderUnavailable: key, model or address are wrong.
            ProviderRefused: it will not answer this question.
            ProviderTimeout: the endpoint gave no answer in time.
            ProviderError: it failed, or the stream broke off.
        """
        await self.initialize()
        try:
            stream = await self._ask(item)
            try:
                has_words, usage = False, None
                whole = codecs.getincrementaldecoder("utf-16-le")(errors="replace")
                async for chunk in stream:
                    content = chunk.choices[0].delta.content if chunk.choices else None
                    # Some endpoints cut an emoji in two; half a character cannot be sent on.
                    text = whole.decode((content or "").encode("utf-16-le", "surrogatepass"))
                    usage = _usage(chunk) or usage  # some count on in every chunk
                    if text:
                        yield TextDelta(item.stamp, text)
                        has_words = has_words or not text.isspace()
                if not has_words:  # what was asked is to blame, and others ask something else
                    raise ProviderRefused(
                        "The language model's answer has no words.",
                        component=self.component,
                        provider=self.provider,
                    )
                if usage:
                    yield TextDelta(item.stamp, "", usage)
            finally:
                await stream.close()
        except ProviderError:
            raise
        except Exception as error:
            raise self._explained(error) from error

    async def release(self) -> None:
        client, self._client = self._client, None
        self._ready = False
        if client is not None:
            await client.close()

    async def _ask(self, prompt: Prompt) -> Any:
        """Again without an option that the model refuses, as reasoning models do."""
        import openai  # loaded long ago, with the client

        messages: list[Any] = [
            {"role": role, "content": "\n".join(message.content for message in run)}
            # Many local models refuse two messages of one role in a row, such as those of a user
            # who was not answered before going on.
            for role, run in groupby(prompt.messages, key=lambda message: message.role)
        ]
        while True:
            try:
                return await self._request(messages)
            except openai.BadRequestError as error:
                if error.param not in self._options:
                    raise
                refused = self._options.pop(error.param)
                if error.param == "max_tokens":
                    self._options["max_completion_tokens"] = refused

    async def _request(self, messages: list[Any]) -> Any:
        assert self._client is not None
        options: dict[str, Any] = self._options
        return await self._client.chat.completions.create(
            model=self.context.settings.llm.model,
            messages=messages,
            stream=True,
            stream_options={"include_usage": True},
            **options,
        )

    def _explained(self, error: Exception) -> ProviderError:
        """What happened and what to do; never what the endpoint wrote: it may quote the user."""
        import openai  # loaded long ago, with the client

        where = {"component": self.component, "provider": self.provider}
        if isinstance(error, openai.APITimeoutError):
            return ProviderTimeout("The language model gave no answer in time.", **where)
        if isinstance(error, openai.APIStatusError):
            status = error.status_code
            advice = _ADVICE.get(status, f"The language model failed with HTTP status {status}.")
            return _KINDS.get(status, ProviderError)(advice, **where)
        return self._failed("The connection to the language model broke off.")

    def _failed(self, message: str) -> ProviderError:
        return ProviderError(message, component=self.component, provider=self.provider)

    def _unavailable(self, message: str) -> ProviderUnavailable:
        return ProviderUnavailable(message, component=self.component, provider=self.provider)


def _usage(chunk: Any) -> Usage | None:
    """Some endpoints send the fields empty."""
    usage = getattr(chunk, "usage", None)
    return Usage(usage.prompt_tokens or 0, usage.completion_tokens or 0) if usage else None


def _connect(base_url: str | None, key: str) -> AsyncOpenAI:
    """Import (two seconds) and build the client, off the event loop."""
    from openai import AsyncOpenAI

    return AsyncOpenAI(api_key=key, base_url=base_url, max_retries=0)
