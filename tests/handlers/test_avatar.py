"""The avatar stage on a real engine with a real worker and a tiny net."""

import asyncio
import io
import shutil
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
import pytest_asyncio
from face_samples import FRAMES, SIZE, make_avatar, make_halves, speech

from backend.avatar.renderer import AboutRenderer
from backend.config import AvatarSettings, Settings
from backend.engine.local import LocalEngine
from backend.errors import ModelFileError, ProviderError, ProviderTimeout, UnknownAvatar
from backend.handlers.avatar.lipsync import LipSyncAvatar
from backend.handlers.base import Context, Options, Weights
from backend.handlers.messages import Sentence, SpokenAudio, Stamp, VideoChunk
from backend.protocol import Container, VideoFormat

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("stage")
    make_avatar(root / "avatars", "anna")
    make_avatar(root / "avatars", "bert", frames=5)
    make_halves(root / "tiny.onnx")
    return root


@pytest.fixture
def context(folder: Path, engine: LocalEngine) -> Context:
    avatar = AvatarSettings(
        dir=folder / "avatars", model=folder / "tiny.onnx", cache_dir=folder / "cache"
    )
    return Context("session", Settings(avatar=avatar), engine, Weights())


@pytest_asyncio.fixture(loop_scope="module")
async def stage(context: Context) -> AsyncIterator[LipSyncAvatar]:
    stage = LipSyncAvatar(context)
    await stage.initialize()
    yield stage
    await stage.release()


def spoken(pcm: np.ndarray, index: int = 0, *, is_last: bool = True, reply: int = 1) -> SpokenAudio:
    stamp = Stamp("session", reply)
    sentence = Sentence(stamp, index, "Hello.", "Hello.", "en")
    return SpokenAudio(stamp, sentence, pcm, is_last)


async def draw(stage: LipSyncAvatar, *runs: SpokenAudio) -> list[VideoChunk]:
    return [chunk for run in runs async for chunk in stage.process(run)]


def frames_of(chunk: VideoChunk) -> int:
    with av.open(io.BytesIO(chunk.data)) as video:
        return sum(1 for _ in video.decode(video=0))


async def test_each_sentence_gives_one_chunk_after_its_last_run(stage: LipSyncAvatar) -> None:
    pcm = speech(1.0)
    assert await draw(stage, spoken(pcm[:9000], is_last=False)) == []
    first = spoken(pcm[9000:])
    [chunk] = await draw(stage, first)
    assert (chunk.stamp, chunk.sentence) == (first.stamp, first.sentence)
    assert (chunk.part, chunk.is_last, chunk.container) == (0, True, "mp4")
    assert (chunk.width, chunk.height, chunk.fps) == (SIZE, SIZE, 25)
    assert chunk.frames == frames_of(chunk) >= 25
    [second] = await draw(stage, spoken(pcm, 1))
    assert second.sentence.index == 1


async def test_an_empty_last_run_ends_the_sentence(stage: LipSyncAvatar) -> None:
    empty = np.empty(0, np.int16)
    [chunk] = await draw(stage, spoken(speech(0.5), is_last=False), spoken(empty))
    assert chunk.frames >= 12
    assert await draw(stage, spoken(empty, 1)) == []


async def test_it_says_which_net_draws(stage: LipSyncAvatar) -> None:
    assert stage.active == "tiny"


async def test_a_cancelled_sentence_leaves_nothing_behind(stage: LipSyncAvatar) -> None:
    [alone] = await draw(stage, spoken(speech(0.5)))
    task = asyncio.create_task(draw(stage, spoken(speech(20.0), 1)))
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    [after] = await draw(stage, spoken(speech(0.5), 2))
    assert after.frames == alone.frames


async def test_closing_the_stream_early_stops_it(stage: LipSyncAvatar) -> None:
    async with aclosing(stage.process(spoken(speech(0.3)))) as chunks:
        await anext(chunks)
    assert len(await draw(stage, spoken(speech(0.3), 1))) == 1


async def test_another_avatar_takes_over_at_the_next_sentence(
    stage: LipSyncAvatar, engine: LocalEngine
) -> None:
    run = spoken(speech(0.5), is_last=False)
    await draw(stage, run)
    await stage.reconfigure(Options(avatar="bert"))
    assert len(await draw(stage, spoken(speech(0.5)))) == 1
    assert stage._studio.about.loop_frames == FRAMES
    await draw(stage, spoken(speech(0.5), 1))
    assert stage._studio.about.avatar == "bert"
    assert engine.status()["actors"] == 1


