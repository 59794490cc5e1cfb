"""Jobs that run beside the service: they start with it, end with it, and none is lost to an error.

What they do is theirs; here is only that they go on.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import structlog

REST_S = 1.0
"""Between a crash and the next start: long enough that a lasting cause does not fill the log."""

log = structlog.get_logger()


@asynccontextmanager
async def background(*jobs: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Run jobs beside the service; they end with it. One that crashes says so in the log."""
    tasks = [asyncio.create_task(job) for job in jobs]
    for task in tasks:
        task.add_done_callback(_report_crash)
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def kept_up(job: Callable[[], Awaitable[None]]) -> None:
    """An endless job, begun anew after whatever it does not expect."""
    while True:
        try:
            return await job()
        except Exception as error:
            log.error("service.job_restarted", job=job.__qualname__, exc_info=error)
        await asyncio.sleep(REST_S)


def _report_crash(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()):
        log.error("service.job_crashed", exc_info=error)
