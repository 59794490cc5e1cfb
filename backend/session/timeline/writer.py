"""The one thread that writes every session's timeline, so that no session waits for a disk.

It lives while a file is open. A queue that is full loses events rather than time. A disk that
fails is said once; a file that it failed gets nothing more, and its session goes on.
"""

from __future__ import annotations

import atexit
import json
import threading
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from queue import SimpleQueue
from typing import IO

import structlog

from backend import metrics
from backend.session.timeline.events import Event, Header

MOST_WAITING = 20_000
LAST_LINES_S = 2.0
"""How long the end of the process waits for what is not written yet."""

log = structlog.get_logger()

Line = Header | Event


class _Flush:
    """Write what is buffered."""


class _Close:
    """Nothing follows."""


Job = tuple["TimelineFile", Line | _Flush | _Close]


class TimelineFile:
    """What a session holds of its file. Nothing is written, or even created, by the caller."""

    def __init__(self, path: Path, keep: int, writer: Writer) -> None:
        self.path = path
        self.keep = keep
        self._writer = writer
        self._is_closed = False

    def put(self, line: Line) -> bool:
        """After the end, such as what a client is told on its way out, nothing is taken."""
        return self._is_closed or self._writer.put(self, line)

    def flush(self) -> None:
        self._writer.tell(self, _Flush())

    def close(self) -> None:
        if not self._is_closed:
            self._is_closed = True
            self._writer.tell(self, _Close())


class Writer:
    """Owns the thread and the open files."""

    def __init__(self, most_waiting: int = MOST_WAITING) -> None:
        self._most_waiting = most_waiting
        self._jobs: SimpleQueue[Job | threading.Event] = SimpleQueue()
        self._open: dict[TimelineFile, IO[str] | None] = {}
        self._lock = threading.Lock()  # of the two below
        self._sessions = 0
        self._thread: threading.Thread | None = None
        self._has_warned = False

    def open(self, folder: Path, session_id: str, keep: int) -> TimelineFile:
        """A new file in `folder`, of which the newest `keep` stay."""
        name = f"{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}-{session_id}.jsonl"
        with self._lock:
            self._sessions += 1
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="timeline", daemon=True)
                self._thread.start()
        return TimelineFile(folder / name, keep, self)

    def put(self, file: TimelineFile, line: Line) -> bool:
        """`False` when the disk is so far behind that the line is lost."""
        if self._jobs.qsize() >= self._most_waiting:
            metrics.TIMELINE_LOST.inc()
            return False
        self._jobs.put((file, line))
        return True

    def tell(self, file: TimelineFile, what: _Flush | _Close) -> None:
        self._jobs.put((file, what))

    def __len__(self) -> int:
        """Lines that wait for the disk."""
        return self._jobs.qsize()

    def drain(self, timeout_s: float = LAST_LINES_S) -> bool:
        """Wait until everything told so far is on disk; `False` if that takes too long."""
        if self._thread is None:
            return True
        done = threading.Event()
        self._jobs.put(done)
        return done.wait(timeout_s)

    def _run(self) -> None:
        while self._is_needed():
            job = self._jobs.get()
            if isinstance(job, threading.Event):
                self._flush_all()
                job.set()
            else:
                self._do(*job)

    def _is_needed(self) -> bool:
        with self._lock:
            if self._sessions or not self._jobs.empty():
                return True
            self._thread = None
            return False

    def _do(self, file: TimelineFile, what: Line | _Flush | _Close) -> None:
        try:
            match what:
                case _Flush():
                    self._flush(file)
                case _Close():
                    self._close(file)
                case _:
                    self._write(file, what)
        except OSError as error:
            self._give_up(file, error)

    def _write(self, file: TimelineFile, line: Line) -> None:
        if file not in self._open:
            self._open[file] = None  # should it not come into being, it is not tried again
            self._open[file] = create(file)
        handle = self._open[file]
        if handle is None:
            metrics.TIMELINE_LOST.inc()
        else:
            handle.write(_json(line) + "\n")

    def _flush(self, file: TimelineFile) -> None:
        if (handle := self._open.get(file)) is not None:
            handle.flush()
            self._has_warned = False

    def _flush_all(self) -> None:
        for file in list(self._open):
            self._do(file, _Flush())

    def _close(self, file: TimelineFile) -> None:
        with self._lock:
            self._sessions -= 1
        if (handle := self._open.pop(file, None)) is not None:
            handle.close()

    def _give_up(self, file: TimelineFile, error: OSError) -> None:
        if file in self._open:
            handle, self._open[file] = self._open[file], None
            with suppress(OSError):  # it is this error that is being told
                if handle is not None:
                    handle.close()
        if not self._has_warned:
            self._has_warned = True
            log.warning("timeline.not_written", error=error.strerror, folder=str(file.path.parent))


def _json(line: Line) -> str:
    """What is no JSON becomes its kind: nothing that a session tells may end the thread."""
    values = line.model_dump(mode="json") if isinstance(line, Header) else line.line()
    return json.dumps(
        values,
        ensure_ascii=False,
        separators=(",", ":"),
        default=lambda value: type(value).__name__,
    )


def create(file: TimelineFile) -> IO[str]:
    """A fresh file in its folder, and room for it among those that are kept."""
    folder = file.path.parent
    folder.mkdir(parents=True, exist_ok=True)
    handle = file.path.open("x", encoding="utf-8", errors="replace")
    for old in sorted(folder.glob("*Z-*.jsonl"))[: -file.keep]:
        old.unlink(missing_ok=True)
    return handle


writer = Writer()
"""Every session of the process shares it."""

atexit.register(writer.drain)
