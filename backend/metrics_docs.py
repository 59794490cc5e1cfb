"""`docs/metrics.md`, written from `metrics.py`: `python -m backend.metrics_docs`."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.metrics import Counter, Gauge, Histogram, Info, MetricWrapperBase

from backend import metrics

_INTRO = """\
# Metrics

Written by `python -m backend.metrics_docs` from `backend/metrics.py`; do not edit.

`GET /metrics` in Prometheus' own format. Units are SI and stand in the names; a `ratio` is a plain
number. Beside these there are the usual `process_…` series of the gateway (CPU, open descriptors,
start time). What to watch, and what to do: [operations.md](operations.md).
"""

_SUFFIX: dict[type[MetricWrapperBase], str] = {Counter: "_total", Info: "_info"}


def defined() -> list[MetricWrapperBase]:
    """Every metric of the module, in its order."""
    return [value for value in vars(metrics).values() if isinstance(value, MetricWrapperBase)]


def exposed_name(metric: MetricWrapperBase) -> str:
    """As a query names it; the buckets of a histogram are `…_bucket`."""
    (family,) = metric.describe()
    suffix = next((end for kind, end in _SUFFIX.items() if isinstance(metric, kind)), "")
    return family.name + suffix


def markdown() -> str:
    """The whole page."""
    parts = [_INTRO, "| series | kind | what it tells |\n|---|---|---|"]
    parts += [_row(metric) for metric in defined()]
    parts += ["\n## Labels\n", "| label | values |\n|---|---|"]
    parts += [f"| `{label}` | {values} |" for label, values in metrics.LABELS.items()]
    return "\n".join([*parts, ""])


def _row(metric: MetricWrapperBase) -> str:
    (family,) = metric.describe()
    labels = "{" + ",".join(metric._labelnames) + "}" if metric._labelnames else ""
    told = "; ".join([family.documentation, *_buckets(metric)])
    return f"| `{exposed_name(metric)}{labels}` | {_kind(metric)} | {told} |"


def _kind(metric: MetricWrapperBase) -> str:
    kinds = (Counter, Gauge, Histogram, Info)
    return next(kind.__name__.lower() for kind in kinds if isinstance(metric, kind))


def _buckets(metric: MetricWrapperBase) -> Iterator[str]:
    if isinstance(metric, Histogram):
        bounds: tuple[float, ...] = metric._kwargs["buckets"]
        yield "buckets " + " ".join(f"{bound:g}" for bound in bounds)


if __name__ == "__main__":
    print(markdown(), end="")
