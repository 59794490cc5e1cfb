"""How much memory is the service's own.

What a file lends, such as the loops of a face, is not: it goes back to the system when it is wanted
elsewhere, however much of it is resident.
"""

from __future__ import annotations

import asyncio
import ctypes
import gc
from collections.abc import Callable
from functools import cache

import psutil

_M_MMAP_THRESHOLD, _M_ARENA_MAX = -3, -8
"""Of `mallopt`, in glibc's malloc.h."""
_LARGE_BYTES = 128 * 1024
_TRIM_EVERY_S = 60.0


def private_bytes(process: psutil.Process) -> int:
    """Resident memory of a process that no file and no other process lends it; all of its resident
    memory on a system that cannot tell (Linux can).

    Raises:
        psutil.Error: it has ended, or may not be looked at.
    """
    memory = process.memory_info()
    return int(memory.rss - getattr(memory, "shared", 0))


def private_bytes_of_tree() -> int:
    """Likewise, of this process and its children together."""
    parent = psutil.Process()
    total = 0
    for process in (parent, *parent.children(recursive=True)):
        try:
            total += private_bytes(process)
        except psutil.Error:  # it ended between the listing and the look
            continue
    return total


def keep_one_heap() -> None:
    """Let all threads of this process share one of glibc's heaps.

    It would open one for every few threads, and each would keep what lies free between its blocks.
    Their lock costs nothing where Python's own lets one thread at a time allocate.
    """
    mallopt = _of_glibc("mallopt")
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, 1)


def keep_heap_small() -> None:
    """Likewise, and let glibc hold on to no large block that is freed.

    After the first such block it would keep larger and larger ones for itself: for weeks, the
    highest that they ever were. To take each anew costs a process that draws; it is not for those.
    """
    keep_one_heap()
    mallopt = _of_glibc("mallopt")
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)


def take_as_lasting() -> None:
    """What is there now stays: the garbage collector need not come by it again.

    It looks through everything only when a quarter as much has come anew. With all modules counted
    that is after half an hour of talk, in one long stop; without them it is short.
    """
    gc.collect()
    gc.freeze()


async def keep_giving_back() -> None:
    """Every minute let go of conversations that have ended, and give the system what lies free.

    The parts of a conversation point at each other, so only the garbage collector ends them. By
    itself it comes by after dozens of them, and what lives on between them keeps their room taken.
    Takes some milliseconds. Runs forever.
    """
    while True:
        await asyncio.sleep(_TRIM_EVERY_S)
        gc.collect()
        give_back()


def give_back() -> None:
    """What lies free between blocks in use, too; by itself glibc gives back only the heap's end."""
    trim = _of_glibc("malloc_trim")
    if trim is not None:
        trim(0)


@cache
def _of_glibc(name: str) -> Callable[..., object] | None:
    """None on a system with another library."""
    function: Callable[..., object] | None = getattr(ctypes.CDLL(None), name, None)
    return function
