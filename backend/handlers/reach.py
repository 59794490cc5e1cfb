"""Is there a network path to a service? A quick knock, so that being offline is paid for once."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

_PORTS = {"http": 80, "ws": 80, "https": 443, "wss": 443}


async def knock(url: str, timeout_s: float) -> None:
    """Open and close a TCP connection to the host of `url`.

    Where a proxy stands between, only the proxy's own answers would be heard: no knock then.

    Raises:
        OSError: refused, unknown name, no route.
        TimeoutError: no answer in time.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    scheme = {"ws": "http", "wss": "https"}.get(parts.scheme, parts.scheme)
    if scheme in getproxies() and not proxy_bypass(host):
        return
    async with asyncio.timeout(timeout_s):
        _, writer = await asyncio.open_connection(host, parts.port or _PORTS[parts.scheme])
    writer.close()
    with suppress(OSError):  # the other side may hang up first
        await writer.wait_closed()
