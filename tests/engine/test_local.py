"""The local engine, with real worker processes."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import numpy as np
import psutil
import pytest
import pytest_asyncio
from structlog.testing import capture_logs
from worker_actors import Counter, SharedLog, Slow, Sphinx, Unbuildable

from backend.config import EngineSettings
from backend.engine.base import Actor
from backend.engine.local import READ_BUFFER_BYTES, LocalEngine, WorkerLink
from backend.errors import EngineError, ProviderTimeout, WorkerDied

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def engine() -> AsyncIterator[LocalEngine]:
    engine = LocalEngine(EngineSettings(render_workers=1, start_timeout_s=20.0))
    await engine.start()
    yield engine
    await engine.close()


async def test_an_actor_keeps_its_state_and_works_elsewhere(engine: LocalEngine) -> None:
    actor = await engine.spawn(Counter, 5)
    assert await actor.call("add", 2) == 7
    assert await actor.call("add", 3) == 10
    assert await actor.call("pid") != os.getpid()


async def test_calls_of_one_actor_run_in_order(engine: LocalEngine) -> None:
    actor = await engine.spawn(Counter)
    await asyncio.gather(*(actor.call("note", number) for number in range(50)))
    assert await actor.call("notes") == list(range(50))


async def test_actors_of_one_worker_take_turns(engine: LocalEngine) -> None:
    busy, late = await engine.spawn(SharedLog, "busy"), await engine.spawn(SharedLog, "late")
    calls = [busy.call("work", number, 0.02) for number in range(8)]
    calls += [late.call("work", number, 0.0) for number in range(3)]
    await asyncio.gather(*calls)
    names = [name for name, _ in await busy.call("read")]
    assert sum(name == "busy" for name in names[: names.index("late")]) <= 2
    assert names[-3:] == ["busy"] * 3


async def test_a_cancelled_wait_drops_the_queued_call(engine: LocalEngine) -> None:
    actor = await engine.spawn(Counter)
    running = asyncio.create_task(actor.call("note", "running", 0.2))
    queued = asyncio.create_task(actor.call("note", "queued"))
    await asyncio.sleep(0.05)
    queued.cancel()
    with pytest.raises(asyncio.CancelledError):
        await queued
    await running
    assert await actor.call("notes") == ["running"]


async def test_our_errors_arrive_whole(engine: LocalEngine) -> None:
    actor = await engine.spawn(Counter)
    with pytest.raises(ProviderTimeout, match="Nothing came") as caught:
        await actor.call("fail_with_ours")
    assert (caught.value.component, caught.value.provider) == ("asr", "whisper")
    assert "fail_with_ours" in "".join(caught.value.__notes__)


async def test_other_errors_become_engine_errors_with_their_name(engine: LocalEngine) -> None:
    actor = await engine.spawn(Counter)
    with pytest.raises(EngineError, match="ZeroDivisionError: a foreign error"):
        await actor.call("fail_with_another")
    with pytest.raises(EngineError, match="AttributeError"):
        await actor.call("no_such_method")
    with pytest.raises(EngineError):
        await actor.call("answer_with_a_secret_type")
    assert await actor.call("add", 1) == 1


async def test_an_unreadable_reply_spoils_one_call_only(engine: LocalEngine) -> None:
    actor = await engine.spawn(Sphinx)
    with pytest.raises(EngineError, match="could not be read"):
        await actor.call("ask")
    assert await actor.call("greet") == "hello"


async def test_a_worker_that_cannot_start_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    engine = LocalEngine(EngineSettings(render_workers=2))
    with pytest.raises(EngineError, match="did not start"):
        await engine.start()
    assert engine.status()["workers"] == 0


async def test_an_actor_that_cannot_be_built_leaves_nothing(engine: LocalEngine) -> None:
    before = engine.status()["actors"]
    with pytest.raises(ProviderTimeout):
        await engine.spawn(Unbuildable)
    assert engine.status()["actors"] == before


async def test_arrays_and_prints_pass(engine: LocalEngine) -> None:
    actor = await engine.spawn(Counter)
    samples = np.arange(300_000, dtype=np.int32)
    np.testing.assert_array_equal(await actor.call("double", samples), samples * 2)
    assert await actor.call("shout") == "still here"


async def test_a_killed_worker_fails_its_calls_and_is_replaced(engine: LocalEngine) -> None:
    actor = await engine.spawn(Counter)
    with pytest.raises(WorkerDied):
        await asyncio.gather(actor.call("die"), actor.call("add", 1))
    with pytest.raises(WorkerDied):
        await actor.call("add", 1)
    await actor.close()
    heir = await engine.spawn(Counter)
    assert await heir.call("add", 1) == 1
    status = engine.status()
    assert (status["restarts"], status["workers"], status["actors"]) == (1, 1, 1)


async def test_closed_actors_are_gone(engine: LocalEngine) -> None:
    before = engine.status()["actors"]
    actor = await engine.spawn(Counter)
    await actor.close()
    await actor.close()
    assert engine.status()["actors"] == before
    with pytest.raises(EngineError):
        await actor.call("add", 1)


async def test_status_counts_work_and_memory(engine: LocalEngine) -> None:
    actor = await engine.spawn(Counter)
    await actor.call("note", "", 0.05)
    status = engine.status()
    assert status["busy_s"] >= 0.05
    assert status["rss_bytes"] > 5_000_000
    assert [process["actors"] for process in status["processes"]] == [status["actors"]]


async def test_workers_start_light_and_with_one_thread(engine: LocalEngine) -> None:
    actor = await engine.spawn(Counter)
    loaded = await actor.call("modules")
    assert not loaded & {"fastapi", "openai", "faster_whisper", "uvicorn", "pydantic", "cv2", "av"}
    assert await actor.call("environment", "OMP_NUM_THREADS") == "1"


async def test_new_actors_go_to_the_least_loaded_worker() -> None:
    engine = LocalEngine(EngineSettings(render_workers=2))
    await engine.start()
    try:
        actors = [await engine.spawn(Counter) for _ in range(4)]
        pids = [await actor.call("pid") for actor in actors]
        assert sorted(pids.count(pid) for pid in set(pids)) == [2, 2]
    finally:
        await engine.close()


async def test_close_is_bounded_and_leaves_no_process() -> None:
    engine = LocalEngine(EngineSettings(render_workers=1, start_timeout_s=20.0))
    await engine.start()
    actor = await engine.spawn(Slow)
    pid = engine.status()["processes"][0]["pid"]
    call = asyncio.create_task(actor.call("sleep", 60.0))
    await asyncio.sleep(0.05)
    started_s = time.monotonic()
    await engine.close()
    assert time.monotonic() - started_s < 3.0
    assert not psutil.pid_exists(pid)
    with pytest.raises(WorkerDied):
        await call
    with pytest.raises(EngineError, match="not running"):
        await engine.spawn(Counter)


@asynccontextmanager
async def impatient_engine(call_timeout_s: float) -> AsyncIterator[tuple[LocalEngine, Actor]]:
    """An engine whose only worker, with an actor in it, may take so long for a call; its heir may
    take as long as ever, because importing counts too."""
    engine = LocalEngine(EngineSettings(render_workers=1, start_timeout_s=20.0))
    await engine.start()
    try:
        actor = await engine.spawn(Slow)
        engine._links[0]._call_timeout_s = call_timeout_s
        yield engine, actor
    finally:
        await engine.close()


async def test_a_worker_that_ends_just_when_it_would_be_killed_has_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Else nobody would put another in its place."""

    nothing = asyncio.StreamReader()
    nothing.feed_eof()

    class EndsJustThen:
        pid, stdin, stdout = 1, Mock(), nothing
        has_ended = False

        async def wait(self) -> int:
            if not self.has_ended:
                await asyncio.Event().wait()
            return 0

        def kill(self) -> None:
            self.has_ended = True
            raise ProcessLookupError

    monkeypatch.setattr("backend.engine.local.STOP_TIMEOUT_S", 0.01)
    process: Any = EndsJustThen()
    await WorkerLink(process, call_timeout_s=1.0).stop()
    assert process.has_ended


