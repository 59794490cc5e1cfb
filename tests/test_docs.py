"""The written contract and the written settings are those in the code."""

from backend import metrics_docs, protocol_docs, settings_docs
from tests.conftest import ROOT


def test_the_page_is_up_to_date() -> None:
    assert (ROOT / "docs/protocol.md").read_text() == protocol_docs.markdown(), "make docs"


def test_the_settings_page_is_up_to_date() -> None:
    assert (ROOT / "docs/settings.md").read_text() == settings_docs.markdown(), "make docs"


def test_the_metrics_page_is_up_to_date() -> None:
    assert (ROOT / "docs/metrics.md").read_text() == metrics_docs.markdown(), "make docs"
