"""The wire contract: what parses, what is refused and how."""

import json

import pytest

from backend import protocol as p
from backend.errors import BadMessage, UnknownType


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ('{"type":"hello"}', p.Hello()),
        ('{"type":"text","text":"hi"}', p.Text(text="hi")),
        ('{"type":"interrupt","extra":1}', p.Interrupt()),
        ('{"type":"ping","t":3}', p.Ping(t=3)),
        (
            '{"type":"config_update","video":{"container":"fmp4"}}',
            p.ConfigUpdate(video=p.VideoFormat(container="fmp4")),
        ),
    ],
)
def test_parses(raw: str, expected: p.ClientMessage) -> None:
    assert p.parse_client_message(raw) == expected


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "{",
        "[]",
        "null",
        "7",
        '{"type":"text"}',
        '{"type":"text","text":""}',
        '{"type":"ping","t":"soon"}',
        '{"type":"idle_position","position_ms":1e999}',
        '{"type":"idle_position","position_ms":NaN}',
        '{"text":"no type"}',
        '{"type":"text","text":5}',
    ],
)
def test_refuses_with_bad_message(raw: str) -> None:
    with pytest.raises(BadMessage):
        p.parse_client_message(raw)


def test_refuses_unknown_type_and_names_the_known() -> None:
    with pytest.raises(UnknownType, match=r"'nope'.*'interrupt'"):
        p.parse_client_message('{"type":"nope"}')


def test_a_refusal_never_repeats_what_was_said() -> None:
    with pytest.raises(BadMessage) as caught:
        p.parse_client_message('{"type":"text","text":["my secret"]}')
    assert "secret" not in caught.value.message


def test_notice_uses_the_names_of_the_contract() -> None:
    notice = p.Notice(component="tts", level="info", text="x", from_="edge", to="espeak")
    assert json.loads(notice.model_dump_json(by_alias=True))["from"] == "edge"


def test_schema_names_every_message() -> None:
    titles = set(p.json_schema()["$defs"])
    assert {"Hello", "Playback", "VideoChunkMeta", "SessionReady", "VisemeTimeline"} <= titles
