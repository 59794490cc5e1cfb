"""Turns as a waterfall: one HTML page that needs nothing else, in light and in dark.

Every stage of a reply is a bar from where the one before ended to where it came to; events are
marks on a line of their own. Draws; measures nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from itertools import zip_longest

from backend.replay.style import STYLE
from backend.replay.turns import Moment, Turn
from backend.session.timeline import Header

STAGES = (
    ("final", "recognition"),
    ("first_token", "model"),
    ("first_sentence", "sentence"),
    ("first_audio", "voice"),
    ("first_chunk", "picture"),
    ("first_frame", "page"),
)
"""Where each stage ends, and what it is called."""

MARKED = (("sentence", "sentence begun"), ("chunk", "chunk sent"), ("interrupted", "cut or failed"))

TICKS_MS = (50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 60_000)
MOST_TICKS = 8

Pair = tuple[Turn | None, Turn | None]


class _Scale:
    """Milliseconds to percent of the width."""

    def __init__(self, turns: Sequence[Turn]) -> None:
        self._from_ms = -max((turn.spoke_ms or 0.0 for turn in turns), default=0.0)
        self._to_ms = max([*(turn.last_ms for turn in turns), self._from_ms + 1.0]) * 1.02

    def at(self, ms: float) -> float:
        return 100 * (ms - self._from_ms) / (self._to_ms - self._from_ms)

    def ticks(self) -> Iterator[float]:
        wide_ms = self._to_ms - self._from_ms
        step = next((tick for tick in TICKS_MS if wide_ms / tick <= MOST_TICKS), TICKS_MS[-1])
        first = int(self._from_ms // step)
        for number in range(first, int(self._to_ms // step) + 1):
            if number * step >= self._from_ms:
                yield number * step


def waterfall(
    header: Header, recorded: Sequence[Turn], replayed: Sequence[Turn], remark: str = ""
) -> str:
    """The page. `remark` is a sentence for its head, such as why nothing was replayed."""
    pairs = list(zip_longest(recorded, replayed))
    cards = "\n".join(_card(number, pair) for number, pair in enumerate(pairs, 1))
    title = f"Session {escape(header.session_id)}"
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{STYLE}</style>
</head>
<body>
<main>
<header>
<h1>{title}</h1>
<p>{_about(header)}</p>
{f'<p class="remark">{escape(remark)}</p>' if remark else ""}
{_legend(has_both=bool(recorded and replayed))}
</header>
{cards or '<p class="remark">There is no reply in this timeline.</p>'}
</main>
</body>
</html>
"""


def _about(header: Header) -> str:
    parts = [escape(header.started_at.replace("T", " ")[:19]) + " UTC"]
    if header.avatar:
        parts.append(f"avatar {escape(header.avatar)}")
    if header.providers is not None:
        parts += [
            f"{name} <b>{escape(provider)}</b>"
            for name, provider in header.providers.model_dump().items()
        ]
    return " · ".join(parts)


def _legend(*, has_both: bool) -> str:
    keys = [("user", "user speaks"), *((mark, name) for mark, name in STAGES), ("speech", "speech")]
    items = "".join(f'<li><i class="{key}"></i>{escape(name)}</li>' for key, name in keys)
    items += "".join(f'<li><i class="dot {kind}"></i>{escape(name)}</li>' for kind, name in MARKED)
    both = '<li class="both"><i class="recorded"></i>recorded, above replayed</li>'
    return f'<ul class="legend">{items}{both if has_both else ""}</ul>'


def _card(number: int, pair: Pair) -> str:
    turns = [turn for turn in pair if turn is not None]
    scale = _Scale(turns)
    rows = "\n".join(_rows(pair, scale))
    ticks = "".join(
        f'<span class="tick{" zero" if ms == 0 else ""}" style="left:{scale.at(ms):.2f}%">'
        f"<b>{_time(ms)}</b></span>"
        for ms in scale.ticks()
    )
    return f"""<section>
<h2>Turn {number} {_badge(turns[-1])}</h2>
{_quote(turns)}
<p class="sum">{_sum(pair)}</p>
<div class="chart">
<div class="axis">{ticks}</div>
{rows}
</div>
</section>"""


