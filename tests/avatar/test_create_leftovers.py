"""Whatever ends the making of an avatar, nobody's picture stays behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import httpx
import pytest

from backend.avatar.create.atelier import Atelier
from backend.avatar.create.workplace import GOING, MAKING, UPLOAD, Workplace, sweep, workshop
from backend.config import AvatarSettings
from tests.avatar.faces import POSTER, write_finder
from tests.conftest import Serve

AT_WORK = """
import sys
from pathlib import Path
from backend.avatar.create.workplace import UPLOAD, Workplace, workshop
upload = Workplace(UPLOAD)
(upload.path / "upload.jpg").write_bytes(b"a face")
with workshop(Path(sys.argv[1])) as place:
    (place / "anna").mkdir()
    (place / "anna" / "poster.jpg").write_bytes(b"a face")
    print("working", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The system's folder of temporary files, for this test and what it starts."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.setenv("TMPDIR", str(folder))
    return folder


@pytest.fixture
def avatars(tmp_path: Path) -> Path:
    folder = tmp_path / "avatars"
    folder.mkdir()
    return folder


def left(*folders: Path) -> list[Path]:
    return [path for folder in folders for path in folder.iterdir()]


async def photo() -> AsyncIterator[bytes]:
    yield POSTER.read_bytes()


def test_what_is_worked_on_stays_and_what_a_killed_process_left_goes(
    temporary: Path, avatars: Path
) -> None:
    command = [sys.executable, "-c", AT_WORK, str(avatars)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe) as at_work:
        assert at_work.stdout is not None
        assert at_work.stdout.readline() == b"working\n"
        sweep(avatars)
        assert len(left(temporary, avatars)) == 2
        os.kill(at_work.pid, signal.SIGKILL)
        at_work.wait()
    assert len(left(temporary, avatars)) == 2
    sweep(avatars)
    assert not left(temporary, avatars)


def test_nothing_else_is_swept(temporary: Path, avatars: Path) -> None:
    (avatars / "anna").mkdir()
    (temporary / "somebody-elses").mkdir()
    (avatars / f"{MAKING}link").symlink_to(avatars / "anna")
    own = Workplace(UPLOAD)
    with workshop(avatars) as place:
        sweep(avatars)
        assert own.path.is_dir() and place.is_dir()
    own.clear()
    assert {path.name for path in left(temporary, avatars)} == {
        "anna",
        "somebody-elses",
        f"{MAKING}link",
    }
    sweep(avatars / "nowhere")


def test_a_sweep_while_somebody_begins_takes_nothing_away(temporary: Path, avatars: Path) -> None:
    is_over = Event()

    def sweeps() -> None:
        while not is_over.is_set():
            sweep(avatars)

    with ThreadPoolExecutor(1) as pool:
        sweeping = pool.submit(sweeps)
        try:
            for _ in range(300):
                own = Workplace(UPLOAD)
                assert own.path.is_dir()
                own.clear()
        finally:
            is_over.set()
        sweeping.result()


async def test_a_service_sweeps_before_it_begins(
    serve: Serve, temporary: Path, avatars: Path
) -> None:
    places = (temporary / f"{UPLOAD}1", avatars / f"{MAKING}1", avatars / f"{GOING}1")
    for place in places:
        place.mkdir()
        (place / "poster.jpg").write_bytes(b"a face")
    async with (
        serve(wait=False, avatar={"dir": avatars}) as base,
        httpx.AsyncClient(base_url=f"http://{base}", timeout=60) as client,
    ):
        assert (await client.get("/health")).status_code == 200
        swept = {path.name for path in places} - {path.name for path in left(temporary, avatars)}
    assert len(swept) == len(places)


async def test_a_shelf_that_cannot_be_used_refuses_at_once_and_blocks_nobody(
    temporary: Path, tmp_path: Path
) -> None:
    unusable = tmp_path / ("x" * 300)  # no file system takes such a name
    atelier = Atelier(AvatarSettings(dir=unusable, finder_python=write_finder(tmp_path)))
    for _ in range(2):
        with pytest.raises(OSError, match="too long"):
            await atelier.take("Anna", photo())
    assert not left(temporary)


async def test_who_asks_for_a_job_with_any_letters_is_answered(
    temporary: Path, avatars: Path, tmp_path: Path
) -> None:
    (tmp_path / "hold").touch()
    atelier = Atelier(AvatarSettings(dir=avatars, finder_python=write_finder(tmp_path)))
    job = await atelier.take("Anna", photo())
    assert atelier.find(job.id) is job
    assert atelier.find("小雅") is None
    await atelier.cancel()
    assert not left(temporary, avatars)