async def test_a_worker_ends_though_nobody_has_read_what_it_said() -> None:
    says_much = "import sys; sys.stdout.buffer.write(bytes(8 << 20)); sys.stdout.flush()"
    pipes = {"stdin": asyncio.subprocess.PIPE, "stdout": asyncio.subprocess.PIPE}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", says_much), **pipes, limit=READ_BUFFER_BYTES
    )
    await asyncio.sleep(0.3)  # the pipe and the reader's buffer fill up
    await asyncio.wait_for(WorkerLink(process, call_timeout_s=1.0).stop(), 10)
    assert process.returncode == 0


async def test_a_worker_that_hangs_is_replaced() -> None:
    async with impatient_engine(0.3) as (engine, slow):
        calls = [slow.call("sleep", 60.0), slow.call("sleep", 0.0)]
        outcomes = await asyncio.gather(*calls, return_exceptions=True)
        assert [type(outcome) for outcome in outcomes] == [WorkerDied, WorkerDied]
        heir = await engine.spawn(Counter)
        assert await heir.call("add", 1) == 1
        assert engine.status()["restarts"] == 1


async def test_a_worker_that_hangs_is_noticed_though_nobody_waits_any_more() -> None:
    async with impatient_engine(0.3) as (engine, slow):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await slow.call("sleep", 60.0)
        heir = await engine.spawn(Counter)
        assert await heir.call("add", 1) == 1
        assert engine.status()["restarts"] == 1


