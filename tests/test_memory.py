"""What counts as the service's own memory."""

from __future__ import annotations

import mmap
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from backend.memory import private_bytes, private_bytes_of_tree

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
