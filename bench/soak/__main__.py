"""`python -m bench.soak`: start a service, let visitors loose on it, watch, and write the report.

Everything seen goes to a file as it is seen; Ctrl-C ends the run early and still writes the report,
and `--from` writes it again from the file of a run. Exit code 1: a bar was broken, or the service
was lost.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from datetime import datetime
from pathlib import Path

from backend.config import ROOT
from bench.service import Running, running_service
from bench.soak.line import Findings
from bench.soak.report import write_report
from bench.soak.rounds import come_and_go
from bench.soak.visitor import SoakVisitor
from bench.soak.watch import Watch, read_looks

SPARE_PLACES = 2
"""Beyond the visitors: who left lies there until somebody needs the room."""


def main() -> None:
    given = _arguments()
    samples = given.samples or ROOT / f"var/soak/{datetime.now():%Y%m%dT%H%M%S}.jsonl"
    if given.report_from is None:
        _run(given.minutes * 60, given.visitors, given.seed, samples)
    looks = read_looks(given.report_from or samples)
    if not looks:
        sys.exit("Nothing was seen: the run was too short.")
    is_held = write_report(looks, given.report, given.report.parent / "pictures")
    print(f"{given.report}: {'no bar was broken' if is_held else 'a bar was broken'}")
    sys.exit(0 if is_held else 1)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--visitors", type=int, default=6)
    parser.add_argument("--seed", type=int, default=1, help="of everything visitors do")
    parser.add_argument("--samples", type=Path, help="file for what is seen; default var/soak/…")
    parser.add_argument("--report", type=Path, default=ROOT / "docs/soak.md")
    parser.add_argument("--from", dest="report_from", type=Path, help="file of an earlier run")
    return parser.parse_args()


def _run(seconds: float, visitors: int, seed: int, samples: Path) -> None:
    samples.parent.mkdir(parents=True, exist_ok=True)
    env = {
        "AVATAR_CHAT_SESSION__LIMIT": str(visitors + SPARE_PLACES),
        "AVATAR_CHAT_TIMELINE__DIR": str(samples.with_suffix(".timelines")),
    }
    with running_service(env, log=samples.with_suffix(".log")) as service:
        print(f"port {service.port}, samples in {samples}", flush=True)
        asyncio.run(_visit(service, seconds, visitors, seed, samples))


async def _visit(service: Running, seconds: float, visitors: int, seed: int, samples: Path) -> None:
    """Until the time is over or somebody asks to stop.

    Raises:
        OSError: the service does not answer. psutil.Error: it has ended.
    """
    findings = Findings()
    findings.counts["visitors"] = visitors
    watch = Watch(service.process.pid, service.port, findings, samples)
    people = [SoakVisitor(service.ws_url, n + 1, seed, findings) for n in range(visitors)]
    asked_to_stop = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, asked_to_stop.set)
    visiting = asyncio.create_task(come_and_go(people, seconds, findings, watch))
    watching = asyncio.create_task(watch.run())
    stopping = asyncio.create_task(asked_to_stop.wait())
    tasks = (visiting, watching, stopping)
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()  # where nobody looks any more there is no run to judge
        await watch.look()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


if __name__ == "__main__":
    main()
