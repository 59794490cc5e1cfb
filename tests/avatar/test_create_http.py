"""Making avatars over the network, with a finder that knows one face, and with the real one."""

from __future__ import annotations

import asyncio
import struct
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import cv2
import httpx
import psutil
import pytest

from backend.avatar.mouths.template import load_template
from backend.avatar.packages.package import AvatarPackage
from backend.avatar.packages.track_cache import TrackCache
from backend.config import AvatarSettings
from tests.avatar.faces import NORA, POSTER, write_finder
from tests.conftest import Serve

# What makes avatars is nice to whatever else runs here, and may then take ten times as long.
pytestmark = pytest.mark.timeout(400)
PATIENCE_S = 320

FACES = AvatarSettings().finder_python
PHOTO = POSTER.read_bytes()
FILM = (NORA / "idle.mp4").read_bytes()


@pytest.fixture
def avatars(tmp_path: Path) -> Path:
    """A folder with one avatar, which came with the service."""
    folder = tmp_path / "avatars"
    folder.mkdir()
    (folder / "nora").symlink_to(NORA)
    return folder


@pytest.fixture
def finder(tmp_path: Path) -> Path:
    """Does not answer while `hold` is there."""
    return write_finder(tmp_path)


@asynccontextmanager
async def http(
    serve: Serve, avatars: Path, finder: Path, **options: object
) -> AsyncIterator[httpx.AsyncClient]:
    settings = {"dir": avatars, "finder_python": finder, **options}
    async with (
        serve(wait=False, avatar=settings) as base,
        httpx.AsyncClient(
            base_url=f"http://{base}",
            transport=httpx.AsyncHTTPTransport(retries=5),
            timeout=60,
        ) as client,
    ):
        yield client


async def hand_in(client: httpx.AsyncClient, content: bytes, name: str = "Anna") -> str:
    answer = await client.post("/api/avatars", params={"name": name}, content=content)
    assert answer.status_code == 202, answer.text
    job: str = answer.json()["job"]
    return job


async def outcome(client: httpx.AsyncClient, job: str) -> list[dict[str, object]]:
    """All that was said about a job, the last being its end."""
    said: list[dict[str, object]] = []
    async with asyncio.timeout(PATIENCE_S):
        while not said or said[-1]["state"] == "working":
            number = said[-1]["number"] if said else -1
            answer = await client.get(f"/api/avatar-jobs/{job}", params={"after": number})
            assert answer.status_code == 200, answer.text
            said.append(answer.json())
    return said


async def begun(client: httpx.AsyncClient, job: str) -> None:
    """Until something was said about it."""
    async with asyncio.timeout(PATIENCE_S):
        while not (await client.get(f"/api/avatar-jobs/{job}?after=0")).json()["number"]:
            pass


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def test_a_photo_becomes_an_avatar_that_is_listed_and_deleted(
    serve: Serve, avatars: Path, finder: Path, tmp_path: Path
) -> None:
    async with http(serve, avatars, finder, cache_dir=tmp_path / "cache") as client:
        assert (await client.get("/api/avatars/creation")).json()["allowed"]
        said = await outcome(client, await hand_in(client, PHOTO, "  小雅\n "))
        assert said[-1]["state"] == "done" and said[-1]["avatar"] == "face"
        numbers = [one["number"] for one in said]
        assert numbers == sorted(set(numbers))
        listed = {one["id"]: one for one in (await client.get("/api/avatars")).json()}
        assert listed["face"]["name"] == "小雅"
        assert (await client.get(listed["face"]["poster_url"])).status_code == 200
        package = AvatarPackage.load(avatars / "face")
        load_template(package, TrackCache(tmp_path / "cache"))
        of_its_length = f"*-{package.card.frames}x*.planes"
        assert list((tmp_path / "cache").glob(of_its_length))
        assert (await client.delete("/api/avatars/face")).status_code == 204
        assert not list((tmp_path / "cache").glob(of_its_length))
        assert [one["id"] for one in (await client.get("/api/avatars")).json()] == ["nora"]
        assert left(avatars) == ["nora"]


