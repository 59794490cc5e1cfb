"""Fixtures over the fakes, for `conftest.py` to import."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from backend.config import load_settings
from backend.handlers.base import Context, Options, Weights
from tests.fakes.edge import FakeEdge, fake_edge
from tests.fakes.engine import InlineEngine
from tests.fakes.whisper import build_tiny_whisper

EdgeFactory = Callable[..., AbstractAsyncContextManager[FakeEdge]]
ContextFactory = Callable[..., Context]


@pytest.fixture
def edge(monkeypatch: pytest.MonkeyPatch) -> EdgeFactory:
    """`async with edge("slow") as fake`: Edge-TTS of this process goes to a local fake."""
    import edge_tts.communicate

    @asynccontextmanager
    async def start(mode: str = "ok") -> AsyncIterator[FakeEdge]:
        async with fake_edge(mode) as fake:
            monkeypatch.setattr(edge_tts.communicate, "WSS_URL", fake.url)
            yield fake

    return start


@pytest.fixture(scope="session")
def tiny_whisper(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real CTranslate2 model folder with random weights."""
    pytest.importorskip("tokenizers", reason="tokenizers is not installed")
    return build_tiny_whisper(tmp_path_factory.mktemp("models") / "tiny-whisper")


@pytest.fixture
def make_context(tmp_path: Path) -> ContextFactory:
    """`make_context(llm={…}, options=Options(…))`: what a handler is given, with an empty store."""

    def make(options: Options | None = None, **sections: Any) -> Context:
        asr = {"models_dir": tmp_path / "models", "auto_pull": False, **sections.pop("asr", {})}
        settings = load_settings(asr=asr, **sections)
        return Context("test", settings, InlineEngine(), Weights(), options or Options())

    return make
