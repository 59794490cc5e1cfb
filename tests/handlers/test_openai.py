"""The language model client against a local OpenAI-compatible endpoint."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from backend import clock
from backend.errors import ProviderError, ProviderRefused, ProviderUnavailable
from backend.handlers.chains import llm_chain
from backend.handlers.fallback import ProviderChange
from backend.handlers.llm.openai import OpenAiLlm
from backend.handlers.messages import ChatMessage, Usage
from tests.fakes.fixtures import ContextFactory
from tests.fakes.openai import FakeOpenAi, fake_openai
from tests.handlers.speech import prompt

ASKED = prompt("Hello", "Hi! How can I help?", "Tell me more.")


def connected(make_context: ContextFactory, service: FakeOpenAi, **llm: object) -> OpenAiLlm:
    return OpenAiLlm(make_context(llm={"base_url": service.base_url, **llm}))


@pytest.fixture(autouse=True)
def no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)


async def test_the_reply_is_streamed(make_context: ContextFactory) -> None:
    async with fake_openai("gated") as service, asyncio.timeout(30):
        llm = connected(make_context, service, model="small-one", api_key="secret")
        stream = llm.process(ASKED)
        heard = [(await anext(stream)).text for _ in range(3)]
        assert not service.gate.is_set(), "words come before the reply is complete"
        service.gate.set()
        heard += [delta.text async for delta in stream]
        await llm.release()
    assert "".join(heard) == service.reply
    asked = service.requests[0]
    assert asked["model"] == "small-one" and asked["stream"] is True
    assert [message["role"] for message in asked["messages"]] == [
        *("system", "user", "assistant", "user")
    ]
    assert service.keys == ["Bearer secret"]


async def test_the_key_of_the_environment_is_honoured(
    make_context: ContextFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "from-the-environment")
    async with fake_openai() as service:
        llm = connected(make_context, service)
        assert len([delta async for delta in llm.process(ASKED) if delta.text]) == 9
        await llm.release()
    assert service.keys == ["Bearer from-the-environment"]


@pytest.mark.parametrize(("mode", "tokens_in"), [("ok", 4), ("uncounted", 0)])
async def test_what_an_answer_has_cost_comes_with_its_end(
    make_context: ContextFactory, mode: str, tokens_in: int
) -> None:
    async with fake_openai(mode) as service:
        llm = connected(make_context, service, api_key="secret")
        deltas = [delta async for delta in llm.process(ASKED)]
        await llm.release()
    assert deltas[-1].usage == Usage(tokens_in=tokens_in, tokens_out=9)
    assert not any(delta.usage for delta in deltas[:-1])


async def test_an_option_that_the_model_refuses_is_left_out_from_then_on(
    make_context: ContextFactory,
) -> None:
    async with fake_openai("reasoning") as service:
        llm = connected(make_context, service, api_key="secret", max_tokens=77)
        for _ in range(2):
            assert [delta async for delta in llm.process(ASKED) if delta.text]
        await llm.release()
    assert len(service.requests) == 3 + 1
    for asked in service.requests[2:]:
        assert asked["max_completion_tokens"] == 77 and "temperature" not in asked


async def test_half_a_character_is_not_sent_on(make_context: ContextFactory) -> None:
    async with fake_openai(reply="Hi \ud83d there \U0001f600") as service:
        llm = connected(make_context, service, api_key="secret")
        deltas = [delta.text async for delta in llm.process(ASKED)]
        await llm.release()
    assert "".join(deltas) == "Hi \ufffd there \U0001f600"


async def test_two_questions_in_a_row_are_one_message(make_context: ContextFactory) -> None:
    """Many local models insist that the roles take turns."""
    asked = prompt("Hello", "Hi!", "Wait.")
    asked = replace(asked, messages=(*asked.messages, ChatMessage("user", "Tell me more.")))
    async with fake_openai() as service:
        llm = connected(make_context, service, api_key="secret")
        assert [delta async for delta in llm.process(asked)]
        await llm.release()
    assert service.requests[0]["messages"][-2:] == [
        {"role": "assistant", "content": "Hi!"},
        {"role": "user", "content": "Wait.\nTell me more."},
    ]


async def test_without_key_or_address_it_is_unavailable(make_context: ContextFactory) -> None:
    with pytest.raises(ProviderUnavailable, match="AVATAR_CHAT_LLM__API_KEY"):
        await OpenAiLlm(make_context()).initialize()


async def test_without_key_or_address_it_is_told_but_no_cause_for_alarm(
    make_context: ContextFactory,
) -> None:
    context = make_context(llm={"chain": ("openai", "builtin")})
    llm = llm_chain(context, lambda change: None)
    await llm.initialize()
    (openai,) = (one for one in context.breakers.health(clock.now()) if not one.is_up)
    assert (
        openai.provider == "openai"
        and not openai.is_configured
        and "AVATAR_CHAT_LLM__API_KEY" in openai.reason
    )
    await llm.release()


async def test_an_address_where_nobody_answers_is_cause_for_alarm(
    make_context: ContextFactory,
) -> None:
    async with fake_openai() as service:
        pass
    base_url = service.base_url
    context = make_context(llm={"chain": ("openai", "builtin"), "base_url": base_url})
    llm = llm_chain(context, lambda change: None)
    await llm.initialize()
    (openai,) = (one for one in context.breakers.health(clock.now()) if not one.is_up)
    assert openai.provider == "openai" and openai.is_configured
    await llm.release()


async def test_an_address_where_nobody_answers_is_unavailable(
    make_context: ContextFactory,
) -> None:
    async with fake_openai() as service:
        pass
    llm = connected(make_context, service)
    with pytest.raises(ProviderUnavailable, match="cannot be reached"):
        await llm.initialize()
    await llm.release()


@pytest.mark.parametrize(
    ("status", "kind", "advice"),
    [
        ("400", ProviderRefused, "too long"),
        ("401", ProviderUnavailable, "AVATAR_CHAT_LLM__API_KEY"),
        ("404", ProviderUnavailable, "AVATAR_CHAT_LLM__MODEL"),
        ("429", ProviderError, "quota"),
        ("500", ProviderError, "500"),
    ],
)
async def test_refusals_say_what_to_do(
    make_context: ContextFactory, status: str, kind: type[ProviderError], advice: str
) -> None:
    async with fake_openai(status) as service:
        llm = connected(make_context, service)
        with pytest.raises(kind, match=advice) as caught:
            await anext(llm.process(ASKED))
        await llm.release()
    assert type(caught.value) is kind
    assert len(service.requests) == 1, "the chain decides about a second try, not the client"


async def test_a_stream_that_breaks_off_is_an_error(make_context: ContextFactory) -> None:
    async with fake_openai("cut") as service:
        llm, heard = connected(make_context, service), []
        with pytest.raises(ProviderError, match="broke off"):
            async for delta in llm.process(ASKED):
                heard.append(delta.text)
        await llm.release()
    assert "".join(heard) == "Hello from the "


async def test_closing_closes_the_http_stream(make_context: ContextFactory) -> None:
    async with fake_openai("gated") as service, asyncio.timeout(30):
        llm = connected(make_context, service)
        stream = llm.process(ASKED)
        await anext(stream)
        await stream.aclose()  # type: ignore[attr-defined]  # `process` is a generator
        await service.hung_up.wait()
        await llm.release()


async def test_in_the_chain_the_built_in_one_takes_over_in_time(
    make_context: ContextFactory,
) -> None:
    changes: list[ProviderChange] = []
    async with fake_openai("hang") as service, asyncio.timeout(30):
        settings = {"base_url": service.base_url, "first_token_timeout_s": 0.3}
        chain = llm_chain(make_context(llm=settings), changes.append)
        await chain.initialize()
        heard = [delta.text async for delta in chain.process(prompt("what is 3 plus 4"))]
        await service.hung_up.wait()
        await chain.release()
    assert "7" in "".join(heard)
    assert changes[0].to_provider == "builtin" and "0.3 s" in changes[0].reason


async def test_in_the_chain_a_broken_stream_passes_on(make_context: ContextFactory) -> None:
    changes: list[ProviderChange] = []
    async with fake_openai("cut") as service:
        chain = llm_chain(make_context(llm={"base_url": service.base_url}), changes.append)
        with pytest.raises(ProviderError, match="broke off"):
            [delta async for delta in chain.process(ASKED)]
        await chain.release()
    assert changes == []


async def test_an_answer_without_words_is_the_questions_fault_and_nobody_elses(
    make_context: ContextFactory,
) -> None:
    async with fake_openai(reply=" ") as service:
        llm = connected(make_context, service, api_key="secret")
        with pytest.raises(ProviderRefused, match="no words"):
            assert [delta async for delta in llm.process(ASKED)]
        await llm.release()
