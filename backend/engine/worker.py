"""A worker process: holds actors and runs their calls, one at a time, taking turns among actors.

Started by `backend.engine.local` as `python -m backend.engine.worker`, it hears requests on its
standard input and answers on its standard output. It imports nothing but what its actors need.
It ends when its input ends, so it cannot outlive the service, however that ended.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections import OrderedDict, deque
from typing import Any, BinaryIO

from backend.engine.wire import (
    HEADER,
    Kind,
    Ready,
    Reply,
    Request,
    frame,
    pack,
    take_apart,
    unpack,
)
from backend.errors import EngineError
from backend.memory import give_back, keep_one_heap


class TurnQueue:
    """Requests of many actors: in order within one actor, in turn among several. Thread-safe."""

    def __init__(self) -> None:
        self._waiting: OrderedDict[int, deque[Request]] = OrderedDict()
        self._dropped: deque[Request] = deque()
        self._changed = threading.Condition()

    def put(self, request: Request) -> None:
        """Queue a request; a DROP takes the place of the call that it names if that still waits."""
        with self._changed:
            if request.kind is Kind.DROP:
                self._drop(request)
            else:
                self._waiting.setdefault(request.actor_id, deque()).append(request)
            self._changed.notify()

    def take(self) -> Request:
        """The next request; waits until there is one. Dropped ones are no work and come first."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._dropped)
            if self._dropped:
                return self._dropped.popleft()
            actor_id, calls = self._waiting.popitem(last=False)
            request = calls.popleft()
            if calls:
                self._waiting[actor_id] = calls  # at the end: others have their turn first
            return request

    def _drop(self, request: Request) -> None:
        calls = self._waiting.get(request.actor_id, deque())
        kept = deque(call for call in calls if call.call_id != request.call_id)
        if len(kept) < len(calls):
            self._dropped.append(request)
        if kept:
            self._waiting[request.actor_id] = kept
        else:
            self._waiting.pop(request.actor_id, None)


class Worker:
    def __init__(self, source: BinaryIO, sink: BinaryIO) -> None:
        self._source = source
        self._sink = sink
        self._queue = TurnQueue()
        self._actors: dict[int, Any] = {}

    def run(self) -> None:
        """Serve until the input ends or nobody reads the answers."""
        threading.Thread(target=self._listen, name="requests", daemon=True).start()
        try:
            self._send(Ready(os.getpid()))
            while True:
                self._serve(self._queue.take())
        except BrokenPipeError:
            return

    def _listen(self) -> None:
        while len(header := self._source.read(HEADER.size)) == HEADER.size:
            (size,) = HEADER.unpack(header)
            self._queue.put(unpack(self._source.read(size)))
        # The service is gone. Whatever the main thread computes, nobody waits for it.
        os._exit(0)

    def _serve(self, request: Request) -> None:
        if request.kind is Kind.CLOSE:
            self._actors.pop(request.actor_id, None)
            give_back()
            return
        if request.kind is Kind.DROP:
            self._send(Reply(request.call_id, False, pack(None), 0.0))
            return
        started_s = time.perf_counter()
        try:
            body, failed = pack(self._perform(request)), False
        except Exception as error:
            body, failed = take_apart(error), True
        self._send(Reply(request.call_id, failed, body, time.perf_counter() - started_s))

    def _perform(self, request: Request) -> Any:
        if request.kind is Kind.SPAWN:
            factory, args = unpack(request.body)
            self._actors[request.actor_id] = factory(*args)
            return None
        if request.actor_id not in self._actors:
            raise EngineError("This actor was closed, or it could not be built.")
        return getattr(self._actors[request.actor_id], request.method)(*unpack(request.body))

    def _send(self, message: Reply | Ready) -> None:
        self._sink.write(frame(message))
        self._sink.flush()


def main() -> None:
    # Ctrl-C reaches the whole terminal group; the service ends its workers in its own order.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    keep_one_heap()
    source, sink = _claim_standard_streams()
    Worker(source, sink).run()


def _claim_standard_streams() -> tuple[BinaryIO, BinaryIO]:
    """Keep the pipes to ourselves: what a library prints goes to standard error instead."""
    source = os.fdopen(os.dup(0), "rb")
    sink = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(sys.stderr.fileno(), 1)
    return source, sink


if __name__ == "__main__":
    main()