@pytest.mark.parametrize("container", ["mp4", "fmp4"])
async def test_a_reply_in_progressive_chunks(stage: LipSyncAvatar, container: Container) -> None:
    await stage.reconfigure(Options(video=VideoFormat(container=container, chunking="progressive")))
    stage.begin_at(FRAMES + 4, "idle")
    chunks = [chunk for n in range(2) for chunk in await draw(stage, spoken(speech(2.1), n))]
    assert [(c.sentence.index, c.part, c.is_last) for c in chunks[:4]] == [
        *((0, 0, False), (0, 1, False), (0, 2, False), (0, 3, True))
    ]
    assert [chunk.frames for chunk in chunks[:3]] == [8, 16, 24]
    assert [chunk.is_last for chunk in chunks if chunk.sentence.index == 1][-1]
    assert chunks[0].first_frame == 4
    shown = 0
    for chunk in chunks:
        assert chunk.container == container
        assert chunk.first_frame == (4 + shown) % FRAMES
        assert chunk.start_ms == shown * 40
        shown += chunk.frames
    begins = [chunk.data[4:8] for chunk in chunks]
    if container == "mp4":
        assert [frames_of(chunk) for chunk in chunks] == [chunk.frames for chunk in chunks]
    else:
        assert begins == [b"ftyp"] + [b"moof"] * (len(chunks) - 1)
        whole = replace(chunks[0], data=b"".join(chunk.data for chunk in chunks))
        assert frames_of(whole) == shown


async def test_chunks_come_while_the_sentence_is_still_being_spoken(stage: LipSyncAvatar) -> None:
    await stage.reconfigure(Options(video=VideoFormat(chunking="progressive")))
    [first] = await draw(stage, spoken(speech(0.8), is_last=False))
    assert (first.frames, first.is_last) == (8, False)
    *_, last = await draw(stage, spoken(np.empty(0, np.int16)))
    assert last.is_last


async def test_each_reply_is_a_stream_of_its_own(stage: LipSyncAvatar) -> None:
    await stage.reconfigure(Options(video=VideoFormat(container="fmp4")))
    replies = [await draw(stage, spoken(speech(0.4), reply=reply)) for reply in (1, 2)]
    for [chunk] in replies:
        assert (chunk.data[4:8], chunk.start_ms) == (b"ftyp", 0)


async def test_speech_begins_at_the_frame_on_show_and_goes_on_from_there(
    stage: LipSyncAvatar,
) -> None:
    assert (stage.fps, stage.loop_frames) == (25, FRAMES)
    stage.begin_at(7, "idle")
    [first] = await draw(stage, spoken(speech(0.3)))
    [second] = await draw(stage, spoken(speech(0.3), 1))
    assert (first.first_frame, second.first_frame) == (7, (7 + first.frames) % FRAMES)


async def test_a_face_that_is_deleted_is_still_known_while_it_is_shown(
    stage: LipSyncAvatar, folder: Path
) -> None:
    gone = make_avatar(folder / "avatars", "gone", frames=5)
    await stage.reconfigure(Options(avatar="gone"))
    await draw(stage, spoken(speech(0.3)))
    shutil.rmtree(gone)
    assert (stage.fps, stage.loop_frames) == (25, 5)
    await stage.reconfigure(Options(avatar="anna"))
    assert stage.loop_frames == FRAMES


async def test_a_face_that_is_made_anew_is_drawn_from_the_next_sentence_on(
    stage: LipSyncAvatar, folder: Path
) -> None:
    before = make_avatar(folder / "avatars", "remade", frames=5)
    await stage.reconfigure(Options(avatar="remade"))
    await draw(stage, spoken(speech(0.3)))
    actor = stage._studio.actor
    await draw(stage, spoken(speech(0.3), 1))
    assert stage._studio.actor is actor
    shutil.rmtree(before)
    make_avatar(folder / "avatars", "remade", frames=7)
    await draw(stage, spoken(speech(0.3), 2))
    assert stage.loop_frames == 7
    shutil.rmtree(before)


