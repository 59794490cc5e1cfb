"""Loops that all workers share: made once, whole or not there, and never a reason to fail."""

import multiprocessing
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from structlog.testing import capture_logs

from backend.avatar.packages.track_cache import TrackCache

SHAPE = (5, 6, 7)


def rows(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 255, SHAPE, np.uint8)


class Maker:
    """Gives the rows and counts how often it was asked."""

    def __init__(self, seed: int = 0) -> None:
        self.seed, self.asked = seed, 0

    def __call__(self) -> Iterator[np.ndarray]:
        self.asked += 1
        yield from rows(self.seed)


def test_what_was_made_is_mapped_and_not_made_again(tmp_path: Path) -> None:
    cache, maker = TrackCache(tmp_path / "new" / "folder"), Maker()
    for _ in range(2):
        planes = cache.planes("key", SHAPE, maker)
        np.testing.assert_array_equal(planes, rows())
        assert not planes.flags.writeable
    assert maker.asked == 1
    np.testing.assert_array_equal(cache.planes("other", SHAPE, Maker(1)), rows(1))


def test_without_a_folder_it_is_kept_in_private_memory() -> None:
    planes = TrackCache(None).planes("key", SHAPE, Maker())
    np.testing.assert_array_equal(planes, rows())
    assert not planes.flags.writeable


@pytest.mark.parametrize("harm", ["cut", "emptied", "garbage", "longer"])
def test_a_file_that_is_not_whole_is_made_again(tmp_path: Path, harm: str) -> None:
    cache, maker = TrackCache(tmp_path), Maker()
    cache.planes("key", SHAPE, maker)
    [path] = tmp_path.glob("*.planes")
    whole = path.read_bytes()
    harmed = {
        "cut": whole[:-1],
        "emptied": bytes(len(whole)),
        "garbage": whole[:50] + b"\x00" * 30 + whole[80:],
        "longer": whole + b"more",
    }[harm]
    path.write_bytes(harmed)
    np.testing.assert_array_equal(cache.planes("key", SHAPE, maker), rows())
    assert maker.asked == 2
    assert path.read_bytes() == whole


def test_what_is_in_use_survives_its_deletion(tmp_path: Path) -> None:
    planes = TrackCache(tmp_path).planes("key", SHAPE, Maker())
    [path] = tmp_path.glob("*.planes")
    path.unlink()
    np.testing.assert_array_equal(planes, rows())


def test_a_folder_that_cannot_be_written_costs_memory_and_a_warning(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with capture_logs() as logs:
        planes = TrackCache(tmp_path / "file").planes("key", SHAPE, Maker())
    np.testing.assert_array_equal(planes, rows())
    assert [entry["event"] for entry in logs] == ["avatar.cache_unusable"]


def test_a_full_disk_costs_memory_and_a_warning(tmp_path: Path) -> None:
    """In a process whose files may not grow: the kernel refuses in the middle of writing."""
    program = f"""
import resource, signal
from pathlib import Path
import numpy as np
from backend.avatar.packages.track_cache import TrackCache
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
shape = (10, 200, 300)
planes = TrackCache(Path({str(tmp_path)!r})).planes(
    "key", shape, lambda: (np.full(shape[1:], n, np.uint8) for n in range(10))
)
assert (planes == np.arange(10)[:, None, None]).all()
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "avatar.cache_unusable" in done.stdout + done.stderr
    assert [path.name for path in tmp_path.iterdir()] == [".planes.lock"]


def test_an_error_of_the_maker_is_its_own_and_leaves_nothing(tmp_path: Path) -> None:
    def broken() -> Iterator[np.ndarray]:
        yield rows()[0]
        raise ValueError("the third frame is missing")

    with pytest.raises(ValueError, match="third frame"):
        TrackCache(tmp_path).planes("key", SHAPE, broken)
    assert [path.name for path in tmp_path.iterdir()] == [".planes.lock"]


def test_what_was_not_used_for_longest_is_deleted(tmp_path: Path) -> None:
    size = int(np.prod(SHAPE)) + 16
    cache = TrackCache(tmp_path, limit_bytes=3 * size)
    for number in range(3):
        cache.planes(f"key{number}", SHAPE, Maker(number))
        [path] = tmp_path.glob(f"key{number}-*")
        os.utime(path, (number, number))
    cache.planes("key0", SHAPE, Maker())  # used again
    (tmp_path / ".part-abandoned").write_bytes(b"half")
    os.utime(tmp_path / ".part-abandoned", (0, 0))
    cache.planes("key3", SHAPE, Maker(3))
    left = {path.name.split("-")[0] for path in tmp_path.glob("*.planes")}
    assert left == {"key0", "key2", "key3"}
    assert not list(tmp_path.glob(".part-*"))


def test_what_was_used_a_moment_ago_is_spared(tmp_path: Path) -> None:
    cache = TrackCache(tmp_path, limit_bytes=1)
    clip = cache.file("clip.mp4", lambda path: path.write_bytes(b"a clip"))
    cache.planes("key", SHAPE, Maker())
    assert len(list(tmp_path.glob("*.planes"))) == 1 and clip.exists()
    os.utime(clip, (0, 0))
    cache.planes("other", SHAPE, Maker(1))
    assert len(list(tmp_path.glob("*.planes"))) == 2 and not clip.exists()


def test_what_is_deleted_while_it_is_opened_is_used_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache, maker = TrackCache(tmp_path), Maker()
    cache.planes("key", SHAPE, maker)

    def gone(path: Path) -> None:
        path.unlink()
        raise FileNotFoundError(path)

    monkeypatch.setattr(os, "utime", gone)
    np.testing.assert_array_equal(cache.planes("key", SHAPE, maker), rows())
    assert maker.asked == 1


def _race(folder: Path, made: Path, start: "multiprocessing.synchronize.Barrier") -> None:
    def make() -> Iterator[np.ndarray]:
        (made / str(os.getpid())).touch()
        yield from rows()

    start.wait()
    planes = TrackCache(folder).planes("key", SHAPE, make)
    assert (planes == rows()).all()


def test_of_several_processes_one_makes_it(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    folder, made, start = tmp_path / "cache", tmp_path / "made", context.Barrier(4)
    made.mkdir()
    racers = [context.Process(target=_race, args=(folder, made, start)) for _ in range(4)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    assert [racer.exitcode for racer in racers] == [0] * 4
    assert len(list(made.iterdir())) == 1


def test_a_file_is_made_once_and_counted(tmp_path: Path) -> None:
    cache, asked = TrackCache(tmp_path), []

    def make(path: Path) -> None:
        asked.append(path)
        path.write_bytes(b"a clip")

    for _ in range(2):
        assert cache.file("clip.mp4", make).read_bytes() == b"a clip"
    assert len(asked) == 1
    (tmp_path / "clip.mp4").unlink()
    assert cache.file("clip.mp4", make).exists()
    with pytest.raises(OSError, match="no folder"):
        TrackCache(None).file("clip.mp4", make)
