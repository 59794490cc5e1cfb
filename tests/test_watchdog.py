"""What stands still is ended; what is only slow, or has ended by itself, is not."""

from __future__ import annotations

import subprocess
import sys

import pytest

SCRIPT = """
import asyncio, sys, time
from backend.watchdog import ended_when_stuck

async def main():
    async with ended_when_stuck(float(sys.argv[1])):
        await asyncio.sleep(0.1)
        {inside}
    {after}
    print("went on")

asyncio.run(main())
"""
STANDS_STILL = "time.sleep(1.5)"
WORKS_ON = "[await asyncio.sleep(0.1) for _ in range(15)]"


def run(after_s: float, inside: str, after: str = "pass") -> subprocess.CompletedProcess[str]:
    script = SCRIPT.format(inside=inside, after=after)
    return subprocess.run(
        [sys.executable, "-c", script, str(after_s)],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_a_loop_that_stands_still_ends_its_process_and_says_where() -> None:
    told = run(1.0, STANDS_STILL)
    assert told.returncode == 1 and not told.stdout
    assert "in main" in told.stderr


@pytest.mark.parametrize(
    ("after_s", "inside", "after"),
    [(1.0, WORKS_ON, "pass"), (1.0, "pass", STANDS_STILL), (0.0, STANDS_STILL, "pass")],
    ids=["it works on", "it is over", "it may"],
)
def test_nothing_else_ends_it(after_s: float, inside: str, after: str) -> None:
    told = run(after_s, inside, after)
    assert (told.returncode, told.stdout, told.stderr) == (0, "went on\n", "")
