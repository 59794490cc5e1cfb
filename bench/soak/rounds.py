"""Visitors come together and leave together, so that there are moments in which nobody is there.

Only then does memory tell of growth: while they talk it tells who talks just then, by tens of
megabytes, and how many ever did at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from bench.soak.line import Findings
from bench.soak.visitor import SoakVisitor
from bench.soak.watch import Watch

ROUND_S = 600.0
REST_S = 120.0
"""At the end of each round, with nobody there: longer than a session waits for its visitor to come
back, and the minute that may pass until the allocator gives back, together."""


async def come_and_go(
    people: Sequence[SoakVisitor], seconds: float, findings: Findings, watch: Watch
) -> None:
    """Rounds, each with a look at the end of its rest; what time is left is talked through."""
    rounds, left_s = divmod(seconds, ROUND_S)
    for _ in range(int(rounds)):
        await _talk(people, ROUND_S - REST_S, findings)
        await asyncio.sleep(REST_S)
        await watch.look(at_rest=True)
    await _talk(people, left_s, findings)


async def _talk(people: Sequence[SoakVisitor], seconds: float, findings: Findings) -> None:
    """Then they go, in the midst of whatever they do."""
    tasks = [asyncio.create_task(person.run(), name=f"{n + 1}") for n, person in enumerate(people)]
    for task in tasks:
        task.add_done_callback(lambda done: _note_crash(done, findings))
    try:
        await asyncio.sleep(seconds)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _note_crash(task: asyncio.Task[None], findings: Findings) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        findings.add("crashed", int(task.get_name()), repr(error))
