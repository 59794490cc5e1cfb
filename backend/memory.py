"""How much memory is the service's own.

What a file lends, such as the loops of a face, is not: it goes back to the system when it is wanted
elsewhere, however much of it is resident.
"""

from __future__ import annotations

import psutil


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
