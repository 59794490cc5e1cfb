"""Time that nobody needs takes none, time that somebody works is real, and nobody waits forever."""

from __future__ import annotations

import asyncio
import math
import random
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from backend import virtual_time
from backend.virtual_time import Deadlock


def timed(main: Callable[[], Any]) -> float:
    """Real seconds that it took."""
    began = time.monotonic()
    virtual_time.run(main())
    return time.monotonic() - began


def test_silence_takes_no_time() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        await asyncio.sleep(3600)
        assert loop.time() - began == pytest.approx(3600)

    assert timed(main) < 5


def test_timers_fire_in_order_and_at_their_time() -> None:
    async def main() -> list[tuple[float, str]]:
        loop, fired = asyncio.get_running_loop(), []

        async def after(delay_s: float, name: str) -> None:
            await asyncio.sleep(delay_s)
            fired.append((loop.time(), name))

        await asyncio.gather(after(3, "c"), after(1, "a"), after(2, "b"), after(1, "a2"))
        return fired

    assert virtual_time.run(main()) == [(1, "a"), (1, "a2"), (2, "b"), (3, "c")]


def test_timeouts_follow_the_clock() -> None:
    async def main() -> float:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(30):
                await asyncio.Event().wait()
        return asyncio.get_running_loop().time()

    assert virtual_time.run(main()) == pytest.approx(30)


@pytest.mark.parametrize("seed", range(5))
def test_the_same_program_runs_the_same_way(seed: int) -> None:
    async def main() -> list[tuple[float, int]]:
        rng, seen = random.Random(seed), []
        queue: asyncio.Queue[int] = asyncio.Queue(2)

        async def produce(number: int) -> None:
            for _ in range(20):
                await asyncio.sleep(rng.random())
                await queue.put(number)

        async def consume() -> None:
            for _ in range(60):
                seen.append((asyncio.get_running_loop().time(), await queue.get()))
                await asyncio.sleep(rng.random() / 10)

        await asyncio.gather(consume(), *(produce(number) for number in range(3)))
        return seen

    assert virtual_time.run(main()) == virtual_time.run(main())


def test_work_in_a_thread_takes_the_time_that_it_takes() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        await asyncio.sleep(100)
        began, began_really = loop.time(), time.monotonic()
        timer = asyncio.create_task(asyncio.sleep(3600))
        await asyncio.to_thread(time.sleep, 0.1)
        took_s, took_really_s = loop.time() - began, time.monotonic() - began_really
        assert 0.09 < took_s <= took_really_s + 0.05
        assert not timer.done()
        await timer  # which is skipped to, now that nobody works
        assert loop.time() - began == pytest.approx(3600, abs=1)

    assert timed(main) < 5


def test_a_timer_fires_while_a_thread_works() -> None:
    async def main() -> None:
        with ThreadPoolExecutor(1) as pool:
            job = asyncio.get_running_loop().run_in_executor(pool, time.sleep, 0.2)
            await asyncio.sleep(0.02)
            assert not job.done()
            await job

    virtual_time.run(main())


def test_a_job_that_fails_or_is_cancelled_does_not_hold_the_clock() -> None:
    async def main() -> None:
        with pytest.raises(ZeroDivisionError):
            await asyncio.to_thread(lambda: 1 / 0)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await asyncio.to_thread(time.sleep, 0.05)
        await asyncio.sleep(3600)

    assert timed(main) < 5


def test_a_watched_socket_is_work_outside() -> None:
    async def main() -> bytes:
        near, far = socket.socketpair()
        reader, writer = await asyncio.open_connection(sock=near)
        answer = threading.Thread(target=_answer_later, args=(far,))
        answer.start()
        async with asyncio.timeout(5):  # jumped over at once, were the socket not seen
            said = await reader.read(3)
        writer.close()
        await writer.wait_closed()
        answer.join()
        return said

    assert virtual_time.run(main()) == b"yes"


def _answer_later(far: socket.socket) -> None:
    time.sleep(0.05)
    far.sendall(b"yes")
    far.close()


def test_a_deadlock_is_an_error_that_names_who_waits() -> None:
    async def main() -> None:
        waiting = asyncio.create_task(asyncio.Event().wait(), name="the one who waits")
        await waiting

    with pytest.raises(Deadlock, match=r"the one who waits at Event\.wait"):
        virtual_time.run(main())


def test_a_wait_without_end_is_not_jumped_to() -> None:
    async def main() -> None:
        async with asyncio.timeout(math.inf):
            await asyncio.sleep(1)
        async with asyncio.timeout(math.inf):
            await asyncio.Event().wait()

    with pytest.raises(Deadlock):
        virtual_time.run(main())


def test_what_a_thread_hands_in_is_taken_before_time_is_skipped() -> None:
    async def main() -> float:
        loop, told = asyncio.get_running_loop(), asyncio.Event()
        assert isinstance(loop, virtual_time.VirtualTimeLoop)
        with ThreadPoolExecutor(1) as pool, loop.outside_work():
            pool.submit(lambda: (time.sleep(0.05), loop.call_soon_threadsafe(told.set)))
            async with asyncio.timeout(5):
                await told.wait()
        return loop.time()

    assert 0.04 < virtual_time.run(main()) < 4
