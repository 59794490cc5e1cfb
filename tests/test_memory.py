"""What counts as the service's own memory."""

from __future__ import annotations

import asyncio
import gc
import platform
import subprocess
import sys
import weakref
from pathlib import Path

import pytest

from backend.memory import keep_giving_back

MB = 1_000_000
linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells whose a page is")


# Each in a process of its own: one that has freed 60 MB before may take those again.

LENT = """
import mmap, sys
import psutil
from backend.memory import private_bytes

process = psutil.Process()
resident, own = process.memory_info().rss, private_bytes(process)
with open(sys.argv[1], "rb") as opened, mmap.mmap(opened.fileno(), 0, prot=mmap.PROT_READ) as loop:
    assert not any(loop[:: mmap.PAGESIZE])
    print(process.memory_info().rss - resident, private_bytes(process) - own)
"""

TAKEN = """
import subprocess, sys
import psutil
from backend.memory import private_bytes, private_bytes_of_tree

own, tree = private_bytes(psutil.Process()), private_bytes_of_tree()
taken = bytearray(b"1") * 60_000_000
print(private_bytes(psutil.Process()) - own)
script = "import sys; taken = bytearray(b'1') * 60_000_000; print(flush=True); sys.stdin.read()"
run = [sys.executable, "-c", script]
with subprocess.Popen(run, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
    child.stdout.readline()
    print(private_bytes_of_tree() - tree)
"""


def printed(script: str, *args: str) -> list[int]:
    run = [sys.executable, "-c", script, *args]
    output = subprocess.run(run, check=True, capture_output=True).stdout
    return [int(word) for word in output.split()]


@linux
def test_what_a_file_lends_is_not_counted(tmp_path: Path) -> None:
    file = tmp_path / "loop"
    file.write_bytes(bytes(80 * MB))
    resident, own = printed(LENT, str(file))
    assert resident > 70 * MB
    assert own < 10 * MB


def test_what_a_process_takes_is_counted_and_so_are_its_children() -> None:
    own, tree = printed(TAKEN)
    assert own > 50 * MB
    assert tree > 100 * MB


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
    [less] = printed(SCATTERED, heap, str(size))
    return less


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
