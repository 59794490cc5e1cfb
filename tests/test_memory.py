"""What counts as the service's own memory."""

from __future__ import annotations

import asyncio
import gc
import mmap
import platform
import subprocess
import sys
import weakref
from pathlib import Path

import psutil
import pytest

from backend.memory import keep_giving_back, private_bytes, private_bytes_of_tree

MB = 1_000_000
ONE_BYTE_OF_EACH_PAGE = slice(None, None, mmap.PAGESIZE)
linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells whose a page is")


@linux
def test_what_a_file_lends_is_not_counted(tmp_path: Path) -> None:
    file = tmp_path / "loop"
    file.write_bytes(bytes(80 * MB))
    process = psutil.Process()
    resident, own = process.memory_info().rss, private_bytes(process)
    with file.open("rb") as opened, mmap.mmap(opened.fileno(), 0, prot=mmap.PROT_READ) as loop:
        assert not any(loop[ONE_BYTE_OF_EACH_PAGE])
        assert process.memory_info().rss > resident + 70 * MB
        assert private_bytes(process) < own + 10 * MB


def test_what_a_process_takes_is_counted_and_so_are_its_children() -> None:
    own, tree = private_bytes(psutil.Process()), private_bytes_of_tree()
    taken = bytearray(b"\1") * (60 * MB)
    assert private_bytes(psutil.Process()) > own + 50 * MB
    script = "taken = bytearray(b'1') * 60_000_000; print(flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        child.stdout.readline()
        assert private_bytes_of_tree() > tree + 100 * MB
        child.communicate(b"\n")
    assert len(taken) == 60 * MB


SCATTERED = """
import sys
from backend.memory import give_back, keep_heap_small, private_bytes
import psutil

heap, size = sys.argv[1], int(sys.argv[2])
if heap == "small":
    keep_heap_small()
bytes(8_000_000)  # freed at once: from now on glibc keeps blocks of this size
held = [(bytearray(b"1") * size, bytearray(b"1") * 50_000) for _ in range(60_000_000 // size)]
full = private_bytes(psutil.Process())
held = [little for _, little in held]
if heap == "trimmed":
    give_back()
print(full - private_bytes(psutil.Process()))
"""


def given_back(heap: str, size: int) -> int:
    """Bytes, once blocks of this size are freed and little ones between them stay."""
    run = [sys.executable, "-c", SCATTERED, heap, str(size)]
    return int(subprocess.run(run, check=True, capture_output=True).stdout)


glibc = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="it is about glibc's heap")


@glibc
def test_large_blocks_go_back_to_the_system_whatever_lies_between_them() -> None:
    assert given_back("as it is", MB) < 20 * MB
    assert given_back("small", MB) > 50 * MB


@glibc
def test_what_lies_free_between_blocks_in_use_is_given_back() -> None:
    assert given_back("as it is", 100_000) < 20 * MB
    assert given_back("trimmed", 100_000) > 40 * MB


class Part:
    """Of a whole whose parts point at each other."""

    other: Part


async def test_what_has_ended_is_let_go_of_within_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backend.memory._TRIM_EVERY_S", 0.01)
    has_ended = asyncio.Event()
    gc.disable()
    try:
        one, two = Part(), Part()
        one.other, two.other = two, one
        weakref.finalize(one, has_ended.set)
        del one, two
        assert not has_ended.is_set()
        tidying = asyncio.create_task(keep_giving_back())
        async with asyncio.timeout(10):
            await has_ended.wait()
        tidying.cancel()
    finally:
        gc.enable()
