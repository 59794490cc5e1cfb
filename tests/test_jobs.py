"""Jobs beside the service outlive what they do not expect."""

from __future__ import annotations

import asyncio

from structlog.testing import capture_logs

from backend import virtual_time
from backend.jobs import REST_S, background, kept_up


class Job:
    """Endless, but for its first two goes."""

    def __init__(self) -> None:
        self.begun_at_s: list[float] = []
        self.is_over = False

    async def run(self) -> None:
        self.begun_at_s.append(asyncio.get_running_loop().time())
        try:
            if len(self.begun_at_s) <= 2:
                raise OSError("no more threads")
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.is_over = True
            raise


def test_an_endless_job_goes_on_after_a_crash_and_ends_with_the_service() -> None:
    job = Job()

    async def serve() -> None:
        async with background(kept_up(job.run)):
            await asyncio.sleep(10 * REST_S)
            assert not job.is_over

    with capture_logs() as logs:
        virtual_time.run(serve())
    assert job.begun_at_s == [0.0, REST_S, 2 * REST_S] and job.is_over
    assert [line["event"] for line in logs] == ["service.job_restarted"] * 2
    assert all(line["job"] == "Job.run" and isinstance(line["exc_info"], OSError) for line in logs)


def test_a_job_that_is_done_once_is_not_done_again() -> None:
    goes: list[str] = []

    async def load() -> None:
        goes.append("load")
        raise OSError("broken")

    async def serve() -> None:
        async with background(load()):
            await asyncio.sleep(10 * REST_S)

    with capture_logs() as logs:
        virtual_time.run(serve())
    assert goes == ["load"] and [line["event"] for line in logs] == ["service.job_crashed"]
