"""An avatar with three loops, moods and a matte, as a page finds it: listed, shown, spoken to."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import av
import httpx
import numpy as np
import pytest
from full_avatar import CLIP_LIFT, FRAMES, MOOD_BOX, SIZE, make_full_avatar, matte
from websockets.asyncio.client import connect

from tests.conftest import Serve
from tests.ws_client import WsClient


@pytest.fixture(scope="module")
def avatars(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shelf")
    make_full_avatar(folder)
    make_full_avatar(folder, "studio", has_matte=False)
    return folder


@asynccontextmanager
async def http(serve: Serve, avatars: Path, cache: Path | None) -> AsyncIterator[httpx.AsyncClient]:
    settings = {"dir": avatars, "cache_dir": cache}
    async with (
        serve(wait=False, avatar=settings) as base,
        httpx.AsyncClient(
            base_url=f"http://{base}", transport=httpx.AsyncHTTPTransport(retries=5), timeout=60
        ) as client,
    ):
        yield client


def made(cache: Path) -> list[Path]:
    return list(cache.glob("*.mp4"))


def pictures(data: bytes) -> list[np.ndarray]:
    with av.open(io.BytesIO(data)) as video:
        return [frame.to_ndarray(format="yuv420p") for frame in video.decode(video=0)]


async def test_avatars_are_listed_with_what_they_can_do(
    serve: Serve, avatars: Path, tmp_path: Path
) -> None:
    async with http(serve, avatars, tmp_path) as client:
        full, studio = (await client.get("/api/avatars")).json()
    assert full["look"] == "a blob before a wall"
    assert full["moods"] == ["calm", "happy", "sad"]
    assert full["clips"] == {clip: f"/avatars/full/{clip}.mp4" for clip in CLIP_LIFT}
    assert (full["alpha"], studio["alpha"]) == (True, False)


async def test_loops_are_kept_by_the_page_as_long_as_they_are_good(
    serve: Serve, avatars: Path, tmp_path: Path
) -> None:
    async with http(serve, avatars, tmp_path) as client:
        whole = await client.get("/avatars/full/thinking.mp4")
        assert whole.headers["content-type"] == "video/mp4"
        assert whole.headers["cache-control"] == "no-cache"
        known = {"If-None-Match": f'"other", {whole.headers["etag"]}'}
        again = await client.get("/avatars/full/thinking.mp4", headers=known)
        assert (again.status_code, again.content) == (304, b"")
        part = await client.get("/avatars/full/thinking.mp4", headers={"Range": "bytes=10-19"})
        assert (part.status_code, part.content) == (206, whole.content[10:20])


async def test_a_stacked_loop_is_made_once_and_carries_its_matte(
    serve: Serve, avatars: Path, tmp_path: Path
) -> None:
    async with http(serve, avatars, tmp_path) as client:
        url = "/avatars/full/listening.mp4?alpha=stacked"
        answers = await asyncio.gather(*(client.get(url) for _ in range(3)))
        assert {answer.status_code for answer in answers} == {200}
        assert len({answer.headers["etag"] for answer in answers}) == 1
        assert len(made(tmp_path)) == 1
        part = await client.get(url, headers={"Range": "bytes=0-99"})
        assert part.status_code == 206
    shown = pictures(answers[0].content)
    assert len(shown) == FRAMES and shown[0].shape == (SIZE * 9 // 4, SIZE)
    below = shown[5][SIZE : SIZE * 3 // 2].astype(int)
    assert np.abs(below[:, : SIZE // 2] - matte("listening")).mean() < 2
    assert np.abs(below[:, SIZE // 2 :] - 16).max() <= 2


async def test_what_is_not_for_the_page_is_not_served(
    serve: Serve, avatars: Path, tmp_path: Path
) -> None:
    async with http(serve, avatars, tmp_path) as client:
        for path in (
            "full/avatar.json",
            "full/matte.idle.mp4",
            "full/mood.happy.mp4",
            "full/plate.png",
            "full/poster.jpg?alpha=stacked",
            "studio/idle.mp4?alpha=stacked",
            "nobody/idle.mp4",
            "..%2ffull/idle.mp4",
        ):
            assert (await client.get(f"/avatars/{path}")).status_code == 404, path
        assert (await client.get("/avatars/full/idle.mp4?alpha=other")).status_code == 422


async def test_without_a_place_to_keep_it_a_stacked_loop_is_refused(
    serve: Serve, avatars: Path
) -> None:
    async with http(serve, avatars, None) as client:
        answer = await client.get("/avatars/full/idle.mp4?alpha=stacked")
        assert answer.status_code == 503
        assert "avatar.cache_dir" in answer.json()["error"]
        assert (await client.get("/avatars/full/idle.mp4")).status_code == 200


@pytest.mark.parametrize("alpha", [False, True])
async def test_a_reply_wears_its_mood_and_its_matte(
    serve: Serve, avatars: Path, tmp_path: Path, alpha: bool
) -> None:
    settings = {"dir": avatars, "cache_dir": tmp_path, "default": "full", "crf": 8}
    async with serve(avatar=settings) as base, connect(f"ws://{base}/ws/new") as socket:
        client = WsClient(socket)
        video = {"container": "fmp4", "chunking": "sentence", "alpha": alpha}
        await client.send("hello", video=video)
        ready = await client.until("session_ready")
        assert {"alpha", "moods"} <= set(ready["capabilities"])
        assert ready["avatar"]["clips"].keys() == CLIP_LIFT.keys()
        await client.send("idle_position", position_ms=0, clip="thinking")
        await client.send("say", text="It is a fine day, and all is well here.", emotion="happy")
        await client.until("turn_end")
    metas = [meta for meta, _ in client.media]
    assert {meta["emotion"] for meta in metas} == {"happy"}
    assert {(meta["width"], meta["height"]) for meta in metas} == {
        (SIZE, SIZE * 3 // 2 if alpha else SIZE)
    }
    shown = pictures(b"".join(data for _, data in client.media))
    x0, y0, x1, _ = MOOD_BOX
    brow = np.array([p[y0 + 14 : y0 + 24, x0 + 20 : x1 - 20].mean() for p in shown])
    corner = np.array([p[60:90, 2:10].mean() for p in shown])
    assert brow[len(brow) // 2] - brow[-1] > 25, "it is brighter in its mood"
    assert corner[-1] - corner[0] > 5, "it begins as it thinks"
