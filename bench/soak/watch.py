"""What the service takes, looked at from outside at a pace: its processes and its `/metrics`.

Each look is one line of JSON in a file, so that a run which is cut off still tells what it saw.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil

from bench.soak.line import Findings

LOOK_EVERY_S = 5.0
ANSWER_S = 10.0
MOST_LATE = 3
"""Looks in a row at a `/metrics` that does not answer; then there is no service to be watched."""

WORKER = "backend.engine.worker"

_LAG = re.compile(rb'avatar_chat_event_loop_lag_seconds_bucket\{le="([^"]+)"\} (\S+)')


@dataclass(frozen=True, slots=True)
class Process:
    """`anonymous_bytes` is the resident part that no file or other process lends."""

    pid: int
    resident_bytes: int
    anonymous_bytes: int
    threads: int
    descriptors: int


@dataclass(frozen=True, slots=True)
class Look:
    """One moment. `lag_counts`: looks of the event loop at its own lag, by bucket, since the start.

    `series`: lines of `/metrics`. `counts` and `wrong` are what the visitors have seen so far.
    `at_rest`: everybody has left, and long enough ago that nothing of them need lie in memory.
    """

    at_s: float
    processes: dict[str, Process]
    lag_counts: dict[str, float]
    series: int
    machine_busy_ratio: float
    counts: dict[str, int]
    wrong: list[dict[str, Any]]
    at_rest: bool = False


class Watch:
    """Of the service `pid` behind `port`; looks go to `file`."""

    def __init__(self, pid: int, port: int, findings: Findings, file: Path) -> None:
        self._service = psutil.Process(pid)
        self._metrics_url = f"http://127.0.0.1:{port}/metrics"
        self._findings = findings
        self._file = file
        self._told = 0
        self._late = 0
        self._looking = asyncio.Lock()

    async def run(self) -> None:
        """Until cancelled.

        Raises:
            OSError: the service does not answer. psutil.Error: it has ended.
        """
        psutil.cpu_percent()
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            await self.look()

    async def look(self, *, at_rest: bool = False) -> None:
        """Write down how it is; nothing where `/metrics` comes late for once. Raises as `run`."""
        async with self._looking:
            try:
                look = await asyncio.to_thread(self._take, at_rest)
            except OSError:
                self._late += 1
                self._findings.counts["late_looks"] += 1
                if self._late == MOST_LATE:
                    raise
                return
            self._late = 0
            with self._file.open("a") as lines:
                lines.write(json.dumps(asdict(look)) + "\n")

    def _take(self, at_rest: bool) -> Look:
        with urllib.request.urlopen(self._metrics_url, timeout=ANSWER_S) as answer:
            text: bytes = answer.read()
        wrong = self._findings.wrong[self._told :]
        self._told += len(wrong)
        return Look(
            at_s=round(time.monotonic() - self._findings.began_s, 2),
            processes=dict(_processes(self._service)),
            lag_counts={le.decode(): float(count) for le, count in _LAG.findall(text)},
            series=sum(not line.startswith(b"#") for line in text.splitlines()),
            machine_busy_ratio=psutil.cpu_percent() / 100,
            counts=dict(self._findings.counts),
            wrong=[asdict(finding) for finding in wrong],
            at_rest=at_rest,
        )


def _processes(service: psutil.Process) -> Iterator[tuple[str, Process]]:
    """Workers by their place in the order in which they were started; not one that just ends."""
    yield "service", _of(service)
    number = 0
    for child in sorted(service.children(), key=psutil.Process.create_time):
        with suppress(psutil.NoSuchProcess):  # it ended between the listing and the look
            if WORKER in child.cmdline():
                yield f"worker-{number}", _of(child)
                number += 1


def _of(process: psutil.Process) -> Process:
    memory = process.memory_info()
    return Process(
        pid=process.pid,
        resident_bytes=memory.rss,
        anonymous_bytes=memory.rss - memory.shared,  # shared: what files and shared memory lend
        threads=process.num_threads(),
        descriptors=process.num_fds(),
    )


def read_looks(file: Path) -> list[Look]:
    """Those of a run, oldest first."""
    looks = []
    for line in file.read_text().splitlines():
        values = json.loads(line)
        processes = {name: Process(**process) for name, process in values.pop("processes").items()}
        looks.append(Look(processes=processes, **values))
    return looks