async def test_only_what_people_made_can_be_deleted(
    serve: Serve, avatars: Path, finder: Path
) -> None:
    async with http(serve, avatars, finder) as client:
        kept = await client.delete("/api/avatars/nora")
        assert kept.status_code == 403 and "by hand" in kept.json()["error"]
        for unknown in ("nobody", "..%2fnora", ".", "x" * 200):
            assert (await client.delete(f"/api/avatars/{unknown}")).status_code in (404, 405)
        assert left(avatars) == ["nora"]


async def test_one_at_a_time_and_a_cancelled_one_leaves_nothing(
    serve: Serve, avatars: Path, finder: Path, tmp_path: Path
) -> None:
    (tmp_path / "hold").touch()
    async with http(serve, avatars, finder) as client:
        job = await hand_in(client, PHOTO)
        busy = await client.post("/api/avatars", params={"name": "Bo"}, content=b"\xff\xd8\xff")
        assert (busy.status_code, busy.json()["code"]) == (409, "creation_busy")
        await begun(client, job)
        [program] = [p for p in psutil.Process().children() if "program" in " ".join(p.cmdline())]
        assert program.nice() >= 10
        assert (await client.delete(f"/api/avatar-jobs/{job}")).status_code == 204
        assert not program.is_running()
        assert (await outcome(client, job))[-1]["state"] == "cancelled"
        assert (await client.delete(f"/api/avatar-jobs/{job}")).status_code == 204
        assert left(avatars) == ["nora"]
        (tmp_path / "hold").unlink()
        assert (await outcome(client, await hand_in(client, PHOTO)))[-1]["state"] == "done"


async def test_a_service_that_stops_takes_its_work_along(
    serve: Serve, avatars: Path, finder: Path, tmp_path: Path
) -> None:
    (tmp_path / "hold").touch()
    async with http(serve, avatars, finder) as client:
        await hand_in(client, PHOTO)
    children = [" ".join(child.cmdline()) for child in psutil.Process().children()]
    assert not any("avatar.create.program" in line for line in children)
    assert left(avatars) == ["nora"]


async def test_what_takes_too_long_is_ended(
    serve: Serve, avatars: Path, finder: Path, tmp_path: Path
) -> None:
    (tmp_path / "hold").touch()
    async with http(serve, avatars, finder, creation_timeout_s=0.2) as client:
        said = await outcome(client, await hand_in(client, PHOTO))
        assert said[-1]["code"] == "too_slow"


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"", 415, "unreadable"),
        (b"a letter to the editor", 415, "unreadable"),
        (b"PK\x03\x04" + bytes(100), 415, "unreadable"),
        (b"\xff\xd8\xff" + bytes(1_000_001), 413, "source_too_large"),
    ],
)
async def test_uploads_that_are_refused_at_the_door(
    serve: Serve, avatars: Path, finder: Path, content: bytes, status: int, code: str
) -> None:
    async with http(serve, avatars, finder, creation_max_mb=1) as client:
        answer = await client.post("/api/avatars", params={"name": "Anna"}, content=content)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert answer.json()["error"]
        for name in ("", "x" * 41, "\n"):
            answer = await client.post("/api/avatars", params={"name": name}, content=content)
            assert answer.json()["code"] == "bad_name"