async def test_nobody_is_sent_to_a_worker_that_seems_to_hang(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("backend.engine.local.SUSPICIOUS_S", 0.05)
    engine = LocalEngine(EngineSettings(render_workers=2, start_timeout_s=20.0))
    await engine.start()
    try:
        slow = await engine.spawn(Slow)
        sound = [await engine.spawn(Counter)]
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await slow.call("sleep", 60.0)
        await slow.close()
        sound += [await engine.spawn(Counter) for _ in range(2)]
        assert len({await actor.call("pid") for actor in sound}) == 1
    finally:
        await engine.close()


async def test_the_log_tells_of_a_worker_that_died_and_of_every_try_to_replace_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    good_python, launches = sys.executable, []
    launch = WorkerLink.launch

    async def launch_at_the_third_try(settings: EngineSettings) -> WorkerLink:
        launches.append(engine.status()["busy_s"])
        monkeypatch.setattr(sys, "executable", good_python if len(launches) > 2 else "/bin/false")
        return await launch(settings)

    async with impatient_engine(20.0) as (engine, slow):
        monkeypatch.setattr(WorkerLink, "launch", launch_at_the_third_try)
        [worker] = engine.status()["processes"]
        worked_s = engine.status()["busy_s"]
        with capture_logs() as logs:
            os.kill(worker["pid"], signal.SIGKILL)
            with pytest.raises(WorkerDied):
                await slow.call("sleep", 60.0)
            heir = await engine.spawn(Counter)
        assert await heir.call("add", 1) == 1
    assert worked_s > 0 and launches == 3 * [worked_s], "what the dead one did is counted once"
    ended, *tries = logs
    assert ended == {
        "event": "engine.worker_ended",
        "log_level": "warning",
        "slot": 0,
        "pid": worker["pid"],
        "returncode": -signal.SIGKILL,
    }
    assert [(told["event"], told["slot"]) for told in tries] == 2 * [("engine.not_restarted", 0)]
    assert [told["pause_s"] for told in tries] == [0.6, 1.4]
    assert all("did not start" in told["problem"] for told in tries)


async def test_a_busy_worker_is_not_taken_for_a_hanging_one() -> None:
    async with impatient_engine(1.0) as (engine, slow):
        dropped = asyncio.create_task(slow.call("sleep", 0.3))
        await asyncio.sleep(0)
        dropped.cancel()
        await asyncio.gather(*(slow.call("sleep", 0.3) for _ in range(4)))
        assert engine.status()["restarts"] == 0
        [link] = engine._links.values()
        assert (link._pending, link._watchdog) == ({}, None)


async def test_ctrl_c_does_not_reach_a_worker(engine: LocalEngine) -> None:
    actor = await engine.spawn(Counter)
    pid = await actor.call("pid")
    os.kill(pid, signal.SIGINT)
    assert await actor.call("add", 1) == 1
    assert await actor.call("pid") == pid


PARENT = """
import asyncio, sys
from backend.config import EngineSettings
from backend.engine.base import Actor
from backend.engine.local import LocalEngine
from worker_actors import Slow

async def main():
    engine = LocalEngine(EngineSettings(render_workers=1, start_timeout_s=20.0))
    await engine.start()
    actor = await engine.spawn(Slow)
    print(engine.status()["processes"][0]["pid"], flush=True)
    await actor.call("sleep", 60.0)

asyncio.run(main())
"""


async def test_workers_die_with_a_killed_parent() -> None:
    here = Path(__file__)
    path = os.pathsep.join([str(here.parent), str(here.parents[2])])
    parent = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", PARENT),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": path},
    )
    assert parent.stdout is not None
    worker = psutil.Process(int(await parent.stdout.readline()))
    parent.kill()
    await parent.wait()
    gone, _ = await asyncio.to_thread(psutil.wait_procs, [worker], timeout=5.0)
    assert gone
