"""Samples that several test folders share lie beside this folder; an engine of one real worker."""

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from backend.config import EngineSettings
from backend.engine.local import LocalEngine

sys.path.insert(0, str(Path(__file__).parents[1]))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def engine() -> AsyncIterator[LocalEngine]:
    engine = LocalEngine(EngineSettings(render_workers=1))
    await engine.start()
    yield engine
    await engine.close()
