"""What the service is asked about itself at a pace: the gauges, and the lag of its event loop.

Everything that happens is counted where it happens; here is only what has to be looked at.
"""

from __future__ import annotations

import asyncio
import platform
import time
from collections import Counter
from collections.abc import Mapping
from typing import get_args

import psutil

from backend import metrics
from backend.api import report
from backend.api.chronicle import Chronicle
from backend.api.service import Service
from backend.errors import SessionError
from backend.memory import private_bytes
from backend.protocol import State
from backend.session.manager import Seat
from backend.session.stages import StageFactory
from backend.session.timeline.writer import writer

LAG_INTERVAL_S = 0.25
PROCESS_INTERVAL_S = 5.0


class Vitals:
    """Of one service, whose stages `factory` builds."""

    def __init__(self, service: Service, factory: StageFactory) -> None:
        self._service = service
        self._factory = factory
        self.busy_ratio = 0.0
        """Part of their time that the workers worked, between the last two looks."""
        self.chronicle = Chronicle()
        self._looked_at_s = time.monotonic()
        self._busy_s: dict[int, float] = {}  # by process id
        self._restarts = 0
        self._shown: dict[int, tuple[str, int]] = {}  # by place: session and generation
        metrics.BUILD.info({"version": service.version, "python": platform.python_version()})
        metrics.PLACES.set(service.settings.session.limit)
        metrics.MEMORY_CEILING_BYTES.set(service.settings.session.memory_ceiling_mb * 1024 * 1024)
        metrics.begin_at_zero(
            factory.chains(), (kind.code for kind in SessionError.__subclasses__())
        )

    async def watch_loop(self) -> None:
        """How late a timer runs, who is in, and what waits. Runs forever."""
        while True:
            due = time.monotonic() + LAG_INTERVAL_S
            await asyncio.sleep(LAG_INTERVAL_S)
            metrics.LOOP_LAG_SECONDS.observe(max(0.0, time.monotonic() - due))
            self._look_at_sessions()

    async def watch_processes(self) -> None:
        """Memory and work of the gateway and its workers, and what is in order. Runs forever."""
        while True:
            await asyncio.sleep(PROCESS_INTERVAL_S)
            self._look_at_parts()
            engine = self._service.engine.status()
            self._account_for(engine)
            self._write_down()
            workers = {f"worker-{worker['slot']}": worker["pid"] for worker in engine["processes"]}
            await asyncio.to_thread(_measure_memory, {"gateway": None, **workers})

    # ------------------------------------------------------------------ sessions

    def _look_at_sessions(self) -> None:
        manager = self._service.manager
        states, seats = manager.states(), manager.seats()
        for state in get_args(State):
            metrics.SESSIONS.labels(state).set(states[state])
        metrics.SESSIONS.labels("detached").set(manager.detached)
        waiting: Counter[str] = Counter(microphone=0, sentences=0, sounds=0, outbox=0)
        for seat in seats:
            waiting.update(seat.session.waiting())
        for queue, items in waiting.items():
            metrics.QUEUE_ITEMS.labels(queue).set(items)
        metrics.QUEUE_ITEMS.labels("timeline").set(len(writer))
        metrics.OUTBOX_BYTES.set(sum(seat.session.outbox.waiting[1] for seat in seats))
        self._show_last_turns(seats)

    def _show_last_turns(self, seats: list[Seat]) -> None:
        """By place, of which there are few; sessions are many."""
        latest = {seat.number: seat.session for seat in seats if seat.session.timeline.turns}
        for number, (session_id, _) in list(self._shown.items()):
            if number not in latest or latest[number].id != session_id:
                self._forget(number)
        for number, session in latest.items():
            turn = session.timeline.turns[-1]
            if self._shown.get(number) != (session.id, turn.generation):
                self._forget(number)
                self._shown[number] = session.id, turn.generation
                for mark, seconds in turn.marks.items():
                    metrics.LAST_TURN_SECONDS.labels(str(number), mark).set(seconds)

    def _forget(self, number: int) -> None:
        if self._shown.pop(number, None) is not None:
            metrics.LAST_TURN_SECONDS.remove_by_labels({"place": str(number)})

    # ------------------------------------------------------------------ parts and processes

    def _look_at_parts(self) -> None:
        for provider in self._factory.health():
            if provider.is_configured:
                gauge = metrics.PROVIDER_UP.labels(provider.component, provider.provider)
                gauge.set(provider.is_up)
        for component, model in self._factory.models():
            metrics.MODEL.labels(component, model).set(1)
        store = self._service.keeper.health()
        metrics.STORE_UP.labels(store.kind).set(not store.failure)
        metrics.QUEUE_ITEMS.labels("store").set(store.waiting)

    def _account_for(self, engine: Mapping[str, object]) -> None:
        """Counters only grow, so a worker that took another's place adds to what that one did."""
        processes, restarts = engine["processes"], engine["restarts"]
        wanted = engine["workers_wanted"]
        assert isinstance(processes, list)
        assert isinstance(restarts, int)
        assert isinstance(wanted, int)
        before, self._busy_s = self._busy_s, {}
        worked_s = 0.0
        for worker in processes:
            slot, pid, busy_s = str(worker["slot"]), worker["pid"], worker["busy_s"]
            more_s = busy_s - before.get(pid, 0.0)
            metrics.WORKER_BUSY_SECONDS.labels(slot).inc(more_s)
            self._busy_s[pid] = busy_s
            worked_s += more_s
        since_s, self._looked_at_s = self._looked_at_s, time.monotonic()
        self.busy_ratio = worked_s / max(1, len(processes)) / (self._looked_at_s - since_s)
        metrics.WORKERS.set(len(processes))
        metrics.WANTED_WORKERS.set(wanted)
        metrics.WORKER_RESTARTS.inc(restarts - self._restarts)
        self._restarts = restarts
        metrics.QUEUE_ITEMS.labels("workers").set(sum(worker["waiting"] for worker in processes))

    def _write_down(self) -> None:
        people = self._service.manager.attached
        gauges = {"people": people, "worker_busy": self.busy_ratio}
        self.chronicle.look(gauges, report.sums(), time.monotonic())


def _measure_memory(processes: Mapping[str, int | None]) -> None:
    """By name and id; None is this process. One that ended a moment ago is left as it was."""
    for name, pid in processes.items():
        try:
            process = psutil.Process(pid)
            metrics.MEMORY_BYTES.labels(name).set(process.memory_info().rss)
            metrics.PRIVATE_MEMORY_BYTES.labels(name).set(private_bytes(process))
        except psutil.Error:
            continue
