"""Names, addresses and lazy imports."""

from __future__ import annotations

import subprocess
import sys

import pytest

from backend.config import AsrSettings, LlmSettings, TtsSettings
from backend.errors import ConfigError
from backend.handlers.registry import create, providers
from tests.fakes.fixtures import ContextFactory

NAMES = [
    *(("asr", name) for name in AsrSettings().chain),
    *(("llm", name) for name in LlmSettings().chain),
    *(("tts", name) for name in TtsSettings().chain),
]


@pytest.mark.parametrize(("component", "provider"), NAMES)
def test_every_provider_that_settings_name_exists(
    component: str, provider: str, make_context: ContextFactory
) -> None:
    handler = create(component, provider, make_context())
    assert (handler.component, handler.provider) == (component, provider)
    assert provider in providers(component)


def test_an_unknown_provider_is_refused_with_what_is_known(make_context: ContextFactory) -> None:
    with pytest.raises(ConfigError, match=r"'gramophone'.*edge, espeak"):
        create("tts", "gramophone", make_context())


def test_slow_libraries_are_not_imported_before_they_are_needed() -> None:
    code = """
import sys
from importlib import import_module
from backend.handlers import chains, registry
from backend.handlers.vad import silero
for address in registry._ADDRESSES.values():
    import_module(address.partition(":")[0])
slow = {"openai", "faster_whisper", "edge_tts", "aiohttp", "onnxruntime", "pocketsphinx"}
print(sorted(slow & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "[]", done.stderr