def png_of(width: int, height: int) -> bytes:
    """A few bytes that unfold into as many pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        sealed = kind + data
        return struct.pack(">I", len(data)) + sealed + struct.pack(">I", zlib.crc32(sealed))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress(bytes(1 + 3 * width) * 8, 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (png_of(30_000, 30_000), "source_too_large"),
        (PHOTO[:600], "unreadable"),
        (FILM[:2000], "unreadable"),
        (b"\0\0\0\x18ftypmp42" + bytes(500), "unreadable"),
    ],
)
async def test_uploads_that_are_not_what_they_say(
    serve: Serve, avatars: Path, finder: Path, content: bytes, code: str
) -> None:
    async with http(serve, avatars, finder) as client:
        said = await outcome(client, await hand_in(client, content))
        assert (said[-1]["state"], said[-1]["code"]) == ("refused", code)
        assert "/" not in str(said[-1]["message"])
        assert left(avatars) == ["nora"]


async def test_an_upload_that_breaks_off_frees_the_place(
    serve: Serve, avatars: Path, finder: Path
) -> None:
    async with http(serve, avatars, finder) as client:
        to = (client.base_url.host, client.base_url.port)
        reader, writer = await asyncio.open_connection(*to)
        with closing(writer):
            head = (
                "POST /api/avatars?name=A HTTP/1.1\r\nHost: localhost\r\n"
                "Content-Length: 5000\r\nExpect: 100-continue\r\n\r\n"
            )
            writer.write(head.encode())
            async with asyncio.timeout(30):  # until it reads the body
                assert await reader.readline() == b"HTTP/1.1 100 Continue\r\n"
            writer.write(PHOTO[:1000])
            busy = await client.post("/api/avatars?name=B", content=b"x")
            assert busy.status_code == 409
        async with asyncio.timeout(30):
            while (await client.post("/api/avatars?name=B", content=b"x")).status_code == 409:
                pass
        assert (await outcome(client, await hand_in(client, PHOTO)))[-1]["state"] == "done"


async def test_who_may_not_is_told_why(serve: Serve, avatars: Path, finder: Path) -> None:
    async with http(serve, avatars, finder, creation="off") as client:
        said = (await client.get("/api/avatars/creation")).json()
        assert (said["allowed"], said["code"]) == (False, "creation_off")
        for method, path in (("POST", "/api/avatars?name=A"), ("DELETE", "/api/avatars/nora")):
            answer = await client.request(method, path)
            assert (answer.status_code, answer.json()["code"]) == (403, "creation_off")
    async with http(serve, avatars, finder) as client:
        foreign = {"origin": "https://elsewhere.example"}
        answer = await client.post("/api/avatars?name=A", content=b"x", headers=foreign)
        assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")


async def test_without_a_finder_the_page_is_told_what_to_run(
    serve: Serve, avatars: Path, tmp_path: Path
) -> None:
    async with http(serve, avatars, tmp_path / "nothing") as client:
        said = (await client.get("/api/avatars/creation")).json()
        assert (said["allowed"], said["code"]) == (False, "no_finder")
        answer = await client.post("/api/avatars?name=A", content=PHOTO)
        assert answer.status_code == 503 and "make face-finder" in answer.json()["error"]


async def test_a_finder_that_fails_ends_the_job(
    serve: Serve, avatars: Path, tmp_path: Path
) -> None:
    broken = tmp_path / "broken"
    broken.write_text("#!/bin/sh\necho out of order >&2\nexit 3\n")
    broken.chmod(0o755)
    async with http(serve, avatars, broken) as client:
        said = await outcome(client, await hand_in(client, PHOTO))
        assert said[-1]["code"] == "no_finder" and "out of order" in str(said[-1]["message"])


@pytest.mark.skipif(
    not FACES.is_file(), reason="the face finder is not installed: make face-finder"
)
@pytest.mark.parametrize("source", [PHOTO, FILM], ids=["photo", "video"])
async def test_with_the_real_finder(serve: Serve, avatars: Path, source: bytes) -> None:
    async with http(serve, avatars, FACES) as client:
        said = await outcome(client, await hand_in(client, source))
        assert (said[-1]["state"], said[-1]["avatar"]) == ("done", "anna")
        steps = list(dict.fromkeys(one["step"] for one in said))
        assert steps[0] == "find" and "mark" in steps
        blurred = await outcome(client, await hand_in(client, blurred_photo(), "Bo"))
        assert blurred[-1]["code"] == "blurred"


def blurred_photo() -> bytes:
    soft = cv2.GaussianBlur(cv2.imread(str(POSTER)), (0, 0), 3)
    return bytes(cv2.imencode(".jpg", soft)[1])
