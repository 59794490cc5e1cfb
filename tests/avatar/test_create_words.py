"""The page has words for every refusal, in both languages."""

import re
from pathlib import Path

import pytest

from backend.errors import AvatarNotCreated

WORDS = Path(__file__).parents[2] / "frontend/apps/chat/src/i18n"


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("refusal", AvatarNotCreated.__subclasses__(), ids=lambda one: one.code)
def test_each_refusal_can_be_said(refusal: type[AvatarNotCreated], language: str) -> None:
    text = (WORDS / f"{language}.ts").read_text()
    assert re.search(rf"\b{refusal.code}: {{ what: '.+', todo: '.+' }}", text)
