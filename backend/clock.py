"""What time it is for a conversation. Everything that waits, times or stamps asks here.

The clock of the running event loop: monotonic seconds in the service, and virtual seconds in a
replay or a scenario, whose loop jumps over the time in which nothing happens.
"""

from __future__ import annotations

import asyncio


def now() -> float:
    """Seconds on the running loop's clock; only differences mean anything.

    Raises:
        RuntimeError: outside an event loop there is no conversation, and no time.
    """
    return asyncio.get_running_loop().time()
