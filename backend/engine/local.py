"""The engine on one machine: a few worker processes, watched and replaced when they die or hang.

Each worker is a fresh Python process on the other end of two pipes, so the event loop only ever
waits for bytes. Actors live and die with their worker; who owned one hears `WorkerDied`.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import structlog

from backend.config import EngineSettings
from backend.engine.base import Actor
from backend.engine.wire import HEADER, Kind, Ready, Reply, Request, frame, pack, rebuild, unpack
from backend.errors import EngineError, WorkerDied

log = structlog.get_logger()

MOST_WORKERS = 4
"""Unless told otherwise. One worker draws several faces at once, and each holds its own weights."""

STOP_TIMEOUT_S = 2.0
RELAUNCH_PAUSE_S = 0.2
LONGEST_PAUSE_S = 10.0
READ_BUFFER_BYTES = 1 << 20
SUSPICIOUS_S = 2.0
"""A worker that has owed a reply for longer gets no more actors while there is another one."""

# Parallelism comes from the number of workers. A thread pool in each would fight over the cores.
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
# A native library that crashes leaves a trace on standard error.
TELLING = {"PYTHONFAULTHANDLER": "1"}


class WorkerLink:
    """One worker process as the service sees it: requests out, replies in, until it ends."""

    def __init__(self, process: asyncio.subprocess.Process, call_timeout_s: float) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self.process = process
        self.actors: set[int] = set()
        self.busy_s = 0.0
        self.alive = True
        self._stdin = process.stdin
        self._stdout = process.stdout
        self._call_timeout_s = call_timeout_s
        self._watchdog: asyncio.TimerHandle | None = None
        self._waiting_since_s = 0.0
        self._pending: dict[int, asyncio.Future[Any]] = {}
        self._call_ids = itertools.count(1)

    @classmethod
    async def launch(cls, settings: EngineSettings) -> WorkerLink:
        """Start a process and wait until it is ready.

        Raises:
            EngineError: it ended or said nothing in time.
        """
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "backend.engine.worker"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env={
                **os.environ,
                **ONE_THREAD,
                **TELLING,
                "PYTHONPATH": os.pathsep.join(map(_absolute, sys.path)),
            },
            limit=READ_BUFFER_BYTES,
        )
        link = cls(process, settings.call_timeout_s)
        try:
            async with asyncio.timeout(settings.start_timeout_s):
                await link._read()
        except (TimeoutError, asyncio.IncompleteReadError) as error:
            await link.stop()
            raise EngineError(
                "A worker process did not start; its own words are on standard error."
            ) from error
        except asyncio.CancelledError:
            await link.stop()
            raise
        return link

    async def request(self, kind: Kind, actor_id: int, method: str, body: bytes) -> Any:
        """Send one request and wait for its reply. A cancelled wait drops the request."""
        if not self.alive:
            raise WorkerDied("The worker process that held this work has ended.")
        call_id = next(self._call_ids)
        future = asyncio.get_running_loop().create_future()
        self._pending[call_id] = future
        if len(self._pending) == 1:
            self._watch()
        self.post(Request(kind, actor_id, call_id, method, body))
        try:
            return await future
        except asyncio.CancelledError:
            self.post(Request(Kind.DROP, actor_id, call_id))
            raise

    def post(self, request: Request) -> None:
        """Send without waiting. What a dead worker is told is lost, and need not be heard."""
        if self.alive:
            self._stdin.write(frame(request))

    async def serve(self) -> None:
        """Hand out replies until the process ends; then fail what still waits."""
        try:
            while True:
                self._settle(await self._read())
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the end of the stream is the news that the worker has ended
        finally:
            self._bury()

    async def stop(self) -> None:
        """End the process: ask by closing its input, insist after `STOP_TIMEOUT_S`."""
        self._bury()
        self._stdin.close()
        try:
            async with asyncio.timeout(STOP_TIMEOUT_S):
                await self._ended()
        except TimeoutError:
            self._kill()
            await self._ended()

    @property
    def is_suspicious(self) -> bool:
        """It has been busy with one call for strangely long."""
        waited_s = asyncio.get_running_loop().time() - self._waiting_since_s
        return bool(self._pending) and waited_s > SUSPICIOUS_S

    @property
    def waiting(self) -> int:
        """Calls without an answer."""
        return len(self._pending)

    def rss_bytes(self) -> int:
        try:
            return int(psutil.Process(self.process.pid).memory_info().rss)
        except psutil.Error:
            return 0  # it ended a moment ago

    async def _read(self) -> Reply | Ready:
        (size,) = HEADER.unpack(await self._stdout.readexactly(HEADER.size))
        message: Reply | Ready = unpack(await self._stdout.readexactly(size))
        return message

    def _settle(self, reply: Reply | Ready) -> None:
        assert isinstance(reply, Reply)
        self.busy_s += reply.busy_s
        future = self._pending.pop(reply.call_id)
        self._watch()
        if future.done():
            return  # nobody waits for it any more
        try:
            outcome = rebuild(reply.body) if reply.failed else unpack(reply.body)
        except Exception as error:  # unpickling runs code of any class, so it can raise anything
            future.set_exception(EngineError(f"A reply could not be read: {error!r}."))
            return
        if reply.failed:
            future.set_exception(outcome)
        else:
            future.set_result(outcome)

    def _watch(self) -> None:
        """While calls are pending, a reply has to come once per `call_timeout_s` at least."""
        if self._watchdog is not None:
            self._watchdog.cancel()
            self._watchdog = None
        if self._pending:
            loop = asyncio.get_running_loop()
            self._watchdog = loop.call_later(self._call_timeout_s, self._end_hanging)
            self._waiting_since_s = loop.time()

    def _end_hanging(self) -> None:
        log.error("engine.worker_hangs", pid=self.process.pid, busy_s=self._call_timeout_s)
        self._kill()

    def _kill(self) -> None:
        with suppress(ProcessLookupError):  # it ended in this very moment
            self.process.kill()

    async def _ended(self) -> None:
        """Whatever it still says is taken: to asyncio a process whose words wait has not ended."""
        with suppress(ConnectionError):
            while await self._stdout.read(READ_BUFFER_BYTES):
                pass
        await self.process.wait()

    def _bury(self) -> None:
        self.alive = False
        for future in self._pending.values():
            if not future.done():
                future.set_exception(
                    WorkerDied("A worker process ended in the middle of its work.")
                )
        self._pending.clear()
        self._watch()


class LocalActor:
    """A handle on an object in a worker. See `backend.engine.base.Actor`."""

    def __init__(self, link: WorkerLink, actor_id: int) -> None:
        self._link = link
        self._id = actor_id

    async def call(self, method: str, *args: Any) -> Any:
        return await self._link.request(Kind.CALL, self._id, method, pack(args))

    async def close(self) -> None:
        if self._id in self._link.actors:
            self._link.actors.discard(self._id)
            self._link.post(Request(Kind.CLOSE, self._id, 0))


class LocalEngine:
    """Worker processes on this machine. See `backend.engine.base.Engine`."""

    def __init__(self, settings: EngineSettings) -> None:
        self._settings = settings
        self._size = settings.render_workers or min(os.cpu_count() or 1, MOST_WORKERS)
        self._links: dict[int, WorkerLink] = {}
        self._keepers: list[asyncio.Task[None]] = []
        self._changed = asyncio.Condition()
        self._actor_ids = itertools.count(1)
        self._restarts = 0
        self._buried_busy_s = 0.0

    async def start(self) -> None:
        """Start every worker, side by side; nothing where they run.

        Raises:
            EngineError: one of them could not start.
        """
        if self._keepers:
            return
        launches = [self._launch(slot) for slot in range(self._size)]
        try:
            outcomes = await asyncio.gather(*launches, return_exceptions=True)
            for error in filter(None, outcomes):
                raise error
        except BaseException:
            await self.close()
            raise
        self._keepers = [asyncio.create_task(self._keep(slot)) for slot in self._links]

    async def spawn(self, factory: Callable[..., Any], *args: Any) -> Actor:
        """Nothing is lost with a worker that ends meanwhile, so another one is tried."""
        body = pack((factory, args))
        for _ in range(self._size):
            try:
                return await self._spawn_once(body)
            except WorkerDied:
                log.warning("engine.spawn_again")
        return await self._spawn_once(body)

    async def _spawn_once(self, body: bytes) -> Actor:
        link = await self._least_loaded()
        actor_id = next(self._actor_ids)
        link.actors.add(actor_id)
        actor = LocalActor(link, actor_id)
        try:
            await link.request(Kind.SPAWN, actor_id, "", body)
        except BaseException:
            await actor.close()
            raise
        return actor

    async def close(self) -> None:
        for keeper in self._keepers:
            keeper.cancel()
        await asyncio.gather(*self._keepers, return_exceptions=True)
        await asyncio.gather(*(link.stop() for link in self._links.values()))
        self._keepers.clear()
        self._links.clear()

    def status(self) -> dict[str, Any]:
        """`busy_s` is the sum over all workers, ended ones too; the list names those that run."""
        links = [link for link in self._links.values() if link.alive]
        return {
            "kind": "local",
            "workers": len(links),
            "workers_wanted": self._size,
            "actors": sum(len(link.actors) for link in links),
            "busy_s": self._buried_busy_s + sum(link.busy_s for link in self._links.values()),
            "restarts": self._restarts,
            "rss_bytes": sum(link.rss_bytes() for link in links),
            "processes": [
                {
                    "slot": slot,
                    "pid": link.process.pid,
                    "actors": len(link.actors),
                    "busy_s": link.busy_s,
                    "waiting": link.waiting,
                    "rss_bytes": link.rss_bytes(),
                }
                for slot, link in self._links.items()
                if link.alive
            ],
        }

    async def _launch(self, slot: int) -> None:
        self._links[slot] = await WorkerLink.launch(self._settings)

    async def _least_loaded(self) -> WorkerLink:
        if not self._keepers:
            raise EngineError("The engine is not running.")
        try:
            async with asyncio.timeout(self._settings.start_timeout_s), self._changed:
                await self._changed.wait_for(self._living)
                return min(
                    self._living(),
                    key=lambda link: (link.is_suspicious, len(link.actors), link.busy_s),
                )
        except TimeoutError as error:
            raise EngineError("No worker process is running, and none could be started.") from error

    def _living(self) -> list[WorkerLink]:
        return [link for link in self._links.values() if link.alive]

    async def _keep(self, slot: int) -> None:
        """Serve the worker of one slot, and put another in its place whenever it ends."""
        while True:
            link = self._links[slot]
            began_s = time.monotonic()
            await link.serve()
            await link.stop()
            process = link.process
            log.warning(
                "engine.worker_ended", slot=slot, pid=process.pid, returncode=process.returncode
            )
            self._restarts += 1
            lived_long = time.monotonic() - began_s > LONGEST_PAUSE_S
            pause_s = 0.0 if lived_long else RELAUNCH_PAUSE_S
            self._links[slot] = await self._relaunch(slot, pause_s)
            self._buried_busy_s += link.busy_s
            async with self._changed:
                self._changed.notify_all()

    async def _relaunch(self, slot: int, pause_s: float) -> WorkerLink:
        """Try until a worker stands, with longer and longer pauses."""
        while True:
            await asyncio.sleep(pause_s)
            try:
                return await WorkerLink.launch(self._settings)
            except (EngineError, OSError) as error:
                pause_s = min(LONGEST_PAUSE_S, 2 * pause_s + RELAUNCH_PAUSE_S)
                log.error(
                    "engine.not_restarted", slot=slot, problem=str(error), pause_s=round(pause_s, 1)
                )


def _absolute(path: str) -> str:
    return path or str(Path.cwd())
