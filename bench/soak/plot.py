"""Line charts as SVG, for reports: no library, no script, readable on any background."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from math import ceil, floor, log10

WIDTH, HEIGHT = 860, 300
LEFT, RIGHT, TOP, BOTTOM = 64, 176, 44, 44
INK, FAINT, PAPER, SHADE = "#1f2430", "#d9dce3", "#ffffff", "#f1f2f6"
DASHES = 'stroke-dasharray="5 4"'
COLOURS = ("#2563c9", "#d1495b", "#2a9d6f", "#e08e1b", "#7a4fbf", "#3a7d8c")

Points = Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Chart:
    """x is minutes from the start; `warm_up_min` of them are shaded. `bar` is the limit to keep."""

    title: str
    unit: str
    lines: Mapping[str, Points]
    warm_up_min: float
    bar: float | None = None
    from_zero: bool = True


def svg(chart: Chart) -> str:
    """The chart as a document of its own."""
    x_most = max((x for line in chart.lines.values() for x, _ in line), default=0.0) or 1.0
    ticks = _ticks(*_range(chart))
    plot = _Plot(x_most, ticks[0], ticks[-1])
    parts = [
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="{PAPER}"/>',
        _text(LEFT, 24, f"{chart.title}, {chart.unit}", size=15, weight=600),
        plot.shade(min(chart.warm_up_min, x_most)),
        *(plot.y_tick(value) for value in ticks),
        *(plot.x_tick(value) for value in _ticks(0.0, x_most) if value <= x_most),
        _text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8, "minutes", anchor="middle"),
    ]
    for index, (name, points) in enumerate(chart.lines.items()):
        colour = COLOURS[index % len(COLOURS)]
        parts += [plot.line(points, colour), *_legend(index, name, colour)]
    if chart.bar is not None:
        name = f"at most {chart.bar:g}"
        parts += [plot.bar(chart.bar), *_legend(len(chart.lines), name, INK, DASHES)]
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'font-family="system-ui, sans-serif" role="img" aria-label="{escape(chart.title)}">\n'
        f"{body}\n</svg>\n"
    )


class _Plot:
    """From values to places in the picture."""

    def __init__(self, x_most: float, low: float, high: float) -> None:
        self._x_scale = (WIDTH - LEFT - RIGHT) / x_most
        self._low = low
        self._y_scale = (HEIGHT - TOP - BOTTOM) / (high - low)

    def x(self, value: float) -> float:
        return round(LEFT + value * self._x_scale, 1)

    def y(self, value: float) -> float:
        return round(HEIGHT - BOTTOM - (value - self._low) * self._y_scale, 1)

    def shade(self, minutes: float) -> str:
        size = f'width="{self.x(minutes) - LEFT:.1f}" height="{HEIGHT - TOP - BOTTOM}"'
        label = _text(LEFT + 4, TOP + 13, "warm-up", size=10) if minutes else ""
        return f'<rect x="{LEFT}" y="{TOP}" {size} fill="{SHADE}"/>{label}'

    def y_tick(self, value: float) -> str:
        y = self.y(value)
        rule = f'<path d="M{LEFT} {y}H{WIDTH - RIGHT}" stroke="{FAINT}"/>'
        return rule + _text(LEFT - 8, y + 4, f"{value:g}", anchor="end")

    def x_tick(self, value: float) -> str:
        return _text(self.x(value), HEIGHT - BOTTOM + 17, f"{value:g}", anchor="middle")

    def bar(self, value: float) -> str:
        return f'<path d="M{LEFT} {self.y(value)}H{WIDTH - RIGHT}" stroke="{INK}" {DASHES}/>'

    def line(self, points: Points, colour: str) -> str:
        path = " ".join(f"{self.x(x)},{self.y(y)}" for x, y in points)
        return f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.6"/>'


def _range(chart: Chart) -> tuple[float, float]:
    values = [y for line in chart.lines.values() for _, y in line]
    if chart.bar is not None:
        values.append(chart.bar)
    low, high = min(values, default=0.0), max(values, default=1.0)
    return (0.0 if chart.from_zero else low), high


def _ticks(low: float, high: float) -> list[float]:
    """Round numbers that enclose both."""
    span = (high - low) or abs(high) or 1.0
    rough = span / 4
    unit = 10.0 ** floor(log10(rough))
    step = next(unit * factor for factor in (1, 2, 5, 10) if unit * factor >= rough)
    first, last = floor(low / step), max(ceil(high / step), floor(low / step) + 1)
    return [round(number * step, 10) for number in range(first, last + 1)]


def _legend(index: int, name: str, colour: str, dashes: str = "") -> list[str]:
    x, y = WIDTH - RIGHT + 12, TOP + 8 + 20 * index
    return [
        f'<path d="M{x} {y}h18" stroke="{colour}" stroke-width="{1 if dashes else 3}" {dashes}/>',
        _text(x + 26, y + 4, name),
    ]


def _text(
    x: float, y: float, words: str, *, size: int = 12, anchor: str = "start", weight: int = 400
) -> str:
    return (
        f'<text x="{x}" y="{y}" font-size="{size}" font-weight="{weight}" '
        f'text-anchor="{anchor}" fill="{INK}">{escape(words)}</text>'
    )
