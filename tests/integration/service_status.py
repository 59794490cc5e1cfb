"""What a running service says of itself, and waiting until it says so."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import httpx


async def status(base: str) -> dict[str, Any]:
    """`/api/status` of the service at `host:port`."""
    async with httpx.AsyncClient(base_url=f"http://{base}", timeout=20) as client:
        answer: dict[str, Any] = (await client.get("/api/status")).json()
        return answer


async def until(base: str, is_so: Callable[[dict[str, Any]], bool], timeout_s: float = 20) -> None:
    """Ask again until the status is as it should be."""
    async with asyncio.timeout(timeout_s):
        while not is_so(await status(base)):
            pass


async def until_sessions(base: str, **counts: int) -> None:
    """Until so many sessions are `attached`, `detached`, …"""
    await until(base, lambda answer: counts.items() <= answer["sessions"].items())