def _rows(pair: Pair, scale: _Scale) -> Iterator[str]:
    lanes = [
        (turn, kind) for turn, kind in zip(pair, ("recorded", "replayed"), strict=True) if turn
    ]
    yield _row("user", [_bar("user", -turn.spoke_ms, 0.0, scale, kind)
                        for turn, kind in lanes if turn.spoke_ms])  # fmt: skip
    for mark, name in STAGES:
        bars = [
            _bar(mark, begin, turn.marks[mark], scale, kind)
            for turn, kind in lanes
            if (begin := _begin_of(turn, mark)) is not None
        ]
        yield _row(name, bars)
    yield _row("speech", [
        _bar("speech", turn.marks["first_frame"], turn.ended_ms, scale, kind)
        for turn, kind in lanes if turn.ended_ms is not None and "first_frame" in turn.marks
    ])  # fmt: skip
    for turn, kind in lanes:
        name = "events" if len(lanes) == 1 else kind
        dots = "".join(_dot(moment, scale) for moment in turn.moments)
        yield f'<div class="row events"><span>{name}</span><div>{dots}</div></div>'


def _row(name: str, bars: list[str]) -> str:
    if not bars:
        return ""
    return f'<div class="row"><span>{name}</span><div>{"".join(bars)}</div></div>'


def _begin_of(turn: Turn, mark: str) -> float | None:
    """A stage begins where the last one that is known came to; the first one at zero."""
    if mark not in turn.marks:
        return None
    names = [name for name, _ in STAGES]
    before = [turn.marks[name] for name in names[: names.index(mark)] if name in turn.marks]
    return before[-1] if before else 0.0


def _bar(css: str, begin_ms: float, end_ms: float, scale: _Scale, kind: str) -> str:
    left, right = scale.at(begin_ms), scale.at(end_ms)
    took = _time(end_ms - begin_ms)
    where = "inside" if right > 85 else "after"
    return (
        f'<i class="bar {css} {kind}" style="left:{left:.2f}%;width:{max(right - left, 0.15):.2f}%"'
        f' title="{kind}: {took}, until {_time(end_ms)}"><b class="{where}">{took}</b></i>'
    )


def _dot(moment: Moment, scale: _Scale) -> str:
    label = f"{_time(moment.ms)}: {moment.label}"
    return (
        f'<i class="dot {moment.kind}" style="left:{scale.at(moment.ms):.2f}%" '
        f'title="{escape(label)}"></i>'
    )


def _badge(turn: Turn) -> str:
    kind = "spoken" if turn.spoke_ms is not None else "typed"
    ended = f'<em class="{turn.ended}">{turn.ended}</em>' if turn.ended else ""
    return f"<em>{kind}</em>{ended}"


def _quote(turns: Sequence[Turn]) -> str:
    words = next((turn.words for turn in turns if turn.words), "")
    return f"<blockquote>{escape(words)}</blockquote>" if words else ""


def _sum(pair: Pair) -> str:
    parts = []
    for turn, kind in zip(pair, ("recorded", "replayed"), strict=True):
        if turn is not None and "first_frame" in turn.marks:
            parts.append(f"first picture after <b>{_time(turn.marks['first_frame'])}</b> ({kind})")
        elif turn is not None and "first_chunk" in turn.marks:
            parts.append(f"first chunk after <b>{_time(turn.marks['first_chunk'])}</b> ({kind})")
    return ", ".join(parts)


def _time(ms: float) -> str:
    return f"{ms:.0f} ms" if abs(ms) < 1000 else f"{ms / 1000:.2f}".rstrip("0").rstrip(".") + " s"
