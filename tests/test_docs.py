"""The written contract and the written settings are those in the code."""

import json

from backend import protocol_docs, settings_docs
from backend.protocol import json_schema
from tests.conftest import ROOT


def test_the_page_is_up_to_date() -> None:
    assert (ROOT / "docs/protocol.md").read_text() == protocol_docs.markdown(), "make docs"


def test_the_schema_of_the_page_is_up_to_date() -> None:
    stored = ROOT / "frontend/packages/client/src/protocol.schema.json"
    assert json.loads(stored.read_text()) == json_schema(), "make docs"


def test_the_settings_page_is_up_to_date() -> None:
    assert (ROOT / "docs/settings.md").read_text() == settings_docs.markdown(), "make docs"
