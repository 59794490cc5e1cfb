"""Every metric has a unit, a meaning and few labels, and a conversation moves it."""

from __future__ import annotations

import re

import pytest
from prometheus_client.metrics import Gauge, Info, MetricWrapperBase

from backend import metrics
from backend.errors import AvatarChatError
from backend.metrics_docs import defined, exposed_name, markdown
from backend.session.timeline.events import MARKS
from tests.conftest import ROOT
from tests.monitoring.day import LIMIT, Day, samples

pytestmark = pytest.mark.timeout(400)  # whoever comes first waits for the whole day

UNITS = ("_seconds", "_bytes", "_ratio")
COUNTED_THINGS = ("_sessions", "_places", "_workers", "_items")
FLAGS = ("_ready", "_up", "_info")

UNMOVED = {
    "avatar_chat_lines_stalled_total": "every client takes what it is sent",
    "avatar_chat_worker_restarts_total": "no worker dies",
    "avatar_chat_store_failures_total": "a store in memory does not fail",
    "avatar_chat_timeline_lost_events_total": "the disk keeps up",
    "avatar_chat_stale_drops_total": "only if something was queued at the moment of a cut",
    "avatar_chat_outbox_bytes": "only while a client is slow",
}
"""What a day without disaster leaves alone, and why."""


def _codes(kind: type[AvatarChatError]) -> set[str]:
    return {kind.code}.union(*(_codes(one) for one in kind.__subclasses__()))


REASONS = _codes(AvatarChatError) | {
    *("completed", "interrupted", "failed"),
    *("interrupt", "barge_in", "new_turn", "start_listen", "upload", "line_lost"),
    *("gone", "expired", "replaced", "shutdown", "shed", "gave_way", "not_back", "moved"),
}
ALLOWED = {
    "state": {"idle", "listening", "thinking", "speaking", "detached"},
    "outcome": {"accepted", "busy", "full"},
    "reason": REASONS,
    "found": {"here", "store", "nowhere"},
    "operation": {"load", "save", "delete", "check", "given_up"},
    "kind": {
        *("text", "media", "memory", "redis"),
        *("unavailable", "refused", "timeout", "failed", "crashed"),
    },
    "stage": {"vad", "asr", "llm", "tts", "avatar", "send"},
    "mark": {*MARKS, "total"},
    "place": {str(number) for number in range(LIMIT)},
    "direction": {"in", "out"},
    "component": {"vad", "asr", "llm", "tts", "avatar"},
    "provider": {"pocketsphinx", "openai", "builtin", "espeak"},
    "to": {"builtin", "openai", "audio", "text"},
    "code": _codes(AvatarChatError) | {"internal"},
    "queue": {"microphone", "sentences", "sounds", "outbox", "workers", "timeline", "store"},
    "model": {"pocketsphinx", "espeak", "silero"},
}
PATTERNS = {
    "process": r"gateway|worker-\d",
    "worker": r"\d",
    "version": r"[\d.]+\w*",
    "python": r"[\d.]+\w*",
}
ALL = pytest.mark.parametrize("metric", defined(), ids=exposed_name)


@ALL
def test_its_unit_stands_in_its_name(metric: MetricWrapperBase) -> None:
    name = exposed_name(metric)
    assert re.fullmatch(r"avatar_chat(_[a-z]+)+", name)
    assert name.endswith((*UNITS, *COUNTED_THINGS, *FLAGS, "_total"))


@ALL
def test_it_says_what_it_tells(metric: MetricWrapperBase) -> None:
    (family,) = metric.describe()
    assert len(family.documentation.split()) >= 3
    assert exposed_name(metric) in (ROOT / "docs/metrics.md").read_text()


def test_every_label_is_described_and_none_for_nothing() -> None:
    used = {label for metric in defined() for label in metric._labelnames}
    used |= {"version", "python"}  # of the build's info, which has no labels to declare
    assert used == set(metrics.LABELS)
    assert used == ALLOWED.keys() | PATTERNS.keys()
    assert markdown()


@ALL
def test_a_day_of_conversations_moves_it(metric: MetricWrapperBase, day: Day) -> None:
    name = exposed_name(metric)
    family = name.removesuffix("_total")
    totals = [
        sum(value for _, _, value in samples([look[family]])) if family in look else 0.0
        for look in day.looks
    ]
    if name in UNMOVED:
        assert family in day.looks[-1], UNMOVED[name]
    elif isinstance(metric, Gauge | Info):
        assert max(totals) > 0
    else:
        assert totals[-1] > totals[0]


def test_labels_take_few_values(day: Day) -> None:
    families = [one for one in day.looks[-1].values() if one.name.startswith("avatar_chat_")]
    found = list(samples(families))
    for name, labels, _ in found:
        for label, value in labels.items():
            if label in PATTERNS:
                assert re.fullmatch(PATTERNS[label], value), (name, label, value)
            else:
                assert value in ALLOWED[label], (name, label, value)
    assert len(found) < 400


def test_the_day_went_as_it_was_meant_to(day: Day) -> None:
    last = {
        (name, *labels.values()): value for name, labels, value in samples(day.looks[-1].values())
    }
    assert last["avatar_chat_interruptions_total", "barge_in"] == 1
    assert last["avatar_chat_time_to_silence_seconds_count",] == 1
    assert last["avatar_chat_refusals_total", "session_limit_reached"] == 1
    assert last["avatar_chat_resumes_total", "here"] == 1
    assert last["avatar_chat_underruns_total",] == 2
    assert last["avatar_chat_provider_up", "llm", "openai"] == 0
    assert last["avatar_chat_provider_errors_total", "llm", "failed", "openai"] == 1
    assert last["avatar_chat_fallbacks_total", "llm", "builtin"] == 1
    assert last["avatar_chat_turn_seconds_count", "first_frame"] == 2
    assert not [key for key in last if key[0] == "avatar_chat_last_turn_seconds"], "they have left"
    cost = (
        last["avatar_chat_tokens_total", "in"] * 1 + last["avatar_chat_tokens_total", "out"] * 2
    ) / 1e6
    assert last["avatar_chat_cost_total",] == pytest.approx(cost)