async def test_a_stream_begins_anew_after_its_worker_but_its_time_goes_on(
    stage: LipSyncAvatar, engine: LocalEngine
) -> None:
    await stage.reconfigure(Options(video=VideoFormat(container="fmp4")))
    [first] = await draw(stage, spoken(speech(0.4)))
    engine._links[0].process.kill()
    [second] = await draw(stage, spoken(speech(0.4), 1))
    assert second.data[4:8] == b"ftyp"
    assert second.start_ms == first.frames * 40
    assert second.first_frame == first.frames % FRAMES


async def test_a_worker_that_died_between_two_replies_costs_neither(
    stage: LipSyncAvatar, engine: LocalEngine
) -> None:
    await draw(stage, spoken(speech(0.3)))
    worker = engine._links[0]
    worker.process.kill()
    await worker.process.wait()
    assert len(await draw(stage, spoken(speech(0.3), reply=2))) == 1


async def test_a_dead_worker_fails_this_sentence_and_not_the_next(
    stage: LipSyncAvatar, engine: LocalEngine
) -> None:
    await draw(stage, spoken(speech(0.5), is_last=False))
    engine._links[0].process.kill()
    with pytest.raises(ProviderError) as caught:
        await draw(stage, spoken(speech(2.0)))
    assert caught.value.component == "avatar"
    with pytest.raises(ProviderError):
        await draw(stage, spoken(speech(0.5)))
    assert len(await draw(stage, spoken(speech(0.5), 1))) == 1


async def test_release_gives_the_worker_back(stage: LipSyncAvatar, engine: LocalEngine) -> None:
    assert engine.status()["actors"] == 1
    await stage.release()
    await stage.release()
    assert engine.status()["actors"] == 0
    assert len(await draw(stage, spoken(speech(0.3)))) == 1


async def test_what_is_missing_is_said_at_the_start(context: Context, folder: Path) -> None:
    with pytest.raises(UnknownAvatar, match="Installed: anna, bert"):
        await LipSyncAvatar(replace(context, options=Options(avatar="carl"))).initialize()
    avatar = AvatarSettings(dir=folder / "avatars", model=folder / "none.onnx", cache_dir=None)
    with pytest.raises(ModelFileError, match=r"none\.onnx"):
        await LipSyncAvatar(replace(context, settings=Settings(avatar=avatar))).initialize()


async def test_two_sessions_on_one_worker_do_not_mix(context: Context) -> None:
    stages = [LipSyncAvatar(context), LipSyncAvatar(replace(context, session_id="other"))]
    lengths = [0.8, 1.9]
    runs = [spoken(speech(length)) for length in lengths]
    results = await asyncio.gather(*(draw(s, r) for s, r in zip(stages, runs, strict=True)))
    frames = [chunk.frames for [chunk] in results]
    assert frames[0] < 30 < 45 < frames[1]
    for stage in stages:
        await stage.release()


class BusyWorker:
    """An engine and the only actor in it, which never answers."""

    def __init__(self) -> None:
        self.is_asked = asyncio.Event()
        self.is_closed = False

    async def spawn(self, *_: object) -> "BusyWorker":
        return self

    async def call(self, *_: object) -> None:
        self.is_asked.set()
        await asyncio.Event().wait()

    async def close(self) -> None:
        self.is_closed = True


async def test_moving_in_that_is_broken_off_leaves_no_renderer_behind(context: Context) -> None:
    worker = BusyWorker()
    stage = LipSyncAvatar(replace(context, engine=worker))
    moving_in = asyncio.create_task(stage.initialize())
    await worker.is_asked.wait()
    moving_in.cancel()
    await asyncio.gather(moving_in, return_exceptions=True)
    assert worker.is_closed


async def test_a_picture_that_does_not_come_is_a_timeout(context: Context, folder: Path) -> None:
    class Hung(BusyWorker):
        async def call(self, method: str, *args: object) -> object:
            if method == "about":
                return AboutRenderer("tiny", "anna", SIZE, SIZE, 25, FRAMES)
            return await super().call(method, *args)

    worker = Hung()
    avatar = AvatarSettings(dir=folder / "avatars", model=folder / "tiny.onnx", timeout_s=0.05)
    stage = LipSyncAvatar(replace(context, engine=worker, settings=Settings(avatar=avatar)))
    with pytest.raises(ProviderTimeout, match=r"no picture within 0\.05 s"):
        await draw(stage, spoken(speech(1.0)))
    assert worker.is_closed
    with pytest.raises(ProviderError, match="lost in the middle"):
        await draw(stage, spoken(speech(1.0)))
