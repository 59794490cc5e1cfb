"""A process whose event loop stands still is ended, so that what keeps it running begins it anew.

One that hangs still takes connections. Nothing before it would turn to another backend, and only
some of what may run it would ever look.
"""

from __future__ import annotations

import asyncio
import faulthandler
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

_LOOKS = 12
"""In the time that a loop may stand still."""


@asynccontextmanager
async def ended_when_stuck(after_s: float) -> AsyncIterator[None]:
    """Inside, end the process when its loop has stood still for so long; 0 never ends it.

    Where each thread stood then is written to standard error. It is a thread of C that waits, so
    it does so too when the interpreter cannot. There is one per process.
    """
    if not after_s:
        yield
        return
    task = asyncio.create_task(_put_off(after_s))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        faulthandler.cancel_dump_traceback_later()


async def _put_off(after_s: float) -> None:
    while True:
        faulthandler.dump_traceback_later(after_s, exit=True)
        await asyncio.sleep(after_s / _LOOKS)
